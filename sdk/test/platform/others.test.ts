import assert from "node:assert/strict";
import { test } from "node:test";
import { alipayPlatform } from "../../src/platform/alipay.js";
import { douyinPlatform } from "../../src/platform/douyin.js";
import type { ConnectOptions } from "../../src/platform/task.js";
import { uniPlatform } from "../../src/platform/uni.js";
import { wxCloudPlatform } from "../../src/platform/wx-cloud.js";
import { FakeWx } from "../fake-wx.js";
import { Heard, Life, settled } from "../heard.js";

const dial = { url: "wss://example.org/connection/websocket?user=张三", timeout: 10_000 };
const bytes = new Uint8Array([0, 255, 16]).buffer;

/** Alipay's storage and socket, the tasks of which wrap what they tell. */
function fakeAlipay(): { my: FakeWx; app: object } {
  const my = new FakeWx();
  const app = {
    connectSocket: my.connectSocket,
    onAppShow: my.onAppShow,
    getStorageSync: ({ key }: { key: string }) => ({ data: my.stored.get(key) ?? null }),
    setStorageSync: ({ key, data }: { key: string; data: string }) => void my.stored.set(key, data),
  };
  return { my, app };
}

test("Alipay is asked for a task of one's own", () => {
  const { my, app } = fakeAlipay();
  alipayPlatform(app).open(dial, new Heard().on);
  assert.equal(my.task.options.multiple, true);
});

test("Alipay's bytes travel as base64, its text as text", () => {
  const { my, app } = fakeAlipay();
  const on = new Heard();
  const socket = alipayPlatform(app).open(dial, on.on);
  my.task.open();
  socket.send("hello");
  socket.send(bytes);
  assert.deepEqual(my.task.sent, [
    { data: "hello", isBuffer: undefined },
    { data: "AP8Q", isBuffer: true },
  ]);
});

test("Alipay's messages are understood in every shape that was reported", () => {
  const { my, app } = fakeAlipay();
  const on = new Heard();
  alipayPlatform(app).open(dial, on.on);
  my.task.open();
  my.task.emit("message", { data: "bare" });
  my.task.emit("message", { data: "AP8Q", isBuffer: true });
  my.task.emit("message", { data: { socketTaskID: 1, data: "wrapped", isBuffer: false } });
  my.task.emit("message", { data: { socketTaskID: 1, data: "AP8Q", isBuffer: true } });
  my.task.emit("message", { data: { socketTaskID: 1, data: bytes, isBuffer: true } });
  my.task.emit("message", { data: bytes, isBuffer: true });
  my.task.emit("message", { data: "" });
  my.task.emit("message", { data: null });
  assert.deepEqual(on.frames, ["bare", bytes, "wrapped", bytes, bytes, bytes, ""]);
});

test("Alipay's errors and closes are read from their own fields", () => {
  const { my, app } = fakeAlipay();
  const platform = alipayPlatform(app);
  const [wrapped, closed, refused] = [new Heard(), new Heard(), new Heard()];
  platform.open(dial, wrapped.on);
  my.task.emit("error", { data: { socketTaskID: 1, error: 7, errorMessage: "bad certificate" } });
  platform.open(dial, closed.on);
  my.task.emit("close", { data: { code: 1006, reason: "gone" } });
  platform.open(dial, refused.on);
  my.task.options.fail({ error: 2, errorMessage: "connection already exists" });
  assert.equal(wrapped.loss?.reason, "bad certificate");
  assert.deepEqual([closed.loss?.code, closed.loss?.reason], [1006, "gone"]);
  assert.equal(refused.loss?.full, true);
});

test("Alipay's storage takes and gives objects", () => {
  const { my, app } = fakeAlipay();
  const { storage } = alipayPlatform(app);
  storage?.set("suona", "one");
  assert.equal(my.stored.get("suona"), "one");
  assert.equal(storage?.get("suona"), "one");
  assert.equal(storage?.get("other"), undefined);
});

test("Douyin's close codes may be text", () => {
  const tt = new FakeWx();
  const on = new Heard();
  douyinPlatform(tt).open(dial, on.on);
  tt.task.emit("close", { code: "1006", reason: "gone", errMsg: "" });
  assert.equal(on.loss?.code, 1006);
});

