// The native example, compiled by WeChat's own compiler and run on a mini-program's machinery against a gateway.
import assert from "node:assert/strict";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join, relative } from "node:path";
import { after, afterEach, test } from "node:test";

import { faultsOf } from "./harness/native-project.mjs";
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

/** Holds back what the backend answers to a method, until `comes` is called or the test is over. */
function holdBack(method) {
  const answer = { asked: 0 };
  const held = new Promise((resolve) => (answer.comes = resolve));
  backend.beforeAnswer = (question) => question.method === method && (answer.asked++, held);
  return answer;
}

test("log-in: a code that WeChat refuses is followed by another one", async () => {
  await until(() => app.page.shows("新车上牌"), "the orders are listed");
  assert.deepEqual(weChat.answered, [40163, 0]);
  assert.equal(app.wx.logins, 2);
});

test("order desk: the page warns while there is no connection, and lists what came meanwhile", async () => {
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

test("order desk: orders that come while the app is in the background are there when it is back", async () => {
  app.background();
  const { title } = await backend.order();
  app.foreground();
  await until(() => app.page.shows(title), "the new order is listed");
});

test("order desk: a hidden tab hears nothing, and shows what came as soon as it is shown", async () => {
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

test("order desk: a page says that it waits for a reply, and a notification does not take that away", async () => {
  await until(() => app.page.shows("新车上牌") && !app.page.shows("正在更新…"), "the orders are listed");
  const answer = holdBack("list");
  await backend.order();
  await until(() => app.page.shows("正在更新…"), "it waits for the orders");
  const { title } = await backend.order();
  await until(() => answer.asked >= 2, "the second notification came");
  assert.ok(app.page.shows("正在更新…"));
  answer.comes();
  await until(() => app.page.shows(title) && !app.page.shows("正在更新…"), "the orders are listed");
});

test("quotation: a bid whose answer is lost is one bid, and the list is complete", async () => {
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

test("quotation: a page lists the fifty newest lots, and the fifty best bids", async () => {
  // More than that: the first before a page is opened, the last while it is.
  const [many, more] = [Array.from({ length: 52 }, (_, at) => at + 1), [53, 54, 55]];
  const count = (pattern) => app.page.texts.filter((text) => pattern.test(text)).length;
  let lot;
  const open = async (number) => ({ lot } = await backend.rpc("采购", "open", { title: `第 ${number} 批`, ceiling: 9_000, seconds: 600 }));
  const bid = (number) => backend.rpc("别家", "bid", { lot, price: 9_000 - number });
  app.tab("订单");
  for (const number of many) await open(number);
  app.tab("报价");
  await until(() => app.page.shows("第 52 批"), "the lots are listed");
  for (const number of more) await open(number);
  await until(() => app.page.shows("第 55 批"), "the newest is listed");
  assert.equal(count(/^第 \d+ 批$/), 50);
  for (const number of many) await bid(number);
  app.page.tap("第 55 批");
  await until(() => app.page.shows("¥8,948.00"), "the bids are listed");
  for (const number of more) await bid(number);
  await until(() => app.page.shows("¥8,945.00"), "the best is listed");
  assert.equal(count(/^别家$/), 50);
});

test("project: WeChat's tools find nothing to refuse, and all pages are listed", () => {
  assert.deepEqual(faultsOf(root), []);
  const { pages } = JSON.parse(readFileSync(join(root, "app.json"), "utf8"));
  assert.deepEqual(readdirSync(join(NATIVE, "pages")), pages.map((page) => page.split("/")[1]).sort());
});

test("project: what they would refuse is found", () => {
  const refused = (file, change, fault) => {
    const before = readFileSync(join(root, file), "utf8");
    const after = change && before.replace(...change);
    assert.notEqual(after, before, `${file} has no ${change?.[0]}`);
    assert.match(faultsOf(root, { [file]: after }).join("\n"), fault);
  };
  refused("app.json", ['"style": "v2",', '"style": "v2",,'], /app\.json: .*JSON/);
  refused("app.json", ['"style"', '"styles"'], /knows no styles/);
  refused("app.json", ['"pages/lot/lot",', '"/pages/lot/lot",'], /is no path of a page/);
  refused("app.json", ['"pages/lot/lot",', '"pages/lot/other",'], /pages\/lot\/other: its wxml is missing/);
  refused("app.json", ['"navigationBarTextStyle": "white"', '"navigationBarTextStyle": "red"'], /navigationBarTextStyle cannot be "red"/);
  refused("app.json", ['"#655d56"', '"grey"'], /color cannot be "grey"/);
  refused("app.json", [/\{ "pagePath": "pages\/lots.*\n.*探针" \}/, '{ "pagePath": "pages/x", "text": "" }'], /the tab pages\/x is no page/);
  refused("app.json", ["sitemap.json", "map.json"], /map\.json: is missing/);
  refused("sitemap.json", ["allow", "forbid"], /action cannot be "forbid"/);
  refused("project.config.json", ["touristappid", "mine"], /appid cannot be "mine"/);
  refused("project.config.json", ['"suffix"', '"ending"'], /type cannot be "ending"/);
  refused("project.config.json", ['"es6": true', '"es6": "true"'], /setting\.es6 is "true"/);
  refused("pages/lot/lot.json", ["suona/suona-status/index", "suona/status"], /the component suona\/status is missing/);
  refused("pages/lot/lot.json", ["suona/suona-status/index", "/pages/lots/lots"], /\/pages\/lots\/lots is no component/);
  refused("pages/lot/lot.wxml", ['bind:tap="lower"', 'bind:tap="lowerIt"'], /there is no function lowerIt/);
  refused("pages/lot/lot.wxml", ['wx:key="id"', ""], /a list has no wx:key/);
  refused("pages/lot/lot.wxml", ["../../words.wxs", "../words.wxs"], /\.\.\/words\.wxs is missing/);
  refused("pages/lots/lots.js", undefined, /pages\/lots\/lots: its js is missing/);
});

test("project: what is uploaded is small", () => {
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
