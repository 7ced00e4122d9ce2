import assert from "node:assert/strict";
import { test } from "node:test";
import { wxPlatform } from "../../src/platform/wx.js";
import { FakeWx } from "../fake-wx.js";
import { Life } from "../heard.js";
import { dialled } from "./wx-rig.js";

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
  assert.equal(storage?.get("other"), undefined);
  wx.stored.set("suona", { of: "another version" });
  assert.equal(storage?.get("suona"), undefined);

  const full = (): never => {
    throw new Error("setStorageSync:fail exceed storage max size 10Mb");
  };
  const broken = wxPlatform({ getStorageSync: full, setStorageSync: full }).storage;
  broken?.set("suona", "one");
  assert.equal(broken?.get("suona"), undefined);
  assert.equal(wxPlatform({}).storage?.get("suona"), undefined);
});
