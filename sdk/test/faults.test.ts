import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import type { SuonaError, Words } from "../src/errors.js";
import { en } from "../src/en.js";
import type { Loss } from "../src/platform/platform.js";
import { zh } from "../src/zh.js";
import type { Suona } from "../src/index.js";
import { World } from "./world.js";

const losses: [string, Loss][] = [
  ["killed in the background, which phones call normal", { code: 1000, reason: "interrupted" }],
  ["closed as if normally", { code: 1000, reason: "normal closure" }],
  ["ended without a close frame, on iOS", { code: 1001, reason: "Stream end encountered" }],
  ["without a code", { code: 1005, reason: "" }],
  ["cut", { code: 1006, reason: "abnormal closure" }],
  ["for no reason at all", { code: 0, reason: "" }],
  ["with an error and nothing else", { raw: { errMsg: "connection reset" } }],
];
for (const [how, loss] of losses) {
  test(`a connection lost ${how} comes back`, async () => {
    const world = new World();
    const suona = world.client();
    suona.start();
    await world.pass(6000);
    world.device.last.lose(loss);
    world.device.last.lose({ code: 1006 });
    assert.equal(suona.status.value.online, false);
    await world.pass(1000);
    assert.equal(suona.status.value.online, true);
    assert.equal(world.device.sockets.length, 2);
    suona.close();
  });
}

const messages: [string, string][] = [
  ["open fail: _code:8,_msg:TLS handshake failed", "tls"],
  ["UNABLE_TO_VERIFY_LEAF_SIGNATURE", "tls"],
  ["connectSocket:fail url not in domain list", "domain"],
  ["open fail: _code:20,_msg:Invalid HTTP status.", "no-websocket"],
  ["open fail: _code:2, _msg:Underlying Transport Error", "unreachable"],
  ["SyntaxError: The URL 'nowhere' is invalid.", "bad-address"],
];
for (const [errMsg, code] of messages) {
  test(`a device that says "${errMsg}" is understood as ${code}`, async () => {
    const world = new World();
    world.device.dialled = (line) => line.lose({ raw: { errMsg } });
    const suona = world.client({ words: en });
    suona.start();
    await world.pass(10);
    const { error, notice, state } = suona.status.value;
    assert.equal(error?.code, code);
    assert.deepEqual({ message: error?.message, hint: error?.hint }, (en as Words).faults[code]);
    assert.equal(notice, "Connecting…");
    assert.notEqual(state, "offline");
    suona.close();
  });
}

test("a device that has too many sockets is understood, and dialled again after a second", async () => {
  const world = new World();
  const full = { full: true, raw: { errMsg: "createSocketTask:fail exceed max concurrent count" } };
  world.device.dialled = (line) => line.lose(full);
  const suona = world.client();
  suona.start();
  await world.pass(10);
  assert.equal(suona.status.value.error?.code, "too-many-sockets");
  await world.pass(980);
  assert.equal(world.device.sockets.length, 1);
  await world.pass(10);
  assert.equal(world.device.sockets.length, 2);
  suona.close();
});

test("every code has its sentences in both languages", () => {
  assert.deepEqual(Object.keys(zh.faults), Object.keys(en.faults));
  for (const { message, hint } of Object.values(zh.faults)) assert.match(message + hint, /[\u4e00-\u9fff].*。$/);
  for (const { message, hint } of Object.values(en.faults)) assert.match(message + hint, /^[A-Z].*\.$/);
});

test("every code is in the documentation with its sentences", () => {
  for (const [file, words] of [["errors.md", en], ["errors.zh-CN.md", zh]] as const) {
    const text = readFileSync(new URL(`../../docs/${file}`, import.meta.url), "utf8");
    const rows = [...text.matchAll(/^\| `([\w-]+)` \| (.+) \| (.+) \|$/gm)];
    assert.deepEqual(Object.fromEntries(rows.map(([, code, message, hint]) => [code, { message, hint }])), words.faults);
  }
});

test("each step is said on the console where that is asked for", async () => {
  const world = new World();
  const said: string[] = [];
  const { log } = console;
  console.log = (line: string) => said.push(line);
  const suona = world.client({ debug: true });
  suona.start();
  await world.pass(300);
  suona.close();
  console.log = log;
  assert.deepEqual(
    said.map((line) => line.replace(/^\S+ /, "")),
    ["opening: start", "online: connected to Suona 0.1.0", "offline: closed"],
  );
});

test("without words, and for errors of the backend's own, the hint is the message", async () => {
  const world = new World();
  world.server.rpc = () => ({ error: { code: 409, message: "低于当前最高价" } });
  const suona = world.client({ words: zh });
  suona.start();
  const error = await outcomeOf(world, suona.rpc("bid", 1));
  assert.deepEqual([error.code, error.message, error.hint], ["server-409", "低于当前最高价", "低于当前最高价"]);
  assert.deepEqual(error.raw, { code: 409, message: "低于当前最高价" });
  suona.close();
});

async function outcomeOf(world: World, promise: Promise<unknown>): Promise<SuonaError> {
  let caught: SuonaError | undefined;
  promise.catch((error: SuonaError) => (caught = error));
  await world.pass(500);
  assert.ok(caught);
  return caught;
}

