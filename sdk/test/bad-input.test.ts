import assert from "node:assert/strict";
import { test } from "node:test";
import { en } from "../src/en.js";
import type { Words } from "../src/errors.js";
import type { Options } from "../src/index.js";
import { World } from "./world.js";

/** Whatever is wrong: what the page is told, that the app is told in sentences, and that nothing escapes. */
async function told(prepare: (world: World) => Partial<Options>, ms = 30_000): Promise<string[]> {
  const escaped: unknown[] = [];
  const note = (reason: unknown) => escaped.push(reason);
  process.on("unhandledRejection", note);
  const world = new World();
  const suona = world.client(prepare(world));
  const codes: string[] = [];
  suona.status.each(({ error, notice, online }) => {
    if (!error) return;
    assert.equal(online, false);
    const { code, message, hint } = error;
    assert.deepEqual({ message, hint }, (en as Words).faults[code], code);
    assert.ok(notice);
    codes.push(code);
  });
  suona.start();
  await world.pass(ms);
  assert.notEqual(suona.status.value.online, true);
  suona.close();
  assert.equal(world.device.timers, 0);
  await new Promise((resolve) => setImmediate(resolve));
  process.off("unhandledRejection", note);
  assert.deepEqual(escaped, []);
  return [...new Set(codes)];
}

/** A device that refuses each dial with these words. */
const refusing = (errMsg: string) => (world: World) => {
  world.device.dialled = (line) => line.lose({ raw: { errMsg } });
};

const dials: [string, Options["url"], (world: World) => void, string][] = [
  ["is no URL", "nonsense", refusing("connectSocket:fail"), "bad-address"],
  ["is one of HTTP", "http://example.org/", refusing("connectSocket:fail"), "bad-address"],
  ["has ws:// where the device forbids it", "ws://example.org/", refusing("url not in domain list"), "insecure-address"],
  ["is a plain web server", "wss://example.org/", refusing("_code:20,_msg:Invalid HTTP status."), "no-websocket"],
  ["is asked for and throws", thrower, () => undefined, "no-address"],
  ["is asked for and rejected", () => Promise.reject(new Error("no host")), () => undefined, "no-address"],
  ["is asked for and is nothing", () => undefined as unknown as string, () => undefined, "no-address"],
  ["is asked for and never comes", () => new Promise<string>(() => undefined), () => undefined, "no-answer"],
];
for (const [what, url, prepare, code] of dials) {
  test(`an address that ${what} is told as ${code}`, async () => {
    const codes = await told((world) => {
      prepare(world);
      return { url };
    });
    assert.deepEqual(codes, [code]);
  });
}

function thrower(): string {
  throw new Error("no host");
}

const babble = [
  '0{"sid":"x","upgrades":[],"pingInterval":25000}',
  "<html><body>hello</body></html>",
  "42",
  "null",
  "[1",
  '{"id":1,"connect":{"subs":{"news":null}}}',
  '{"push":{"channel":"news","join":{"info"',
];
for (const words of babble) {
  test(`a server that says ${words} is told as not-centrifuge`, async () => {
    const codes = await told((world) => {
      world.server.babble = words;
      return {};
    });
    assert.equal(codes[0], "not-centrifuge");
  });
}

const tokens: [string, Options["getToken"], string][] = [
  ["throws", thrower, "token-failed"],
  ["rejects", () => Promise.reject(new Error("no login")), "token-failed"],
  ["rejects with nothing", () => Promise.reject(undefined), "token-failed"],
  ["hangs", () => new Promise<string>(() => undefined), "token-slow"],
  ["gives nothing", () => undefined, "no-token"],
  ["gives an empty one", () => "", "no-token"],
];
for (const [how, getToken, code] of tokens) {
  test(`a getToken that ${how} is told as ${code}`, async () => {
    assert.deepEqual(await told(() => ({ getToken })), [code]);
  });
}
