// The uni-app example as it is built: H5 in Chromium, mp-weixin on a mini-program's machinery, both on one gateway.
import assert from "node:assert/strict";
import { after, afterEach, test } from "node:test";

import { browser, site, visitor } from "./harness/browser.mjs";
import { built } from "./harness/build.mjs";
import { faultsOf } from "./harness/native-project.mjs";
import { until } from "./harness/until.mjs";
import { launch } from "./harness/wechat.mjs";
import { world } from "./harness/world.mjs";

const whole = { after };
const { backend, line } = await world(whole);
/** Each front has a line of its own. */
const lines = { h5: await line(), weixin: await line() };
const make = (target, { websocket }) => built(whole, target, { gateway: websocket, backend: backend.url });
const [h5, weixin, chromium] = await Promise.all([make("h5", lines.h5), make("mp-weixin", lines.weixin), browser(whole)]);
const url = await site(whole, h5);
const app = launch(whole, weixin);

afterEach(() => {
  backend.beforeAnswer = () => {};
  for (const network of Object.values(lines)) network.mend();
  while (app.pages.length > 1) app.back();
});

/** Somebody who comes by the web and says a name. */
async function enter(t, name = "宏达机电") {
  const web = await visitor(t, chromium, url);
  await web.write(name);
  await web.tap("进入");
  await until(() => web.shows(`你好，${name}`), "the web page knows the name");
  t.after(() => assert.deepEqual(web.errors, []));
  return web;
}

/** Both fronts at the page of a lot. */
async function auction(t, title) {
  const web = await enter(t);
  for (const front of [web, app.page]) await front.tap("供应商报价");
  await until(async () => app.page.shows(title) && (await web.shows(title)), "both list the lots");
  for (const front of [web, app.page]) await front.tap(title);
  await until(async () => app.page.shows("最高限价") && (await web.shows("最高限价")), "both show the lot");
  return web;
}

/** The bids as a page lists them. The first price stands above the list. */
const listed = (texts) => texts.filter((text) => text.startsWith("¥")).slice(1);
/** The bids as the backend has them. */
async function taken(lot) {
  return (await backend.bids(lot)).map(({ price }) => `¥${price.toLocaleString("en", { minimumFractionDigits: 2 })}`);
}

/** Both fronts list these many bids, and what the backend has. */
async function agree(web, lot, count) {
  const all = async () => [listed(await web.texts()), listed(app.page.texts)];
  await until(async () => (await all()).every(({ length }) => length >= count), `both list ${count} bids`);
  const bids = await taken(lot);
  assert.equal(bids.length, count);
  assert.deepEqual(await all(), [bids, bids]);
}

test("quotation: suppliers see each other's bids at once, the best first", async (t) => {
  const web = await auction(t, "办公室空调 12 台");
  app.page.tap("− 10");
  await until(() => web.shows("微信用户1"), "the web page shows the bid of the mini-program");
  await web.tap("− 100");
  await until(() => app.page.shows("宏达机电"), "the mini-program shows the bid of the web page");
  await agree(web, "1", 2);
  assert.deepEqual(await taken("1"), ["¥35,890.00", "¥35,990.00"]);
  await web.looksGood("lot");
});

test("quotation: with the line cut under their bids both end with the same list, no bid twice and none missing", async (t) => {
  const web = await auction(t, "A4 复印纸 500 箱");
  backend.asked.length = 0;
  await web.tap("− 1");
  await agree(web, "2", 1);
  // The bid of the web page takes effect, and its answer is lost.
  backend.beforeAnswer = ({ user }) => user === "宏达机电" && lines.h5.cut();
  await web.tap("− 100");
  await until(() => app.page.shows("64,899"), "the mini-program shows the bid without an answer");
  backend.beforeAnswer = () => {};
  app.page.tap("− 10");
  await until(() => app.page.shows("64,889"), "the mini-program bids meanwhile");
  lines.h5.mend();
  await agree(web, "2", 3);
  // The bid of the mini-program is lost on its way.
  lines.weixin.silence();
  app.page.write("60000");
  await until(() => !app.page.isDisabled("出价"), "the price is read");
  app.page.tap("出价");
  await until(() => app.page.shows("正在提交"), "the mini-program has sent its bid");
  for (const [step, price] of Object.entries({ "− 1": "64,888", "− 10": "64,878", "− 100": "64,778" })) {
    await web.tap(step);
    await until(() => web.shows(price), "the web page bids meanwhile");
  }
  lines.weixin.cut();
  lines.weixin.mend();
  await agree(web, "2", 7);
  assert.equal((await taken("2"))[0], "¥60,000.00");
  const keys = backend.asked.filter(({ method }) => method === "bid").map(({ key }) => key);
  assert.equal(new Set(keys).size, 7);
  assert.equal(keys.length, 7); // what was said again went no further than the gateway
});

