import assert from "node:assert/strict";
import { test } from "node:test";
import { wxPlatform } from "../../src/platform/wx.js";
import { FakeWx } from "../fake-wx.js";
import { Heard, settled } from "../heard.js";
import { dial, dialled } from "./wx-rig.js";

test("a socket opens, hears and speaks", () => {
  const { wx, on, socket } = dialled();
  wx.task.open();
  wx.task.message("hello");
  socket.send("and you");
  wx.task.message(new Uint8Array([1, 2, 3]).buffer);
  assert.deepEqual(on.all, ["opened", "received hello", "received 3 bytes"]);
  assert.deepEqual(wx.task.sent, [{ data: "and you", isBuffer: undefined }]);
});

test("the url is encoded, headers and sub-protocols pass through, and what is not asked for is not passed", () => {
  const wx = new FakeWx();
  wxPlatform(wx).open({ url: "wss://example.org/?name=张|三&done=%E4%B8%89", timeout: 5000 }, new Heard().on);
  assert.equal(wx.task.options.url, "wss://example.org/?name=%E5%BC%A0%7C%E4%B8%89&done=%E4%B8%89");
  assert.equal("header" in wx.task.options || "protocols" in wx.task.options, false);
  wxPlatform(wx).open({ ...dial, protocols: ["centrifuge-json"], headers: { "X-Shop": "7" } }, new Heard().on);
  assert.deepEqual(wx.task.options.header, { "X-Shop": "7" });
  assert.deepEqual(wx.task.options.protocols, ["centrifuge-json"]);
  assert.equal(wx.task.options.timeout, 10_000);
});

test("success of the dial is no open", () => {
  const { wx, on } = dialled();
  wx.task.options.success({ errMsg: "connectSocket:ok", socketTaskId: 1 });
  wx.task.options.complete({ errMsg: "connectSocket:ok" });
  assert.deepEqual(on.all, []);
});

test("a socket whose open event was missed is open with its first message", () => {
  const { wx, on } = dialled();
  wx.task.message("hello");
  wx.task.open();
  assert.deepEqual(on.all, ["opened", "received hello"]);
});

test("listeners are attached before the dial returns", () => {
  const { wx, on } = dialled();
  wx.task.open(); // in the same turn, as some devices do
  assert.deepEqual(on.all, ["opened"]);
});

test("a close before the open is remembered, and done when the device opens all the same", () => {
  const { wx, on, socket } = dialled();
  socket.close(1000, "page left");
  assert.equal(wx.task.closes.length, 1); // ignored by the device
  wx.task.open();
  assert.deepEqual(wx.task.closes[1], { code: 1000, reason: "page left" });
  wx.task.message("late");
  assert.deepEqual(on.all, []);
  wx.task.closed(1000);
  assert.deepEqual(on.all, ["lost"]);
  assert.equal(wx.task.closes.length, 2);
});

test("a close before the open is done with the first message where the open event was missed", () => {
  const { wx, on, socket } = dialled();
  socket.close(1000, "");
  wx.task.message("already open");
  assert.equal(wx.task.closes.length, 2);
  assert.deepEqual(on.all, []);
});

test("a close whose event never comes stays silent", () => {
  const { wx, on, socket } = dialled();
  wx.task.open();
  socket.close(3001, "bye");
  socket.close(3001, "bye");
  assert.deepEqual(wx.task.closes, [{ code: 3001, reason: "bye" }]);
  assert.deepEqual(on.all, ["opened"]);
});

for (const [what, events] of [
  ["an error alone", ["error"]],
  ["an error, then a close", ["error", "close"]],
  ["a close, then an error", ["close", "error"]],
  ["both, twice", ["error", "close", "error", "close"]],
  ["a close alone", ["close"]],
  ["fail, then an error, then a close", ["fail", "error", "close"]],
] as const) {
  test(`${what} loses the socket once`, async () => {
    const { wx, on } = dialled();
    const errMsg = "open fail: _code:8,_msg:TLS handshake failed";
    for (const event of events) {
      if (event === "error") wx.task.error(errMsg);
      else if (event === "close") wx.task.closed(1006, "abnormal closure");
      else wx.task.options.fail({ errMsg });
    }
    await settled();
    assert.deepEqual(on.all, ["lost"]);
    assert.equal(on.loss?.reason, events[0] === "close" ? "abnormal closure" : errMsg);
    assert.equal(on.loss?.code, events[0] === "close" ? 1006 : undefined);
  });
}

test("after an error without a close the device is told to let the socket go", () => {
  const { wx } = dialled();
  wx.task.open();
  wx.task.error("Underlying Transport Error");
  assert.equal(wx.task.closes.length, 1);
});

test("events of a lost socket are not heard", () => {
  const { wx, on, socket } = dialled();
  wx.task.open();
  wx.task.closed(1006);
  wx.task.open();
  wx.task.message("late");
  wx.task.error("late");
  wx.task.closed(1000);
  socket.send("late");
  socket.close(1000, "late");
  assert.deepEqual(on.all, ["opened", "lost"]);
  assert.deepEqual(wx.task.sent, []);
  assert.deepEqual(wx.task.closes, []);
});

for (const sending of ["fail", "throw", "rejection"] as const) {
  test(`a send that ends in ${sending} loses the socket, after the send returned`, async () => {
    const { wx, on, socket } = dialled();
    wx.task.open();
    wx.task.sending = sending;
    socket.send("hello");
    assert.deepEqual(on.all, ["opened"]);
    await settled();
    assert.deepEqual(on.all, ["opened", "lost"]);
    assert.equal(wx.task.closes.length, 1);
  });
}
