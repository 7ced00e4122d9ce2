import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { afterEach, beforeEach, mock, test } from "node:test";
import ours, { type HeartbeatTask, type WebsocketHeartbeatOptions } from "../../src/compat/websocket-heartbeat.js";
import { FakeWx } from "../fake-wx.js";
import { settled } from "../heard.js";

type Import = (options: WebsocketHeartbeatOptions) => Promise<HeartbeatTask>;

// Its bundle wants a `window`, which mini-programs' builds give it.
Object.assign(globalThis, { window: globalThis });
const original = (createRequire(import.meta.url)("websocket-heartbeat-miniprogram") as { default: Import }).default;

beforeEach(() => {
  mock.timers.enable({ apis: ["setTimeout", "Date"], now: 1_700_000_000_000 });
  mock.method(Math, "random", () => 0.5);
});
afterEach(() => {
  mock.timers.reset();
  mock.restoreAll();
});

/** Lets time pass in small steps, and all that follows from them. */
async function pass(ms: number): Promise<void> {
  for (let left = ms; left > 0; left -= 100) {
    await settled();
    mock.timers.tick(Math.min(left, 100));
  }
  await settled();
}

/** A page as it was written for the original: not a line of it may know on what it runs. */
async function page(WebsocketHeartbeat: Import, wx: FakeWx, options: Partial<WebsocketHeartbeatOptions> = {}) {
  const log: string[] = [];
  const task = await WebsocketHeartbeat({
    miniprogram: wx,
    connectSocketParams: { url: "wss://example.org/bids" },
    pingTimeout: 10_000,
    pongTimeout: 5000,
    ...options,
  });
  task.onOpen = () => {
    log.push("open");
    task.send({ data: "join lot 7" });
  };
  task.onClose = (event) => log.push(`close ${(event as { code: number }).code}`);
  task.onError = (event) => log.push(`error ${(event as { errMsg: string }).errMsg}`);
  task.onMessage = (event) => log.push(`message ${(event as { data: string }).data}`);
  task.onReconnect = () => log.push("reconnect");
  task.socketTask.onMessage((event) => log.push(`raw message ${(event as { data: string }).data}`));
  task.socketTask.onOpen(() => log.push("raw open"));
  return { task, log };
}

const sent = (wx: FakeWx, at = wx.tasks.length - 1): unknown[] => wx.tasks[at]?.sent.map(({ data }) => data) ?? [];

