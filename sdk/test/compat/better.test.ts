import assert from "node:assert/strict";
import { mock, test } from "node:test";
import ours from "../../src/compat/websocket-heartbeat.js";
import { FakeWx } from "../fake-wx.js";
import { settled } from "../heard.js";
import { page, pass, sent, virtually } from "./rig.js";

virtually();

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

test("listeners of the raw task for errors and closes survive a reconnect too, and hear each once", async () => {
  const wx = new FakeWx();
  const { task } = await page(ours, wx);
  const heard: string[] = [];
  task.socketTask.onError((event) => heard.push(`error ${(event as { errMsg: string }).errMsg}`));
  task.socketTask.onClose((event) => heard.push(`close ${(event as { code: number }).code}`));
  for (const code of [1006, 1001]) {
    wx.task.open();
    wx.task.closed(code);
    await pass(5000);
  }
  assert.deepEqual(heard.splice(0), ["close 1006", "close 1001"]);
  const old = wx.tasks[0]!;
  wx.task.open();
  wx.task.error("open fail: _code:2");
  await pass(5000);
  assert.deepEqual(heard.splice(0), ["error open fail: _code:2", "close 1006"]);
  old.closed(1000);
  old.error("late");
  await pass(1000);
  assert.deepEqual(heard, []);
  task.close();
  assert.deepEqual(heard, ["close 1000"]);
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

for (const odd of [NaN, -1, 0]) {
  test(`times of ${odd} flood nobody with heartbeats or dials`, async () => {
    const wx = new FakeWx();
    const options = { pingTimeout: odd, pongTimeout: odd, reconnectTimeout: odd || NaN };
    const { task } = await page(ours, wx, options);
    wx.task.open();
    await pass(61_000);
    assert.ok(sent(wx).length <= 6, `${sent(wx).length} frames`);
    for (let loss = 0; loss < 5; loss++) {
      wx.task.closed(1006);
      await pass(100);
    }
    assert.ok(wx.tasks.length <= 4, `${wx.tasks.length} dials`);
    task.close();
  });
}

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
