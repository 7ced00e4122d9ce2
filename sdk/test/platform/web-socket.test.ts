import assert from "node:assert/strict";
import { test } from "node:test";
import { browserPlatform, type BrowserWindow } from "../../src/platform/browser.js";
import { nodePlatform, type WebSocketClass } from "../../src/platform/node.js";
import type { WebSocketLike } from "../../src/platform/web-socket.js";
import { Heard, Life, settled } from "../heard.js";

const dial = { url: "wss://example.org/connection/websocket", timeout: 10_000 };

/** A `WebSocket` that does what the test says. */
class Script implements WebSocketLike {
  static last: Script;
  static refuses: Error | undefined;
  binaryType = "blob";
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: unknown }) => void) | null = null;
  onerror: ((event: unknown) => void) | null = null;
  onclose: ((event: { code: number; reason: string }) => void) | null = null;
  readonly sent: unknown[] = [];
  readonly closes: unknown[][] = [];
  readonly given: unknown[];
  dead = false;

  constructor(...given: unknown[]) {
    if (Script.refuses) throw Script.refuses;
    this.given = given;
    Script.last = this;
  }

  send(frame: unknown): void {
    if (this.dead) throw new Error("InvalidStateError");
    this.sent.push(frame);
  }

  close(...how: unknown[]): void {
    this.closes.push(how);
    if (how[0] === 1001) throw new Error("InvalidAccessError");
  }
}

function fakePage(): { page: BrowserWindow & EventTarget; document: EventTarget & { visibilityState: string } } {
  const document = Object.assign(new EventTarget(), { visibilityState: "visible" });
  const page = Object.assign(new EventTarget(), { WebSocket: Script, document });
  return { page: page as unknown as BrowserWindow & EventTarget, document };
}

for (const [name, platform] of [
  ["a browser", browserPlatform(fakePage().page)],
  ["Node", nodePlatform(Script as unknown as WebSocketClass)],
] as const) {
  test(`${name}: a socket opens, hears and speaks, in text and in bytes`, () => {
    const on = new Heard();
    const socket = platform.open(dial, on.on);
    assert.equal(Script.last.binaryType, "arraybuffer");
    Script.last.onopen?.();
    socket.send("hello");
    Script.last.onmessage?.({ data: "and you" });
    Script.last.onmessage?.({ data: new Uint8Array([1, 2]).buffer });
    Script.last.onmessage?.({ data: new Uint8Array([1, 2, 3]).subarray(1) });
    Script.last.onmessage?.({ data: { size: 3 } });
    assert.deepEqual(on.all, ["opened", "received and you", "received 2 bytes", "received 2 bytes"]);
    assert.deepEqual(Script.last.sent, ["hello"]);
  });

  test(`${name}: the close after an error is the loss, and keeps what the error said`, () => {
    const on = new Heard();
    platform.open(dial, on.on);
    const error = new Error("Unexpected server response: 404");
    Script.last.onerror?.({ error, message: error.message });
    assert.deepEqual(on.all, []);
    Script.last.onclose?.({ code: 1006, reason: "" });
    Script.last.onclose?.({ code: 1006, reason: "" });
    assert.deepEqual(on.all, ["lost"]);
    assert.deepEqual(on.loss, { code: 1006, reason: error.message, raw: error });
  });

  test(`${name}: a class that throws is a loss after the dial returned`, async () => {
    Script.refuses = new SyntaxError("Invalid URL: nonsense");
    try {
      const on = new Heard();
      const socket = platform.open(dial, on.on);
      socket.send("nowhere");
      socket.close(1000, "");
      assert.deepEqual(on.all, []);
      await settled();
      assert.deepEqual(on.all, ["lost"]);
      assert.equal(on.loss?.raw, Script.refuses);
    } finally {
      Script.refuses = undefined;
    }
  });

  test(`${name}: after a close nothing is heard but the loss, and a code that is refused is left out`, () => {
    const on = new Heard();
    const socket = platform.open(dial, on.on);
    socket.close(1001, "going away");
    socket.close(1000, "again");
    Script.last.onopen?.();
    Script.last.onmessage?.({ data: "late" });
    socket.send("late");
    assert.deepEqual(Script.last.closes, [[1001, "going away"], []]);
    assert.deepEqual([on.all, Script.last.sent], [[], []]);
    Script.last.onclose?.({ code: 1005, reason: "" });
    assert.deepEqual(on.all, ["lost"]);
  });

  test(`${name}: a send that throws is a loss`, async () => {
    const on = new Heard();
    const socket = platform.open(dial, on.on);
    Script.last.onopen?.();
    Script.last.dead = true;
    socket.send("hello");
    assert.deepEqual(on.all, ["opened"]);
    await settled();
    assert.deepEqual(on.all, ["opened", "lost"]);
  });
}

test("a browser is given no empty list of sub-protocols, npm ws its headers", () => {
  const asked = { ...dial, protocols: ["centrifuge-json"], headers: { "X-Shop": "7" } };
  browserPlatform(fakePage().page).open(dial, new Heard().on);
  assert.deepEqual(Script.last.given, [dial.url, undefined]);
  browserPlatform(fakePage().page).open(asked, new Heard().on);
  assert.deepEqual(Script.last.given, [dial.url, ["centrifuge-json"]]);
  nodePlatform(Script as unknown as WebSocketClass).open(asked, new Heard().on);
  assert.deepEqual(Script.last.given, [
    dial.url,
    ["centrifuge-json"],
    { headers: { "X-Shop": "7" }, handshakeTimeout: 10_000 },
  ]);
});

test("a page that leaves and comes back is told of once, however it leaves", () => {
  const { page, document } = fakePage();
  const life = new Life();
  const undo = browserPlatform(page).watch?.(life.on);
  const turn = (visibilityState: string): void => {
    document.visibilityState = visibilityState;
    document.dispatchEvent(new Event("visibilitychange"));
  };
  turn("hidden");
  page.dispatchEvent(new Event("pagehide"));
  page.dispatchEvent(new Event("pageshow"));
  turn("visible");
  page.dispatchEvent(new Event("offline"));
  page.dispatchEvent(new Event("online"));
  undo?.();
  turn("hidden");
  page.dispatchEvent(new Event("offline"));
  assert.deepEqual(life.all, ["hidden", "shown", "network false", "network true"]);
});

test("a browser that blocks its storage loses what it was given", () => {
  const { page } = fakePage();
  Object.defineProperty(page, "localStorage", {
    get: () => {
      throw new Error("SecurityError");
    },
  });
  const { storage } = browserPlatform(page);
  storage?.set("suona", "one");
  assert.equal(storage?.get("suona"), undefined);
});

test("Node has no life to tell of and no storage", () => {
  const platform = nodePlatform(Script as unknown as WebSocketClass);
  assert.deepEqual([platform.watch, platform.storage], [undefined, undefined]);
});
