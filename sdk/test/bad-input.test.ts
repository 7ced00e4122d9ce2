import assert from "node:assert/strict";
import { test } from "node:test";
import { inspect } from "node:util";
import { createSuona } from "../src/client/suona.js";
import { en } from "../src/en.js";
import type { SuonaError, Words } from "../src/errors.js";
import type { Options, Suona } from "../src/index.js";
import { explain, nameOf } from "../src/platform/diagnosis.js";
import { ReliableSocket } from "../src/socket.js";
import { outcome } from "./outcome.js";
import { World } from "./world.js";

/** What may be wrong: the options of all clients, as far as they are the same. */
type Given = Partial<Pick<Options, "url" | "getToken" | "openTimeout" | "firstWait" | "onHide">> & Record<string, unknown>;

/** Each entry of the package that connects, by its name. All tell what is wrong in their `status`. */
const entries: Record<string, (world: World, given: Given) => Entry> = {
  suona: (world, given) => world.client(given),
  "suona/client": (world, { url = ADDRESS, ...given }) =>
    createSuona({ platform: world.device, url, words: en, nameOf: (fault) => nameOf(fault, url), ...given }),
  "suona/socket": (world, { url = ADDRESS, ...given }) =>
    new ReliableSocket({ platform: world.device, url, words: en, explain, ...given }),
};
const clients = ["suona", "suona/client"];
const ADDRESS = "wss://example.org/any";

interface Entry {
  readonly status: { each(listener: (view: { online: boolean; error?: SuonaError | undefined }) => unknown): unknown };
  start(): void;
  close(): void;
}

/** Whatever is wrong: what the page is told, that the app is told in sentences, and that nothing escapes. */
async function told(entry: string, prepare: (world: World) => Given, ms = 30_000): Promise<string[]> {
  const escaped: unknown[] = [];
  const note = (reason: unknown) => escaped.push(reason);
  process.on("unhandledRejection", note);
  const world = new World();
  const client = entries[entry]!(world, prepare(world));
  const shown: { online: boolean; error: SuonaError }[] = [];
  client.status.each(({ error, online }) => error && shown.push({ online, error }));
  client.start();
  await world.pass(ms);
  assert.ok(world.device.sockets.length < 60, `${world.device.sockets.length} dials`);
  client.close();
  assert.equal(world.device.timers, 0);
  await new Promise((resolve) => setImmediate(resolve));
  process.off("unhandledRejection", note);
  assert.deepEqual(escaped, []);
  for (const { online, error } of shown) {
    const { code, message, hint } = error;
    assert.deepEqual({ message, hint }, (en as Words).faults[code], code);
    // A socket with an option that is wrong works all the same.
    assert.ok(!online || code === "bad-option", `${code} although it is online`);
  }
  return [...new Set(shown.map(({ error }) => error.code))];
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
  for (const entry of Object.keys(entries)) {
    test(`an address that ${what} is told as ${code} by ${entry}`, async () => {
      const codes = await told(entry, (world) => {
        prepare(world);
        return { url };
      });
      assert.deepEqual(codes, [code]);
    });
  }
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
  for (const entry of clients) {
    test(`a server that says ${words} is told as not-centrifuge by ${entry}`, async () => {
      const codes = await told(entry, (world) => {
        world.server.babble = words;
        return {};
      });
      assert.equal(codes[0], "not-centrifuge");
    });
  }
}

/** What JSON can hold, where something else is expected. 1e999 is `Infinity` to JavaScript. */
const anything = ['"x"', '"-1"', "0", "-1", "1e999", "null", "true", "[]", "[3]", "{}", '{"a":1}'];
for (const name of ["version", "node", "ping", "pong", "time", "ttl", "expires", "client", "subs"]) {
  for (const entry of clients) {
    test(`a connect reply whose ${name} is anything at all is understood by ${entry} or told as not-centrifuge`, async () => {
      for (const value of anything) {
        const world = new World();
        const fields = { version: '"Suona 0.1.0"', ping: "25", pong: "true", time: "1700000000000", [name]: value };
        const reply = Object.entries(fields).map(([field, value]) => `"${field}":${value}`);
        world.server.babble = `{"id":1,"connect":{${reply.join()}}}`;
        const client = entries[entry]!(world, { getToken: () => "token" }) as Suona;
        const codes = new Set<string | undefined>();
        client.status.each(({ error }) => codes.add(error?.code));
        client.start();
        await world.pass(600);
        const { online, until } = client.status.value;
        assert.ok(online ? codes.size === 1 : codes.has("not-centrifuge"), `${value}: ${[...codes]}`);
        assert.ok(until === undefined || until < Infinity, `${value}: ${until}`);
        assert.ok(Math.abs(client.serverNow()) < Infinity, `${value}: the clock says ${client.serverNow()}`);
        await world.pass(60_000);
        assert.ok(world.device.sockets.length < 40 && world.device.mostTimers <= 1, `${value}: ${world.device.sockets.length}`);
        client.close();
        assert.equal(world.device.timers, 0);
      }
    });
  }
}