test("quotation: what the backend refuses, the user is told, and so is who comes too late", async (t) => {
  const web = await auction(t, "配送电动车 8 辆");
  await web.write("99999");
  await web.tap("出价");
  await until(() => web.shows("要低于 28800 元"), "the web page says why");
  app.page.write("99999");
  await until(() => !app.page.isDisabled("出价"), "the price is read");
  app.page.tap("出价");
  await until(() => app.wx.toasts.includes("要低于 28800 元"), "the mini-program says why");
  assert.deepEqual(await taken("3"), []);
});

test("quotation: a lot that is opened is listed at once, and a bid that its end overtakes on the way is none", async (t) => {
  const web = await enter(t);
  for (const front of [web, app.page]) await front.tap("供应商报价");
  await until(async () => app.page.shows("复印纸") && (await web.shows("复印纸")), "both list the lots");
  const { lot, endAt } = await backend.rpc("采购", "open", { title: "投影仪 3 台", ceiling: 9_000, seconds: 6 });
  await until(async () => app.page.shows("投影仪") && (await web.shows("投影仪")), "both list the new one");
  app.page.tap("投影仪 3 台");
  await until(() => app.page.shows("最高限价"), "the mini-program shows the lot");
  lines.weixin.silence();
  app.page.tap("− 1");
  await until(() => app.page.shows("正在提交"), "the mini-program has sent its bid");
  await until(() => Date.now() > endAt, "the end passes");
  lines.weixin.mend();
  await until(() => app.wx.toasts.includes("已经截止"), "the mini-program says that it came too late");
  assert.deepEqual(await backend.bids(lot), []);
});

test("quotation: while offline the page warns and the countdown stands still, and then both go on", async (t) => {
  const web = await enter(t);
  for (const front of [web, app.page]) await front.tap("供应商报价");
  const clocks = (texts) => texts.filter((text) => /^(\d+:)?\d\d:\d\d$/.test(text));
  await until(async () => clocks(app.page.texts).length && clocks(await web.texts()).length, "clocks run");
  lines.h5.cut();
  await until(() => web.shows("正在连接…"), "the web page warns");
  const stopped = clocks(await web.texts());
  const running = clocks(app.page.texts);
  await until(() => clocks(app.page.texts)[0] < running[0], "another second");
  await until(() => clocks(app.page.texts)[0] <= stopped[0], "no less than the web page's");
  assert.deepEqual(clocks(await web.texts()), stopped);
  await web.looksGood("offline");
  lines.h5.mend();
  await until(async () => !(await web.shows("正在连接…")), "the warning goes");
  await until(async () => clocks(await web.texts())[0] < stopped[0], "the countdown goes on");
});

/** More than a page lists: the first before it is opened, the last while it is. */
const [MANY, MORE] = [Array.from({ length: 52 }, (_, at) => at + 1), [53, 54, 55]];

test("quotation: a page lists the fifty newest lots, and the fifty best bids", async (t) => {
  const web = await enter(t);
  const both = (words) => until(async () => app.page.shows(words) && (await web.shows(words)), `both show ${words}`);
  const counts = async (pattern) => [app.page.texts, await web.texts()].map((texts) => texts.filter((text) => pattern.test(text)).length);
  const open = (number) => backend.rpc("采购", "open", { title: `第 ${number} 批`, ceiling: 9_000, seconds: 600 });
  for (const number of MANY) await open(number);
  for (const front of [web, app.page]) await front.tap("供应商报价");
  await both("第 52 批");
  let lot;
  for (const number of MORE) ({ lot } = await open(number));
  await both("第 55 批");
  assert.deepEqual(await counts(/^第 \d+ 批$/), [50, 50]);
  const bid = (number) => backend.rpc("别家", "bid", { lot, price: 9_000 - number });
  for (const number of MANY) await bid(number);
  for (const front of [web, app.page]) await front.tap("第 55 批");
  await both("¥8,948.00");
  for (const number of MORE) await bid(number);
  await both("¥8,945.00");
  assert.deepEqual(await counts(/^别家$/), [50, 50]);
});

test("order desk: a page says that it waits for a reply, and a notification does not take that away", async (t) => {
  const web = await enter(t);
  for (const front of [web, app.page]) await front.tap("订单看板");
  const all = async (condition) => (await Promise.all([web, app.page].map(condition))).every(Boolean);
  await until(() => all((front) => front.shows("新车上牌")), "both list the orders");
  let comes;
  const held = new Promise((resolve) => (comes = resolve));
  let asked = 0;
  backend.beforeAnswer = ({ method }) => method === "list" && (asked++, held);
  await backend.order();
  await until(() => all((front) => front.shows("正在更新…")), "both wait for the orders");
  const { title } = await backend.order();
  await until(() => asked >= 4, "the second notification came");
  assert.ok(await all((front) => front.shows("正在更新…")));
  comes();
  await until(() => all((front) => front.shows(title)), "both list the orders");
  await until(() => all(async (front) => !(await front.shows("正在更新…"))), "nobody waits any longer");
});