test("two hundred clients that lose the same server spread their return, at the ceiling too", async () => {
  const world = new World();
  const clients: { suona: Suona; device: World["device"] }[] = [];
  for (let n = 0; n < 200; n++) {
    const device = world.another(1000 + n, { suspends: true });
    clients.push({ suona: world.client({ platform: device }), device });
  }
  clients.forEach(({ suona }) => suona.start());
  await world.pass(6000);
  const lost = world.timeline.now;
  world.network = "cut";
  world.server.restart();
  const dials = () => clients.map(({ device }) => device.sockets.length);
  const before = dials();
  await world.pass(250);
  const early = dials().filter((count, n) => count > before[n]!).length;
  assert.ok(early > 60 && early < 140, `${early} of 200 in the first half of the first bound`);

  // Long after, everyone is at the ceiling: what each draws next falls evenly into the 20 s.
  await world.pass(300_000);
  const drawn = new Map<Suona, number>();
  for (const { suona } of clients) {
    suona.status.on(({ state, until }) => {
      if (state === "waiting" && !drawn.has(suona)) drawn.set(suona, until! - world.timeline.now);
    });
  }
  await world.pass(45_000);
  assert.ok(drawn.size > 195, `${drawn.size} have drawn`);
  assert.ok(distanceFromEven([...drawn.values()], 20_000) < 0.115, "one in a hundred even ones is as far off"); // 1.63 / sqrt(200)

  const counts = [0, 0, 0, 0];
  world.network = "up";
  const back = new Set<number>();
  for (let tick = 0; tick < 40; tick++) {
    await world.pass(500);
    clients.forEach(({ suona }, n) => {
      if (!suona.status.value.online || back.has(n)) return;
      back.add(n);
      counts[Math.floor(tick / 10)]!++;
    });
  }
  // Whoever waits when the server returns has part of a random wait behind it: twice as many come early as late.
  assert.ok(back.size > 195, `${back.size} are back after ${(world.timeline.now - lost) / 1000} s`);
  assert.ok(Math.max(...counts) < 120, `at most a bit more than half in one quarter: ${counts}`);
  assert.ok(counts[1]! > 20 && counts[2]! > 10, `${counts}`);
  clients.forEach(({ suona }) => suona.close());
});

/** The greatest distance between how values are distributed and an even distribution below `bound` (Kolmogorov, Smirnov). */
function distanceFromEven(values: number[], bound: number): number {
  const sorted = values.slice().sort((one, other) => one - other);
  const distances = sorted.map((value, n) => Math.abs((n + 0.5) / sorted.length - value / bound));
  return Math.max(...distances) + 0.5 / sorted.length;
}

/** A client that was hidden for ten seconds, most of them suspended, at the moment when it is shown. */
async function backAtTheFront(): Promise<{ world: World; suona: Suona }> {
  const world = new World();
  const suona = world.client();
  suona.channel("news").on(() => undefined);
  suona.start();
  await world.pass(300);
  world.device.last.closing = () => undefined; // no event ever comes of it
  world.device.hide();
  await world.pass(2000);
  world.device.suspend();
  await world.pass(8000);
  return { world, suona };
}

/** The dial, and one round trip. */
const DIAL = 50;
const ROUND_TRIP = 20 + 20;

test("back at the front after ten seconds, the client adds nothing to the dial and the round trip", async () => {
  const { world, suona } = await backAtTheFront();
  world.device.show();
  world.device.resume();
  await world.pass(DIAL + ROUND_TRIP - 1);
  assert.equal(suona.status.value.online, false);
  await world.pass(1);
  assert.equal(suona.status.value.online, true);
  assert.equal(world.device.sockets.length, 2);
  suona.close();
});

test("at the limit of sockets, it adds one second", async () => {
  const { world, suona } = await backAtTheFront();
  const { dialled } = world.device;
  world.device.dialled = (line) => {
    world.device.dialled = dialled;
    line.lose({ full: true, reason: "exceed max concurrent count" });
  };
  world.device.show();
  world.device.resume();
  await world.pass(1000 + DIAL + ROUND_TRIP - 1);
  assert.equal(suona.status.value.online, false);
  await world.pass(1);
  assert.equal(suona.status.value.online, true);
  suona.close();
});

test("messages that come twice or late are heard once and in order", async () => {
  const world = new World();
  const suona = world.client();
  const heard: unknown[] = [];
  suona.channel("news").on((data) => heard.push(data));
  suona.start();
  await world.pass(300);
  for (const offset of [1, 2, 2, 1, 3]) {
    world.device.last.receive(JSON.stringify({ push: { channel: "news", pub: { data: offset, offset } } }));
  }
  assert.deepEqual(heard, [1, 2, 3]);
  suona.close();
});

test("an app that was destroyed goes on where it was", async () => {
  const world = new World();
  const first = world.client();
  first.channel("news", { keep: true }).on(() => undefined);
  first.start();
  await world.pass(300);
  world.server.publish("news", 1);
  await world.pass(100);
  world.device.suspend(); // for ever
  world.server.publish("news", 2);
  const reborn = world.another(77);
  for (const [key, value] of world.device.kept) reborn.kept.set(key, value);
  const second = world.client({ platform: reborn });
  const heard: unknown[] = [];
  second.channel("news", { keep: true }).each((data) => heard.push(data));
  second.start();
  await world.pass(300);
  assert.deepEqual(heard, [2]);
  second.close();
});

test("what is kept may be rubbish", async () => {
  const world = new World();
  world.device.kept.set("suona/news", "{");
  const suona = world.client();
  suona.channel("news", { keep: 3 }).each(() => undefined);
  suona.start();
  await world.pass(300);
  assert.equal(suona.status.value.online, true);
  suona.close();
});

test("the wall clock may be set back while commands wait", async () => {
  const world = new World();
  const suona = world.client({ ttl: 5000 });
  const codes: string[] = [];
  suona.rpc("bid").catch((error: { code: string }) => codes.push(error.code));
  await world.pass(1000);
  world.timeline.now -= 3_600_000;
  await world.pass(10_000);
  assert.deepEqual(codes, ["expired"]);
  suona.close();
  assert.equal(world.device.timers, 0);
});