for (const [name, WebsocketHeartbeat] of [
  ["the original", original],
  ["the drop-in", ours],
] as const) {
  test(`${name}: a page opens, joins, hears and closes`, async () => {
    const wx = new FakeWx();
    const { task, log } = await page(WebsocketHeartbeat, wx);
    assert.equal(wx.task.options.url, "wss://example.org/bids");
    wx.task.open();
    wx.task.message("bid 500");
    assert.deepEqual(log, ["open", "raw open", "message bid 500", "raw message bid 500"]);
    assert.deepEqual(sent(wx), ["join lot 7"]);
    task.close({ code: 1000, reason: "bye" });
    assert.deepEqual(wx.task.closes, [{ code: 1000, reason: "bye" }]);
    wx.task.closed(1000);
    await pass(60_000);
    assert.deepEqual(log.slice(4), ["close 1000"]);
    assert.deepEqual([wx.tasks.length, sent(wx).length], [1, 1]);
  });

  test(`${name}: heartbeats go out with the text that was asked for`, async () => {
    const wx = new FakeWx();
    await page(WebsocketHeartbeat, wx, { pingMsg: "header" });
    wx.task.open();
    await pass(10_100);
    wx.task.message("header");
    await pass(10_100);
    assert.deepEqual(sent(wx), ["join lot 7", "header", "header"]);
  });

  test(`${name}: a cut is told, and healed, and the hooks stay`, async () => {
    const wx = new FakeWx();
    const { log } = await page(WebsocketHeartbeat, wx);
    wx.task.open();
    wx.task.closed(1006);
    await pass(3000);
    wx.task.open();
    wx.task.message("bid 600");
    const hooks = log.filter((line) => !line.startsWith("raw"));
    assert.deepEqual(hooks, ["open", "close 1006", "reconnect", "open", "message bid 600"]);
    assert.deepEqual(sent(wx, 1), ["join lot 7"]);
  });

  test(`${name}: a socket in an error is told of, and dialled again`, async () => {
    const wx = new FakeWx();
    const { log } = await page(WebsocketHeartbeat, wx);
    wx.task.error("open fail: _code:9,_msg:Timer Expired");
    wx.task.closed(1006);
    await pass(3000);
    assert.deepEqual(
      log.filter((line) => line.startsWith("error")),
      ["error open fail: _code:9,_msg:Timer Expired"],
    );
    assert.deepEqual(log.filter((line) => line === "reconnect" || line.startsWith("close")).sort(), [
      "close 1006",
      "reconnect",
    ]);
    assert.equal(wx.tasks.length, 2);
  });

  test(`${name}: a changed address counts from the next dial on`, async () => {
    const wx = new FakeWx();
    const { task } = await page(WebsocketHeartbeat, wx);
    task.onReconnect = () => {
      task.opts.connectSocketParams.url = "wss://example.org/bids?at=2";
    };
    wx.task.open();
    wx.task.closed(1006);
    await pass(3000);
    assert.equal(wx.task.options.url, "wss://example.org/bids?at=2");
  });

  test(`${name}: dialling ends after the allowed attempts`, async () => {
    const wx = new FakeWx();
    const { log } = await page(WebsocketHeartbeat, wx, { repeatLimit: 2, reconnectTimeout: 1000 });
    for (let dial = 0; dial < 6; dial++) {
      wx.task.closed(1006);
      await pass(30_000);
    }
    assert.equal(wx.tasks.length, 3);
    assert.equal(log.filter((line) => line === "reconnect").length, 2);
  });

  test(`${name}: uni-app and Taro, which answer with a promise`, async () => {
    const wx = new FakeWx();
    wx.answer = "promise";
    const { log } = await page(WebsocketHeartbeat, wx);
    await settled();
    wx.task.open();
    assert.deepEqual(log, ["open", "raw open"]);
  });

  test(`${name}: the app's own callbacks and headers reach the platform`, async () => {
    const wx = new FakeWx();
    const heard: unknown[] = [];
    await page(WebsocketHeartbeat, wx, {
      connectSocketParams: {
        url: "wss://example.org",
        header: { "X-Shop": "7" },
        success: (answer: unknown) => heard.push(answer),
      },
    });
    wx.task.options.success({ errMsg: "connectSocket:ok" });
    assert.deepEqual(wx.task.options.header, { "X-Shop": "7" });
    assert.deepEqual(heard, [{ errMsg: "connectSocket:ok" }]);
  });

  test(`${name}: what is missing rejects`, async () => {
    const without = { connectSocketParams: { url: "wss://example.org" } } as unknown as WebsocketHeartbeatOptions;
    await assert.rejects(WebsocketHeartbeat(without));
    await assert.rejects(WebsocketHeartbeat({ miniprogram: new FakeWx() } as unknown as WebsocketHeartbeatOptions));
  });
}

test("a silent line is left without waiting for its close event, and dialled anew", async () => {
  const wx = new FakeWx();
  const { log } = await page(ours, wx);
  wx.task.open();
  await pass(17_000); // the device says success of each heartbeat, and never another word
  assert.equal(wx.tasks.length, 2);
  assert.deepEqual(log.slice(2), ["close 1006", "reconnect"]);
  wx.task.open();
  wx.tasks[0]?.closed(1006);
  wx.tasks[0]?.error("late");
  wx.tasks[0]?.message("late");
  await pass(5000);
  assert.equal(wx.tasks.length, 2);
  assert.deepEqual(log.slice(4), ["open", "raw open"]);
});

test("listeners of the raw task survive a reconnect", async () => {
  const wx = new FakeWx();
  const { log } = await page(ours, wx);
  wx.task.open();
  wx.task.closed(1006);
  await pass(3000);
  wx.task.open();
  wx.task.message("bid 700");
  assert.deepEqual(log.slice(-3), ["raw open", "message bid 700", "raw message bid 700"]);
});