test("order desk: orders that come while a page is offline or hidden are there afterwards", async (t) => {
  const web = await enter(t);
  for (const front of [web, app.page]) await front.tap("订单看板");
  await until(async () => app.page.shows("新车上牌") && (await web.shows("新车上牌")), "both list the orders");
  await web.looksGood("orders");
  lines.h5.cut();
  app.background();
  await backend.order();
  const { title } = await backend.order();
  lines.h5.mend();
  app.foreground();
  await until(async () => app.page.shows(title) && (await web.shows(title)), "both list the new orders");
  const { allAmount } = await backend.rpc("", "list");
  const sum = `¥${allAmount.toLocaleString("en", { minimumFractionDigits: 2 })}`;
  for (const front of [web, app.page]) assert.ok(await front.shows(sum), sum);
});

test("devices: a page shows what its device was told, and that it did so", async (t) => {
  const web = await enter(t);
  for (const front of [web, app.page]) await front.tap("设备控制");
  await until(async () => app.page.shows("已停止") && (await web.shows("已停止")), "both show the device");
  app.page.tap("启动");
  await until(async () => app.page.shows("等待设备…") && (await web.shows("等待设备…")), "both show the command");
  lines.h5.cut();
  const [{ id }] = await backend.rpc("device:pump-1", "pending");
  await backend.rpc("device:pump-1", "acknowledge", { id, status: "delivered" });
  await until(() => app.page.shows("设备已收到"), "the mini-program sees it delivered");
  await backend.rpc("device:pump-1", "acknowledge", { id, status: "done" });
  await backend.rpc("device:pump-1", "report", { running: true, pressure: 2.4 });
  await until(() => app.page.shows("已执行") && app.page.shows("运行中"), "the mini-program sees it done");
  lines.h5.mend();
  await until(async () => (await web.shows("已执行")) && (await web.shows("运行中")), "the web page too");
  app.page.tap("停止");
  await until(() => app.page.shows("等待设备…"), "the next command waits");
  const [next] = await backend.rpc("device:pump-1", "pending");
  await backend.rpc("device:pump-1", "acknowledge", { id: next.id, status: "failed", reason: "阀门卡住" });
  await until(async () => app.page.shows("未执行 阀门卡住") && (await web.shows("阀门卡住")), "both say why not");
  await web.looksGood("device");
});

test("devices: a page lists the fifty latest commands", async () => {
  const carryOut = async (number) => {
    const { id } = await backend.rpc("采购", "turn", { serial: "pump-1", turn: "on" });
    await backend.rpc("device:pump-1", "acknowledge", { id, status: "failed", reason: `第 ${number} 次` });
  };
  for (const number of MANY) await carryOut(number);
  app.page.tap("设备控制");
  await until(() => app.page.shows("第 52 次"), "the commands are listed");
  for (const number of MORE) await carryOut(number);
  await until(() => app.page.shows("第 55 次"), "the last one is listed");
  assert.equal(app.page.texts.filter((text) => text === "未执行").length, 50);
});

test("devices: whoever may not hear of a device is told so", async (t) => {
  const web = await enter(t);
  await web.page.goto(`${url}/#/pages/device/device?serial=vault`);
  await until(() => web.shows("请联系管理员开通权限"), "the page says no");
});

test("scan tasks: the store hears of tasks on every page, and has them when the app starts without a connection", async (t) => {
  const web = await enter(t);
  const { title } = await backend.scan("6900000007919");
  app.page.tap("扫码任务");
  await until(() => app.page.shows(title), "what came before the page");
  const before = app.wx.buzzes;
  const { code, id } = await backend.scan("6900000015838");
  await until(() => app.page.shows(code), "what comes while the page is open");
  await backend.rpc("远航贸易", "assign", { id });
  await until(() => app.page.shows("远航贸易 已领取"), "the same task, which somebody took");
  await backend.rpc("远航贸易", "finish", { id });
  await until(() => app.page.shows("已完成"), "the same task, finished");
  assert.equal(app.wx.buzzes, before + 1);
  await web.tap("扫码任务");
  await until(() => web.shows(code), "the web page lists them");
  await web.looksGood("scan");
  lines.h5.cut();
  await web.page.reload();
  await until(() => web.shows("正在连接…"), "it starts without a connection");
  assert.ok(await web.shows(code));
});

test("log-in: the first page asks for a name", async (t) => {
  const web = await visitor(t, chromium, url);
  await until(() => web.shows("怎么称呼你"), "it asks");
  await web.looksGood("welcome");
  await web.write("宏达机电");
  await web.tap("进入");
  await until(() => web.shows("你好，宏达机电"), "it knows");
  await web.looksGood("home");
});

test("project: WeChat's tools find nothing to refuse in what is built", () => {
  assert.deepEqual(faultsOf(weixin), []);
});