test("a container is dialled by path, environment and service, without callbacks", async () => {
  const wx = new FakeWx();
  let options: Record<string, unknown> = {};
  const cloud = {
    connectContainer: (given: object) => {
      options = given as Record<string, unknown>;
      return Promise.resolve({ socketTask: wx.connectSocket(options as never) as object });
    },
  };
  const on = new Heard();
  const app = Object.assign(wx, { cloud });
  const platform = wxCloudPlatform({ env: "prod-1", service: "suona" }, app);
  const socket = platform.open({ ...dial, headers: { "X-Shop": "7" } }, on.on);
  await settled();
  assert.deepEqual(options, {
    config: { env: "prod-1" },
    service: "suona",
    path: "/connection/websocket?user=%E5%BC%A0%E4%B8%89",
    header: { "X-Shop": "7" },
    timeout: 10_000,
  });
  wx.task.open();
  socket.send("hello");
  assert.deepEqual(on.all, ["opened"]);
  assert.equal(wx.task.sent.length, 1);
  for (const [url, path] of [
    ["/device", "/device"],
    ["connection/websocket", "/connection/websocket"],
    ["wss://h", "/"],
    ["wss://h?a=/b", "/?a=/b"],
  ]) {
    platform.open({ url: `${url}`, timeout: 1 }, new Heard().on);
    assert.equal(options["path"], path);
  }
});

test("a container that refuses, or a WeChat without cloud, is a loss", async () => {
  const on = new Heard();
  const connectContainer = (): unknown => Promise.reject({ errMsg: "cloud.connectContainer:fail invalid service" });
  wxCloudPlatform({ service: "none" }, { cloud: { connectContainer } }).open(dial, on.on);
  await settled();
  assert.equal(on.loss?.reason, "cloud.connectContainer:fail invalid service");
});

test("uni-app dials by the function that it is handed, where the object uni is empty", () => {
  const hidden = new FakeWx();
  const on = new Heard();
  const platform = uniPlatform({ connect: (options) => hidden.connectSocket(options), app: {} });
  const socket = platform.open(dial, on.on);
  assert.equal(typeof hidden.task.options.complete, "function"); // or there would be no task
  hidden.task.open();
  socket.send(bytes);
  hidden.task.message("hello");
  platform.watch?.(new Life().on)();
  assert.deepEqual(on.all, ["opened", "received hello"]);
  assert.deepEqual(hidden.task.sent[0]?.data, bytes);
});

test("uni-app's H5 tells of errors without words and then closes; its double fail of a send counts once", async () => {
  const uni = new FakeWx();
  const platform = uniPlatform({ connect: (options: ConnectOptions) => uni.connectSocket(options), app: {} });
  const [refused, broken] = [new Heard(), new Heard()];
  platform.open(dial, refused.on);
  uni.task.emit("error", {});
  uni.task.closed(1006);
  assert.deepEqual(refused.all, ["lost"]);
  const socket = platform.open(dial, broken.on);
  uni.task.open();
  uni.task.api.send = (message) => {
    message.fail?.({ errMsg: "sendSocketMessage:fail", errCode: 10002 });
    message.fail?.({ errMsg: "sendSocketMessage:fail", errCode: 602001 });
    return undefined;
  };
  socket.send("hello");
  await settled();
  assert.deepEqual(broken.all, ["opened", "lost"]);
});

test("on uni-app's pages the page itself tells of life and keeps strings", () => {
  const page = new EventTarget() as EventTarget & Record<string, unknown>;
  const document = new EventTarget() as EventTarget & Record<string, unknown>;
  const stored = new Map<string, string>();
  Object.assign(page, {
    document,
    localStorage: {
      getItem: (key: string) => stored.get(key) ?? null,
      setItem: (key: string, value: string) => stored.set(key, value),
    },
  });
  Object.assign(globalThis, { self: page, document });
  try {
    const life = new Life();
    const platform = uniPlatform({ connect: () => undefined });
    platform.watch?.(life.on);
    document["visibilityState"] = "hidden";
    document.dispatchEvent(new Event("visibilitychange"));
    platform.storage?.set("suona", "one");
    assert.deepEqual(life.all, ["hidden"]);
    assert.equal(stored.get("suona"), "one");
    assert.equal(platform.habits.suspends, false);
  } finally {
    Reflect.deleteProperty(globalThis, "self");
    Reflect.deleteProperty(globalThis, "document");
  }
});
