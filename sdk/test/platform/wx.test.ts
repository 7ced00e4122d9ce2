import assert from "node:assert/strict";
import { mock, test } from "node:test";
import type { Socket } from "../../src/platform/platform.js";
import { wxPlatform } from "../../src/platform/wx.js";
import { FakeWx } from "../fake-wx.js";
import { Heard, Life, settled } from "../heard.js";

const dial = { url: "wss://example.org/connection/websocket", timeout: 10_000 };

function dialled(change: (wx: FakeWx) => void = () => undefined): { wx: FakeWx; on: Heard; socket: Socket } {
  const wx = new FakeWx();
  change(wx);
  const on = new Heard();
  return { wx, on, socket: wxPlatform(wx).open(dial, on.on) };
}

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

for (const [code, reason] of [
  [1000, "interrupted"],
  [1001, "Stream end encountered"],
  [1005, ""],
  [1006, "abnormal closure"],
  [0, ""],
] as const) {
  test(`a socket killed in the background with ${code} "${reason}" is lost when the app is shown`, () => {
    const { wx, on } = dialled();
    const life = new Life();
    wxPlatform(wx).watch?.(life.on);
    wx.task.open();
    wx.say("hide");
    wx.suspend();
    wx.task.closed(code, reason);
    assert.deepEqual(on.all, ["opened"]);
    wx.resume();
    assert.deepEqual(life.all, ["hidden", "shown"]);
    assert.deepEqual(on.all, ["opened", "lost"]);
    assert.equal(on.loss?.code, code || undefined);
  });
}

test("a silent death is silent", () => {
  const { wx, on, socket } = dialled();
  wx.task.open();
  socket.send("into the void"); // the device says success
  assert.deepEqual(on.all, ["opened"]);
});

test("the app's life is told until it is undone, also where listeners cannot be taken back", () => {
  const wx = new FakeWx();
  const life = new Life();
  const undo = wxPlatform(wx).watch?.(life.on);
  wx.say("hide");
  wx.say("show");
  wx.say("network", { isConnected: false, networkType: "none" });
  wx.say("network", { isConnected: true, networkType: "5g" });
  wx.say("network", undefined);
  undo?.();
  undo?.();
  wx.say("hide");
  assert.deepEqual(life.all, ["hidden", "shown", "network false", "network true", "network undefined"]);
});

test("a device without lifecycle, as a plugin sees it, is always at the front", () => {
  const life = new Life();
  const refusing = {
    onAppHide: () => {
      throw new Error("not supported in plugins");
    },
  };
  wxPlatform(refusing).watch?.(life.on)();
  wxPlatform({}).watch?.(life.on)();
  assert.deepEqual(life.all, []);
});

test("storage keeps strings, and never throws", () => {
  const wx = new FakeWx();
  const { storage } = wxPlatform(wx);
  storage?.set("suona", "one");
  assert.equal(storage?.get("suona"), "one");
  storage?.remove("suona");
  assert.equal(storage?.get("suona"), undefined);
  wx.stored.set("suona", { of: "another version" });
  assert.equal(storage?.get("suona"), undefined);

  const full = (): never => {
    throw new Error("setStorageSync:fail exceed storage max size 10Mb");
  };
  const broken = wxPlatform({ getStorageSync: full, setStorageSync: full, removeStorageSync: full }).storage;
  broken?.set("suona", "one");
  broken?.remove("suona");
  assert.equal(broken?.get("suona"), undefined);
  assert.equal(wxPlatform({}).storage?.get("suona"), undefined);
});