const tokens: [string, Options["getToken"], string][] = [
  ["throws", thrower, "token-failed"],
  ["rejects", () => Promise.reject(new Error("no login")), "token-failed"],
  ["rejects with nothing", () => Promise.reject(undefined), "token-failed"],
  ["rejects with what has no text", () => Promise.reject(Object.create(null)), "token-failed"],
  ["rejects with an error whose message is none", () => Promise.reject({ message: 42 }), "token-failed"],
  ["hangs", () => new Promise<string>(() => undefined), "token-slow"],
  ["gives nothing", () => undefined, "no-token"],
  ["gives an empty one", () => "", "no-token"],
];
for (const [how, getToken, code] of tokens) {
  for (const entry of clients) {
    test(`a getToken that ${how} is told as ${code} by ${entry}`, async () => {
      assert.deepEqual(await told(entry, () => ({ getToken })), [code]);
    });
  }
}

const options: [string, Given][] = [
  ["suona", { ttl: NaN }],
  ["suona", { openTimeout: -1 }],
  ["suona", { firstWait: "1s" as unknown as number }],
  ["suona", { outboxBytes: NaN }],
  ["suona", { onHide: { closeAfter: NaN } }],
  ["suona/socket", { heartbeat: { send: "{}", every: NaN } }],
  ["suona/socket", { heartbeat: { send: "{}", every: 0 } }],
  ["suona/socket", { heartbeat: { send: "{}", patience: -5 } }],
  ["suona/socket", { queue: { ttl: NaN } }],
];
for (const [entry, given] of options) {
  test(`${inspect(given)} is told as bad-option by ${entry}`, async () => {
    assert.deepEqual(await told(entry, () => given), ["bad-option"]);
  });
}

for (const ttl of [NaN, -1, "1s" as unknown as number]) {
  test(`a ttl of ${ttl} is refused where a command has it, and stops no timer`, async () => {
    const world = new World();
    const suona = world.client();
    const refused = suona.rpc("bid", 1, { ttl });
    await assert.rejects(refused, { code: "bad-option", hint: en.faults["bad-option"].hint, raw: `ttl is ${ttl}` });
    const waiting = outcome(suona.rpc("bid", 2, { ttl: 1000 }));
    await world.pass(1100);
    assert.equal(waiting.now, "expired");
    suona.close();
  });

  test(`a ttl of ${ttl} is as good as none in suona/client`, async () => {
    const world = new World();
    const suona = createSuona({ platform: world.device, url: ADDRESS, ttl });
    const waiting = [outcome(suona.rpc("bid")), outcome(suona.rpc("bid", 1, { ttl }))];
    await world.pass(59_000);
    assert.deepEqual(waiting.map(({ now }) => now), ["pending", "pending"]);
    await world.pass(2000);
    assert.deepEqual(waiting.map(({ now }) => now), ["expired", "expired"]);
    assert.equal(world.device.timers, 0);
  });
}

test("with an option that is wrong, commands are refused at once, with its name", async () => {
  const world = new World();
  const suona = world.client({ longestWait: NaN });
  const refused = { code: "bad-option", hint: en.faults["bad-option"].hint, raw: "longestWait is NaN" };
  const ask = (): Promise<unknown>[] => [
    suona.rpc("bid", 1),
    suona.publish("news", 1),
    suona.send(1),
    suona.channel("news").publish(1),
    suona.channel("news").history(),
    suona.channel("news").presence(),
    suona.channel("news").presenceStats(),
  ];
  for (const command of ask()) await assert.rejects(command, refused);
  suona.start();
  for (const command of ask()) await assert.rejects(command, refused);
  assert.equal(suona.status.value.pending, 0);
  assert.equal(world.device.timers, 0);
});

test("an option that is wrong is named in the reason, and nothing is dialled", async () => {
  const world = new World();
  const suona = world.client({ maxAttempts: -2 });
  suona.start();
  await world.pass(1000);
  const { state, reason, notice, error } = suona.status.value;
  assert.deepEqual([state, reason, error?.raw], ["offline", "an option is wrong: maxAttempts is -2", "maxAttempts is -2"]);
  assert.equal(notice, en.faults["bad-option"].hint);
  assert.match(suona.report(), /maxAttempts is -2/);
  assert.equal(world.device.sockets.length, 0);
});

test("without words there are codes all the same", async () => {
  const world = new World();
  world.device.dialled = (line) => line.lose({ raw: { errMsg: "TLS handshake failed" } });
  const suona = createSuona({ platform: world.device, url: ADDRESS });
  const socket = new ReliableSocket({ platform: world.another(2), url: () => "" });
  suona.start();
  socket.start();
  await world.pass(10);
  assert.equal(suona.status.value.error?.code, "unreachable");
  assert.equal(socket.status.value.error, undefined);
  assert.equal(socket.status.value.state.loss?.reason, "no address to dial");
  suona.close();
  socket.close();
});