test("what is sent before the open goes out after what the page sends on opening", async () => {
  const wx = new FakeWx();
  const { task } = await page(ours, wx);
  const told: string[] = [];
  task.send({ data: "bid 500", success: () => told.push("success"), complete: () => told.push("complete") });
  assert.deepEqual([sent(wx), told], [[], []]);
  wx.task.open();
  await settled();
  assert.deepEqual(
    [sent(wx), told],
    [
      ["join lot 7", "bid 500"],
      ["success", "complete"],
    ],
  );
});

test("what cannot be sent ends in fail", async () => {
  const wx = new FakeWx();
  const { task } = await page(ours, wx);
  const told: unknown[] = [];
  task.close();
  task.send({ data: "bid 500", fail: (error) => told.push(error), complete: () => told.push("complete") });
  await settled();
  assert.deepEqual(told, [{ errMsg: "sendSocketMessage:fail stopped" }, "complete"]);
});

test("a connectSocket that fails, or throws, is tried again", async () => {
  const wx = new FakeWx();
  const { log } = await page(ours, wx);
  wx.task.options.fail({ errMsg: "connectSocket:fail timeout" });
  wx.answer = "throw";
  await pass(3000);
  wx.answer = "task";
  await pass(5000);
  assert.ok(log.includes("error connectSocket:fail timeout"));
  wx.task.open();
  assert.ok(log.includes("open"));
});

test("a server that accepts and closes is dialled less and less often", async () => {
  const wx = new FakeWx();
  await page(ours, wx);
  const dials: number[] = [];
  for (let second = 0; second < 60; second++) {
    if (wx.task.opened === false) {
      dials.push(second);
      wx.task.open();
      wx.task.closed(1000);
    }
    await pass(1000);
  }
  assert.ok(dials.length < 15, `${dials.length} dials in a minute`);
});

test("a dial that fails and is repeated without a wait is told too", async () => {
  const wx = new FakeWx();
  const { log } = await page(ours, wx);
  mock.method(Math, "random", () => 0);
  wx.task.closed(1006);
  assert.equal(wx.tasks.length, 2);
  assert.deepEqual(log, ["close 1006", "reconnect"]);
});

test("the app's way to the background and back is followed", async () => {
  const wx = new FakeWx();
  const { log } = await page(ours, wx);
  wx.task.open();
  wx.say("hide");
  await pass(5000);
  assert.equal(wx.task.closes.length, 1);
  await pass(60_000);
  assert.equal(wx.tasks.length, 1);
  wx.say("show");
  await settled();
  wx.task.open();
  assert.deepEqual(log.slice(2), ["close 1006", "reconnect", "open", "raw open"]);
});

test("a close of the raw task opens a new one, as with the original", async () => {
  const wx = new FakeWx();
  const { task } = await page(ours, wx);
  wx.task.open();
  task.socketTask.close({});
  await pass(3000);
  assert.deepEqual([wx.tasks[0]?.closes.length, wx.tasks.length], [1, 2]);
});

test("hooks that throw are reported and stop nothing", async () => {
  const wx = new FakeWx();
  const { task, log } = await page(ours, wx);
  const errors = mock.method(console, "error", () => undefined);
  task.onMessage = () => {
    throw new Error("of the page");
  };
  wx.task.open();
  wx.task.message("bid 500");
  await settled();
  assert.equal(errors.mock.callCount(), 1);
  assert.deepEqual(log.slice(-1), ["raw message bid 500"]);
});

test("Alipay is served by tasks of its own, with bytes as base64", async () => {
  const my = Object.assign(new FakeWx(), { offSocketClose: () => undefined });
  const { task } = await page(ours, my);
  my.task.open();
  task.send({ data: new Uint8Array([0, 255, 16]).buffer });
  assert.equal(my.task.options.multiple, true);
  assert.deepEqual(my.task.sent[1], { data: "AP8Q", isBuffer: true });
});
