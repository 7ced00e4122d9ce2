import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { test } from "node:test";
import ours, { type WebsocketHeartbeatOptions } from "../../src/compat/websocket-heartbeat.js";
import { FakeWx } from "../fake-wx.js";
import { settled } from "../heard.js";
import { type Import, page, pass, sent, virtually } from "./rig.js";

// Its bundle wants a `window`, which mini-programs' builds give it.
Object.assign(globalThis, { window: globalThis });
const original = (createRequire(import.meta.url)("websocket-heartbeat-miniprogram") as { default: Import }).default;

virtually();

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
