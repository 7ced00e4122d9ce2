// What WeChat's developer tools refuse of a mini-program's files, by the reference of its configuration
// (developers.weixin.qq.com, 小程序配置), for projects of the size of an example.

import { existsSync, readFileSync, statSync } from "node:fs";
import { dirname, join, normalize } from "node:path";

const text = (value) => typeof value === "string" && value.length > 0;
const yes = (value) => typeof value === "boolean";
const whole = (value) => Number.isInteger(value) && value >= 0;
const color = (value) => /^#[0-9a-f]{6}$/i.test(value);
const either = (...values) => Object.assign((value) => values.includes(value), { values });
const object = (value) => typeof value === "object" && value !== null && !Array.isArray(value);
const list = (value) => Array.isArray(value) && value.length > 0;

/** What a page's own file and the `window` of all pages have in common. */
const WINDOW = {
  navigationBarBackgroundColor: color,
  navigationBarTextStyle: either("black", "white"),
  navigationBarTitleText: (value) => typeof value === "string",
  navigationStyle: either("default", "custom"),
  homeButton: yes,
  backgroundColor: color,
  backgroundColorContent: color,
  backgroundColorTop: color,
  backgroundColorBottom: color,
  backgroundTextStyle: either("dark", "light"),
  enablePullDownRefresh: yes,
  onReachBottomDistance: whole,
  pageOrientation: either("auto", "portrait", "landscape"),
  visualEffectInBackground: either("none", "hidden"),
  initialRenderingCache: either("static", "dynamic"),
};
const PAGE = { ...WINDOW, component: yes, usingComponents: object, componentPlaceholder: object, disableScroll: yes, styleIsolation: text };
const APP = {
  pages: list,
  entryPagePath: text,
  window: object,
  tabBar: object,
  style: either("v2"),
  sitemapLocation: text,
  usingComponents: object,
  networkTimeout: object,
  debug: yes,
  permission: object,
  requiredPrivateInfos: list,
  requiredBackgroundModes: list,
  lazyCodeLoading: either("requiredComponents"),
  darkmode: yes,
  themeLocation: text,
  resizable: yes,
  subPackages: Array.isArray,
  subpackages: Array.isArray,
};
const TAB_BAR = { color, selectedColor: color, backgroundColor: color, borderStyle: either("black", "white"), list, position: either("bottom", "top"), custom: yes };
const TAB = { pagePath: text, text, iconPath: text, selectedIconPath: text };
const PROJECT = {
  appid: (value) => value === "touristappid" || /^wx[0-9a-f]{16}$/.test(value),
  compileType: either("miniprogram"),
  description: text,
  projectname: (value) => text(value) && !/[/\\:*?"<>|]/.test(value),
  miniprogramRoot: text,
  libVersion: (value) => /^(\d+\.\d+\.\d+|latest|trial|)$/.test(value),
  setting: object,
  packOptions: object,
  condition: object,
  editorSetting: object,
  simulatorPluginLibVersion: object,
};
const IGNORED = { type: either("file", "folder", "suffix", "prefix", "regexp", "glob"), value: text };
const RULE = { action: either("allow", "disallow"), page: text, params: list, matching: text, priority: whole };

/** So large may the icon of a tab be, in bytes. */
const LARGEST_ICON = 40 * 1024;

/** What is wrong with the project in folder `root`, in sentences; `changed` files are read from there instead. */
export function faultsOf(root, changed = {}) {
  return new Project(root, changed).faults;
}

class Project {
  faults = [];
  #root;
  #changed;

  constructor(root, changed) {
    this.#root = root;
    this.#changed = changed;
    const { miniprogramRoot = "./", packOptions, setting = {} } = this.#checked("project.config.json", PROJECT, ["appid", "compileType"]);
    if (normalize(miniprogramRoot) !== "./") this.#says("project.config.json", "its miniprogramRoot is elsewhere");
    for (const [name, value] of Object.entries(setting)) {
      if (!yes(value) && !object(value) && !Array.isArray(value)) this.#says("project.config.json", `setting.${name} is ${JSON.stringify(value)}`);
    }
    for (const it of packOptions?.ignore ?? []) this.#matches("project.config.json", it, IGNORED, ["type", "value"]);
    this.#app();
  }

  #app() {
    const { pages = [], window = {}, tabBar, sitemapLocation, usingComponents } = this.#checked("app.json", APP, ["pages"]);
    this.#matches("app.json", window, WINDOW);
    this.#components("app", usingComponents);
    if (new Set(pages).size < pages.length) this.#says("app.json", "a page is there twice");
    for (const page of pages) this.#page(page);
    if (tabBar) this.#tabBar(tabBar, pages);
    if (sitemapLocation) {
      const { rules } = this.#checked(sitemapLocation, { rules: list, desc: text }, ["rules"]);
      for (const rule of rules ?? []) this.#matches(sitemapLocation, rule, RULE, ["action", "page"]);
    }
  }

  #tabBar(tabBar, pages) {
    this.#matches("app.json", tabBar, TAB_BAR, ["color", "selectedColor", "backgroundColor", "list"]);
    const { list: tabs = [] } = tabBar;
    if (tabs.length < 2 || tabs.length > 5) this.#says("app.json", `a tab bar has two to five tabs, and not ${tabs.length}`);
    for (const tab of tabs) {
      this.#matches("app.json", tab, TAB, ["pagePath", "text"]);
      if (!pages.includes(tab.pagePath)) this.#says("app.json", `the tab ${tab.pagePath} is no page`);
      for (const icon of [tab.iconPath, tab.selectedIconPath].filter(Boolean)) {
        if (!this.#has(icon)) this.#says("app.json", `${icon} is missing`);
        else if (statSync(join(this.#root, icon)).size > LARGEST_ICON) this.#says("app.json", `${icon} is too large`);
      }
    }
  }

  #page(page) {
    if (!/^\w[\w/-]*$/.test(page)) return this.#says("app.json", `${page} is no path of a page`);
    for (const kind of ["js", "wxml"]) if (!this.#has(`${page}.${kind}`)) this.#says(page, `its ${kind} is missing`);
    if (this.#has(`${page}.json`)) this.#components(page, this.#checked(`${page}.json`, PAGE).usingComponents);
    if (this.#has(`${page}.wxml`)) this.#markup(page);
  }

  /** What a page's markup names is there: scripts, pictures and templates, the page's own functions, and keys in lists. */
  #markup(page) {
    const wxml = this.#read(`${page}.wxml`);
    for (const [, src] of wxml.matchAll(/\ssrc="([^"{:]+)"/g)) {
      if (!this.#has(src.startsWith("/") ? src.slice(1) : join(dirname(page), src))) this.#says(page, `${src} is missing`);
    }
    const js = this.#has(`${page}.js`) ? this.#read(`${page}.js`) : "";
    for (const [, handler] of wxml.matchAll(/\s(?:capture-)?(?:bind|catch|mut-bind):?\w+="([^"{]+)"/g)) {
      // What begins so is of uni-app's runtime.
      if (!handler.startsWith("__") && !new RegExp(`\\b${handler}\\b`).test(js)) this.#says(page, `there is no function ${handler}`);
    }
    for (const [tag] of wxml.matchAll(/<[\w-]+[^>]*\swx:for=[^>]*>/g)) {
      if (!/\swx:key=/.test(tag)) this.#says(page, `a list has no wx:key: ${tag.replace(/\s+/g, " ")}`);
    }
  }

  /** A path is looked for beside the page, in the project, and among the packages. */
  #components(page, components = {}) {
    for (const path of Object.values(components)) {
      if (path.startsWith("plugin://")) continue;
      const places = path.startsWith("/") ? [path.slice(1)] : [join(dirname(page), path), join("miniprogram_npm", path)];
      const found = places.find((place) => this.#has(`${place}.wxml`));
      if (!found) this.#says(page, `the component ${path} is missing`);
      else if (this.#checked(`${found}.json`, PAGE).component !== true) this.#says(page, `${path} is no component`);
      else if (!this.#has(`${found}.js`)) this.#says(page, `the component ${path} has no js`);
    }
  }

  /** What a JSON file says, as far as its keys are known and their values may be. */
  #checked(file, known, needed = []) {
    if (!this.#has(file)) return this.#says(file, "is missing") ?? {};
    try {
      const json = JSON.parse(this.#read(file));
      this.#matches(file, json, known, needed);
      return json;
    } catch ({ message }) {
      return this.#says(file, message) ?? {};
    }
  }

  #matches(file, json, known, needed = []) {
    for (const [key, value] of Object.entries(json)) {
      if (!known[key]) this.#says(file, `knows no ${key}`);
      else if (!known[key](value)) this.#says(file, `${key} cannot be ${JSON.stringify(value)}`);
    }
    for (const key of needed) if (json[key] === undefined) this.#says(file, `has no ${key}`);
  }

  #says(where, what) {
    this.faults.push(`${where}: ${what}`);
  }

  #has(file) {
    return file in this.#changed ? this.#changed[file] !== undefined : existsSync(join(this.#root, file));
  }

  #read(file) {
    return this.#changed[file] ?? readFileSync(join(this.#root, file), "utf8");
  }
}
