import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { detect } from "../../src/platform/detect.js";

const names = ["WebSocket", "document", "self", "tt", "my", "swan", "uni", "wx"] as const;
type Name = (typeof names)[number];
const before = new Map(names.map((name) => [name, Object.getOwnPropertyDescriptor(globalThis, name)]));
const app = { connectSocket: () => undefined };

/** Makes this process look like a device that has these names and no other. */
function device(has: Partial<Record<Name, unknown>>): void {
  for (const name of names) {
    Reflect.deleteProperty(globalThis, name);
    if (name in has) Object.defineProperty(globalThis, name, { value: has[name], configurable: true });
  }
}

afterEach(() => {
  device({});
  before.forEach((property, name) => property && Object.defineProperty(globalThis, name, property));
});

class FakeWebSocket {}
const page = { WebSocket: FakeWebSocket, document: {}, self: {} };

for (const [where, has, name] of [
  ["WeChat", { wx: app }, "wx"],
  ["Douyin, which brings a wx too", { tt: app, wx: app }, "douyin"],
  ["Alipay", { my: app }, "alipay"],
  ["Baidu", { swan: app }, "swan"],
  ["uni-app in an app", { uni: app }, "uni"],
  ["uni-app compiled to WeChat", { uni: app, wx: app }, "uni"],
  ["uni-app compiled to Alipay", { uni: app, my: app }, "alipay"],
  ["a page", page, "browser"],
  ["uni-app's H5, where uni and wx are empty", { ...page, uni: {}, wx: {} }, "browser"],
  ["a page in WeChat, with its JS-SDK", { ...page, wx: { config: () => undefined } }, "browser"],
  ["Taro in WeChat, with a document of its own", { document: {}, wx: app }, "wx"],
  ["Node with a WebSocket", { WebSocket: FakeWebSocket }, "node"],
  ["a device where the API is no function", { wx: { connectSocket: "soon" } }, undefined],
  ["a device whose globals are null", { wx: null, uni: null, my: undefined }, undefined],
  ["an unknown device", {}, undefined],
] as const) {
  test(`${where} is ${name ?? "nothing known"}`, () => {
    device(has);
    assert.equal(detect()?.name, name);
  });
}

test("a device that refuses to be asked is passed over", () => {
  device({ uni: app });
  Object.defineProperty(globalThis, "wx", {
    configurable: true,
    get: () => {
      throw new Error("wx is forbidden here");
    },
  });
  Object.defineProperty(globalThis, "my", {
    configurable: true,
    value: {
      get connectSocket(): never {
        throw new Error("not in this version");
      },
    },
  });
  assert.equal(detect()?.name, "uni");
});
