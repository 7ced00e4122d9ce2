import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { wxPlatform } from "../../src/platform/wx.js";
import { FakeWx } from "../fake-wx.js";
import { Heard, settled } from "../heard.js";
import { dial, dialled } from "./wx-rig.js";

test("a dial that fails before it returns is told after it returned", async () => {
  const { on } = dialled((wx) => (wx.failsAtOnce = true));
  assert.deepEqual(on.all, []);
  await settled();
  assert.deepEqual(on.all, ["lost"]);
  assert.equal(on.loss?.reason, "connectSocket:fail url not in domain list");
  assert.deepEqual(on.loss?.raw, { errMsg: "connectSocket:fail url not in domain list" });
});

test("a connectSocket that throws or rejects is a loss", async () => {
  for (const answer of ["throw", "rejection"] as const) {
    const { on } = dialled((wx) => (wx.answer = answer));
    assert.deepEqual(on.all, []);
    await settled();
    assert.deepEqual(on.all, ["lost"], answer);
  }
});

test("a connectSocket that returns a promise is waited for", async () => {
  for (const answer of ["promise", "wrapped promise"] as const) {
    const { wx, on, socket } = dialled((wx) => (wx.answer = answer));
    await settled();
    wx.task.open();
    socket.send("hello");
    assert.deepEqual(on.all, ["opened"], answer);
    assert.equal(wx.task.sent.length, 1);
  }
});

test("a close before the promised task has come is done when it comes", async () => {
  const { wx, on, socket } = dialled((wx) => (wx.answer = "promise"));
  socket.close(1000, "changed my mind");
  await settled();
  wx.task.open();
  assert.deepEqual(wx.task.closes.pop(), { code: 1000, reason: "changed my mind" });
  assert.deepEqual(on.all, []);
});

test("a promised task that comes after the dial failed is closed", async () => {
  const { wx, on } = dialled((wx) => (wx.answer = "promise"));
  wx.task.options.fail({ errMsg: "connectSocket:fail" });
  await settled();
  assert.deepEqual(on.all, ["lost"]);
  assert.equal(wx.task.closes.length, 1);
});

for (const answer of ["nothing", "ids alone"] as const) {
  test(`an answer of ${answer} is a loss, unless the device says why`, async () => {
    mock.timers.enable({ apis: ["setTimeout"] });
    try {
      const silent = dialled((wx) => (wx.answer = answer));
      const told = dialled((wx) => (wx.answer = answer));
      await settled();
      told.wx.task.options.fail({ errMsg: "connectSocket:fail timeout" });
      assert.deepEqual(silent.on.all, []);
      mock.timers.tick(1000);
      assert.equal(silent.on.loss?.reason, "connectSocket returned no task");
      assert.equal(told.on.loss?.reason, "connectSocket:fail timeout");
      assert.deepEqual(told.on.all, ["lost"]);
    } finally {
      mock.timers.reset();
    }
  });
}

test("one socket too many is told apart", async () => {
  const wx = new FakeWx();
  const platform = wxPlatform(wx);
  const all = Array.from({ length: 6 }, () => new Heard());
  const sockets = all.map((on) => platform.open(dial, on.on));
  await settled();
  assert.deepEqual(
    all.map((on) => on.loss?.full),
    [undefined, undefined, undefined, undefined, undefined, true],
  );
  sockets[0]?.close(1000, ""); // closing sockets count until they are gone
  const seventh = new Heard();
  platform.open(dial, seventh.on);
  await settled();
  assert.equal(seventh.loss?.full, true);
  wx.tasks[0]?.closed(1000);
  const eighth = new Heard();
  platform.open(dial, eighth.on);
  await settled();
  assert.equal(eighth.loss, undefined);
});

for (const words of ["exceed max cocurrent count", "同时最多发起 2 个 socket 请求", "超过 10 并行连接"]) {
  test(`"${words}" means too many sockets`, () => {
    const { wx, on } = dialled();
    wx.task.options.fail({ errMsg: words });
    assert.equal(on.loss?.full, true);
  });
}
