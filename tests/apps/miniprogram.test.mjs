// The native example, compiled by WeChat's own compiler and run on a mini-program's machinery against a gateway.
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { after, afterEach, test } from "node:test";

import { NATIVE, usingComponents, withPackages } from "./harness/npm.mjs";
import { until } from "./harness/until.mjs";
import { launch } from "./harness/wechat.mjs";
import { world } from "./harness/world.mjs";

const whole = { after };
const { backend, line, weChat } = await world(whole);
const network = await line();
const addresses = { gateway: network.websocket, backend: backend.url };
const root = withPackages(whole, { "config.js": `module.exports = ${JSON.stringify(addresses)};` });
weChat.refusals.push(40163);
const app = launch(whole, root, { usingComponents });

afterEach(() => {
  backend.beforeAnswer = () => {};
  network.mend();
});

test("a code that WeChat refuses is followed by another one", async () => {
  await until(() => app.page.shows("新车上牌"), "the orders are listed");
  assert.deepEqual(weChat.answered, [40163, 0]);
  assert.equal(app.wx.logins, 2);
});

test("the order desk warns while there is no connection, and lists what came meanwhile", async () => {
  await until(() => app.page.shows("新车上牌"), "the orders are listed");
  assert.equal(app.page.shows("正在连接…"), false);
  network.cut();
  await until(() => app.page.shows("正在连接…"), "the status component warns");
  const { title } = await backend.order();
  assert.equal(app.page.shows(title), false);
  network.mend();
  await until(() => app.page.shows(title), "the new order is listed");
  await until(() => !app.page.shows("正在连接…"), "the warning goes");
});

test("orders that come while the app is in the background are there when it is back", async () => {
  app.background();
  const { title } = await backend.order();
  app.foreground();
  await until(() => app.page.shows(title), "the new order is listed");
});

test("a hidden tab hears nothing, and shows what came as soon as it is shown", async () => {
  app.tab("报价");
  await until(() => app.page.shows("复印纸"), "the lots are listed");
  const { title } = await backend.order();
  const lists = () => backend.asked.filter(({ method }) => method === "list").length;
  const before = lists();
  await backend.order();
  await app.page.tap("A4 复印纸 500 箱");
  await until(() => app.page.shows("最高限价"), "the lot is shown");
  assert.equal(lists(), before);
  app.tab("订单");
  await until(() => app.page.shows(title), "the new orders are listed");
});

test("a bid whose answer is lost is one bid, and the list is complete", async () => {
  app.tab("报价");
  await until(() => app.page.shows("复印纸"), "the lots are listed");
  app.page.tap("A4 复印纸 500 箱");
  await until(() => app.page.shows("最高限价"), "the lot is shown");
  backend.beforeAnswer = ({ method }) => method === "bid" && network.cut();
  app.page.tap("− 100");
  await until(() => app.page.shows("正在连接…"), "the line is cut");
  backend.beforeAnswer = () => {};
  await backend.rpc("别家", "bid", { lot: "2", price: 64_000 });
  network.mend();
  await until(() => app.page.shows("¥64,000.00") && app.page.shows("¥64,900.00"), "both bids are listed");
  assert.deepEqual(
    (await backend.bids("2")).map(({ price, supplier }) => [price, supplier]),
    [[64_000, "别家"], [64_900, "微信用户1"]],
  );
  app.page.write("70000");
  await until(() => !app.page.isDisabled("出价"), "the price is read");
  app.page.tap("出价");
  await until(() => app.wx.toasts.includes("要低于 64000 元"), "the page says why not");
});

test("every page has its four files, their JSON is right, and components and scripts are where they are looked for", () => {
  const json = (file) => JSON.parse(readFileSync(join(root, file), "utf8"));
  const { pages, tabBar, sitemapLocation } = json("app.json");
  for (const page of pages) {
    for (const kind of ["js", "json", "wxml"]) assert.ok(existsSync(join(root, `${page}.${kind}`)), `${page}.${kind}`);
    for (const path of Object.values(json(`${page}.json`).usingComponents)) {
      assert.ok(existsSync(join(root, "miniprogram_npm", `${path}.wxml`)), path);
    }
    const wxml = readFileSync(join(root, `${page}.wxml`), "utf8");
    for (const [, src] of wxml.matchAll(/src="([^"{]+)"/g)) assert.ok(existsSync(join(root, dirname(page), src)), src);
  }
  for (const { pagePath } of tabBar.list) assert.ok(pages.includes(pagePath), pagePath);
  assert.ok(existsSync(join(root, sitemapLocation)));
  assert.equal(json("project.config.json").compileType, "miniprogram");
  assert.deepEqual(readdirSync(join(NATIVE, "pages")), pages.map((page) => page.split("/")[1]).sort());
});

test("what is uploaded is small", () => {
  const { ignore } = JSON.parse(readFileSync(join(root, "project.config.json"), "utf8")).packOptions;
  const left = (path) => !ignore.some(({ type, value }) => (type === "suffix" ? path.endsWith(value) : path === value));
  const size = (folder) =>
    readdirSync(folder)
      .map((name) => join(folder, name))
      .filter((path) => left(relative(root, path)))
      .reduce((sum, path) => sum + (statSync(path).isDirectory() ? size(path) : statSync(path).size), 0);
  const kibibytes = size(root) / 1024;
  console.log(`${kibibytes.toFixed(1)} KiB`);
  assert.ok(kibibytes < 120);
});
