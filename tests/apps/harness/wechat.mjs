// A mini-program that runs: WeChat's own compiler and component system (npm `miniprogram-simulate`) render the pages of
// a project in jsdom, and `wx` has real sockets. One project a process, since its globals are those of the process.

import { createRequire } from "node:module";
import { join } from "node:path";

import { JSDOM } from "jsdom";

import { Wx } from "./wx.mjs";

const require = createRequire(import.meta.url);

const { window } = new JSDOM("<!doctype html>");
for (const name of ["document", "Event", "CustomEvent", "Node", "HTMLElement"]) globalThis[name] = window[name];
globalThis.window = window;
const simulate = require("miniprogram-simulate");
const exparser = require("miniprogram-exparser");

/** Launches the project in folder `root` on the phone of `user`. */
export function launch(t, root, { user = "li", usingComponents } = {}) {
  const app = new MiniProgram(root, user, usingComponents);
  t.after(() => app.quit());
  app.launch();
  return app;
}

class MiniProgram {
  /** The pages that are open, the visible one last. */
  pages = [];
  #root;
  #usingComponents;
  #app;
  #ids = new Map();
  #tabs = new Map();

  constructor(root, user, usingComponents) {
    this.#root = root;
    this.#usingComponents = usingComponents;
    this.wx = new Wx({ user, navigate: (url) => this.open(url) });
  }

  launch() {
    Object.assign(globalThis, {
      wx: Object.assign(globalThis.wx, this.wx.api),
      App: (app) => (this.#app = app),
      Page: (page) => Component(asComponent(page)),
      getApp: () => this.#app,
      getCurrentPages: () => this.pages.map(({ instance }) => instance),
    });
    require(join(this.#root, "app.js"));
    const [first] = require(join(this.#root, "app.json")).pages;
    const how = { path: first, query: {}, scene: 1001 };
    this.#app.onLaunch?.(how);
    this.#app.onShow?.(how);
    this.open(`/${first}`);
  }

  /** The visible page. */
  get page() {
    return this.pages.at(-1);
  }

  /** Touches a tab. The pages of tabs stay open behind each other. */
  tab(words) {
    const { list } = require(join(this.#root, "app.json")).tabBar;
    const path = list.find(({ text }) => text === words).pagePath;
    this.page.hide();
    this.#tabs.set(this.pages[0].instance.route, this.pages[0]);
    while (this.pages.length > 1) this.pages.pop().unload();
    this.pages.pop();
    const page = this.#tabs.get(path);
    if (!page) return this.open(`/${path}`);
    this.pages.push(page);
    page.show();
  }

  back() {
    this.pages.pop().unload();
    this.page.show();
  }

  /** The user leaves for another app, and the system takes the sockets. */
  background() {
    this.page.hide();
    this.#app.onHide?.();
    this.wx.tell("AppHide");
    this.wx.cutSockets();
  }

  foreground() {
    this.#app.onShow?.({});
    this.wx.tell("AppShow");
    this.page.show();
  }

  /** The app ends: nothing of it dials any more. */
  quit() {
    for (const page of new Set([...this.pages, ...this.#tabs.values()])) page.unload();
    this.wx.tell("AppHide");
    this.wx.endSockets();
  }

  /** Opens a page on top, as `wx.navigateTo` does. */
  open(url) {
    const [, path, search = ""] = url.match(/^\/([^?]*)\??(.*)$/);
    const page = new OpenPage(this.#id(path), path, Object.fromEntries(new URLSearchParams(search)));
    this.page?.hide();
    this.pages.push(page);
    page.load();
  }

  #id(path) {
    const options = { rootPath: this.#root, usingComponents: this.#usingComponents };
    if (!this.#ids.has(path)) this.#ids.set(path, simulate.load(join(this.#root, path), options));
    return this.#ids.get(path);
  }
}

/** A page on the screen. */
class OpenPage {
  #component;
  #query;

  constructor(id, path, query) {
    this.#component = simulate.render(id, query);
    this.#query = query;
    Object.assign(this.instance, { route: path, is: path, options: query });
  }

  get instance() {
    return this.#component.instance;
  }

  load() {
    this.#component.attach(window.document.createElement("div"));
    this.instance.onLoad?.(this.#query);
    this.show();
    this.instance.onReady?.();
  }

  show() {
    this.instance.onShow?.();
    this.#component.triggerPageLifeTime("show");
  }

  hide() {
    this.instance.onHide?.();
    this.#component.triggerPageLifeTime("hide");
  }

  unload() {
    this.instance.onUnload?.();
    this.#component.detach();
  }

  /** All that can be read, piece by piece. */
  get texts() {
    const texts = [];
    const read = (node) => {
      if (node.nodeType === window.Node.TEXT_NODE && node.data.trim()) texts.push(node.data.trim());
      node.childNodes.forEach(read);
    };
    read(this.#component.dom);
    return texts;
  }

  /** Whether these words are there, alone or among others. */
  shows(words) {
    return this.texts.join(" ").includes(words);
  }

  /** Touches what has exactly these words, a button before all else. What is disabled does not notice. */
  tap(words) {
    if (!this.isDisabled(words)) this.#dispatch(this.#find(words), "tap");
  }

  isDisabled(words) {
    const { _vt } = this.#find(words).__wxElement;
    return !!_vt?.attrs.some(({ name, value }) => name === "disabled" && value);
  }

  /** Writes into the only field of the page. */
  write(value) {
    const field = this.#elements().find(({ tagName }) => tagName === "WX-INPUT");
    this.#dispatch(field, "input", { value });
  }

  #find(words) {
    const elements = this.#elements().filter(({ textContent }) => textContent.trim() === words);
    if (!elements.length) throw new Error(`there is no "${words}" but ${this.texts.join(" | ")}`);
    return elements.find(({ tagName }) => tagName === "WX-BUTTON") ?? elements[0];
  }

  /** Innermost first. */
  #elements() {
    return [...this.#component.dom.querySelectorAll("*")].filter(({ __wxElement }) => __wxElement).reverse();
  }

  #dispatch({ __wxElement: node }, event, detail = {}) {
    const options = { bubbles: true, capturePhase: true, composed: true };
    exparser.Event.dispatchEvent(node, exparser.Event.create(event, detail, options));
  }
}

/** A native page, as a component, which is all that the component system knows. */
function asComponent({ data, ...members }) {
  const isMethod = ([, value]) => typeof value === "function";
  const all = Object.entries(members);
  const fields = Object.fromEntries(all.filter((member) => !isMethod(member)));
  return {
    data,
    methods: Object.fromEntries(all.filter(isMethod)),
    lifetimes: {
      created() {
        Object.assign(this, fields);
      },
    },
  };
}
