import assert from "node:assert/strict";
import { test } from "node:test";
import type { SuonaError } from "../src/errors.js";
import { World } from "./world.js";

/** The outcome of a promise, in a word. */
function outcome(promise: Promise<unknown>): { now: string } {
  const seen = { now: "pending" };
  promise.then(
    (result) => (seen.now = `done ${JSON.stringify(result)}`),
    (error: SuonaError) => (seen.now = error.code),
  );
  return seen;
}

test("a client connects, subscribes in the same frame, and hears", async () => {
  const world = new World();
  const suona = world.client({ token: "abc" });
  const heard: unknown[] = [];
  suona.channel("news").each((data) => heard.push(data));
  suona.start();
  await world.pass(200);
  assert.equal(suona.status.value.online, true);
  assert.equal(world.server.frames.length, 1);
  assert.match(
    world.server.frames[0]!,
    /^\{"id":1,"connect":\{"token":"abc","name":"suona","headers":\{"suona-session":"[0-9a-f]{32}","suona-farewell":"1","suona-time":"1"\}\}\}\n\{"id":2,"subscribe":\{"channel":"news","positioned":true,"recoverable":true\}\}$/,
  );
  world.server.publish("news", "你好");
  await world.pass(100);
  assert.deepEqual(heard, ["你好"]);
  suona.close();
  assert.equal(world.device.timers, 0);
  assert.equal(world.device.watchers, 0);
});

test("a tunnel loses nothing", async () => {
  const world = new World();
  const suona = world.client();
  const heard: unknown[] = [];
  let gaps = 0;
  suona.channel("news").on({ message: (data) => heard.push(data), gap: () => gaps++ });
  suona.start();
  await world.pass(200);
  world.server.publish("news", 1);
  await world.pass(100);
  world.cut(true);
  world.server.publish("news", 2);
  await world.pass(40_000);
  world.server.publish("news", 3);
  await world.pass(100);
  assert.deepEqual(heard, [1, 2, 3]);
  assert.equal(gaps, 0);
  suona.close();
});

test("after a gap the page is reloaded while newer messages wait", async () => {
  const world = new World();
  world.server.historySize = 2;
  const suona = world.client();
  const story: unknown[] = [];
  suona.channel("lot").on({
    reload: async () => {
      story.push("loading");
      await new Promise<void>((resolve) => world.timeline.after(1000, resolve));
      story.push("loaded");
    },
    message: (data) => story.push(data),
    gap: () => story.push("gap"),
  });
  suona.start();
  await world.pass(200);
  world.server.publish("lot", 1);
  await world.pass(2000);
  assert.deepEqual(story.splice(0), ["loading", "loaded", 1]);
  world.network = "cut";
  world.cut();
  for (let n = 2; n < 9; n++) world.server.publish("lot", n);
  await world.pass(1000);
  world.network = "up";
  await world.pass(3000);
  world.server.publish("lot", 9);
  await world.pass(3000);
  assert.deepEqual(story, ["gap", "loading", "loaded", 9]);
  suona.close();
});

test("commands that are given together leave together, and wait for the connection", async () => {
  const world = new World();
  const suona = world.client();
  const first = outcome(suona.rpc("echo", { a: 1 }));
  const second = outcome(suona.publish("news", "x"));
  assert.equal(suona.status.value.pending, 2);
  suona.start();
  await world.pass(300);
  assert.equal(first.now, `done {"a":1}`);
  assert.equal(second.now, "done {}");
  assert.equal(world.server.frames.length, 2);
  assert.equal(suona.status.value.pending, 0);
  suona.close();
});

test("one bid is one bid: an unanswered one is asked again with its key, and done once", async () => {
  const world = new World();
  const suona = world.client();
  let bids = 0;
  world.server.rpc = () => ({ data: ++bids });
  suona.start();
  await world.pass(300);
  const bid = outcome(suona.rpc("bid", { price: 5 }));
  await world.pass(25); // it arrived, the answer did not
  world.cut();
  await world.pass(5000);
  assert.equal(bid.now, "done 1");
  assert.equal(bids, 1);
  suona.close();
});

test("on a server that knows no keys, nobody can say what became of an unanswered bid", async () => {
  const world = new World();
  world.server.version = "6.9.0 OSS";
  const suona = world.client();
  suona.start();
  await world.pass(300);
  const bid = outcome(suona.rpc("bid", { price: 5 }));
  const past = outcome(suona.channel("news").history());
  await world.pass(5);
  world.cut();
  await world.pass(5000);
  assert.equal(bid.now, "unknown-outcome");
  assert.match(past.now, /^done/);
  assert.ok(!world.server.frames.join().includes("idempotency_key"));
  suona.close();
});

test("a bid that waited for twenty minutes in the background is not sent, but settles as expired", async () => {
  const world = new World();
  let bids = 0;
  world.server.rpc = () => ({ data: ++bids });
  const suona = world.client();
  suona.start();
  await world.pass(300);
  world.network = "cut";
  world.cut();
  const bid = outcome(suona.rpc("bid", { price: 5 }));
  await world.pass(3000);
  world.device.hide();
  world.device.suspend();
  await world.pass(1_200_000);
  world.network = "up";
  world.device.show();
  world.device.resume();
  await world.pass(5000);
  assert.equal(suona.status.value.online, true);
  assert.equal(bid.now, "expired");
  assert.equal(bids, 0);
  suona.close();
});

test("the outbox has its limits", async () => {
  const world = new World();
  const suona = world.client({ outboxCommands: 2 });
  const bids = [1, 2, 3].map((price) => outcome(suona.rpc("bid", price)));
  const large = outcome(suona.publish("news", "x".repeat(70_000)));
  const loop: Record<string, unknown> = {};
  loop.self = loop;
  const odd = outcome(suona.publish("news", loop));
  await world.pass(1);
  assert.deepEqual(
    bids.map((bid) => bid.now),
    ["pending", "pending", "outbox-full"],
  );
  assert.equal(large.now, "too-large");
  assert.equal(odd.now, "not-json");
  suona.close();
  await world.pass(1);
  assert.deepEqual(
    bids.map((bid) => bid.now),
    ["stopped", "stopped", "outbox-full"],
  );
  assert.equal(world.device.timers, 0);
});

test("a token is found once, and not again for each connection", async () => {
  const world = new World();
  let asked = 0;
  const suona = world.client({ getToken: () => Promise.resolve(`token ${++asked}`) });
  suona.start();
  await world.pass(300);
  for (let cuts = 0; cuts < 3; cuts++) {
    world.cut();
    await world.pass(10_000);
  }
  assert.deepEqual(
    world.server.greetings.map(({ token }) => token),
    ["token 1", "token 1", "token 1", "token 1"],
  );
  suona.close();
});

test("an expired token is replaced, on the living connection and at connecting", async () => {
  const world = new World();
  let asked = 0;
  const suona = world.client({ getToken: () => `token ${++asked}` });
  world.server.admit = () => ({ ttl: 60 });
  suona.start();
  await world.pass(61_000);
  assert.deepEqual(
    world.server.commands.filter((command) => command.refresh),
    [{ id: 2, refresh: { token: "token 2" } }],
  );
  world.server.admit = (token) =>
    token === "token 3" ? { ttl: 0 } : { error: { code: 109, message: "token expired" } };
  world.cut();
  await world.pass(5000);
  assert.equal(suona.status.value.online, true);
  assert.equal(asked, 3);
  suona.close();
});

const refusals: [string, () => string | null | Promise<string>, string, string][] = [
  [
    "throws",
    () => {
      throw new Error("no login");
    },
    "token-failed",
    "waiting",
  ],
  ["rejects", () => Promise.reject(new Error("no login")), "token-failed", "waiting"],
  ["hangs", () => new Promise<string>(() => undefined), "token-slow", "waiting"],
  ["gives nothing", () => null, "no-token", "offline"],
];
for (const [how, getToken, code, state] of refusals) {
  test(`a getToken that ${how} shows in the status as ${code}`, async () => {
    const world = new World(3);
    const suona = world.client({ getToken });
    const states: string[] = [];
    suona.status.on(({ state, error }) => error && states.push(`${state} ${error.code}`));
    suona.start();
    await world.pass(10_000);
    assert.ok(states.includes(`${state} ${code}`), states.join());
    suona.close();
    assert.equal(world.device.timers, 0);
  });
}

test("a terminal close is obeyed, and so is a farewell, whatever the close code says then", async () => {
  const world = new World();
  const suona = world.client();
  suona.start();
  await world.pass(300);
  for (const connection of world.server.connections) connection.farewell(3503, "force disconnect");
  await world.pass(60_000);
  assert.equal(suona.status.value.state, "offline");
  assert.equal(suona.status.value.error?.code, "server-3503");
  assert.equal(world.device.sockets.length, 1);
  suona.start();
  await world.pass(300);
  for (const connection of world.server.connections) connection.farewell(3001, "shutdown", 9000);
  await world.pass(8900);
  assert.equal(world.device.sockets.length, 2);
  await world.pass(700);
  assert.equal(suona.status.value.online, true);
  for (const connection of world.server.connections) connection.close(3500, "invalid token");
  await world.pass(1000);
  assert.equal(suona.status.value.error?.code, "token-refused");
  suona.close();
});

test("what speaks another protocol is named, and tried again with patience", async () => {
  for (const babble of ['0{"sid":"x","upgrades":[]}', "<html>", "42", "null", "[1"]) {
    const world = new World();
    world.server.babble = babble;
    const suona = world.client();
    suona.start();
    await world.pass(60_000);
    assert.equal(suona.status.value.error?.code, "not-centrifuge", babble);
    assert.ok(world.device.sockets.length < 15);
    suona.close();
  }
});

test("several listeners share one subscription, and the last takes it along", async () => {
  const world = new World();
  const suona = world.client();
  suona.start();
  await world.pass(300);
  const heard: string[] = [];
  const first = suona.channel("news").each((data) => heard.push(`first ${String(data)}`));
  const second = suona.channel("news").each((data) => heard.push(`second ${String(data)}`));
  await world.pass(100);
  world.server.publish("news", 1);
  await world.pass(100);
  first();
  first();
  world.server.publish("news", 2);
  await world.pass(100);
  second();
  await world.pass(100);
  world.server.publish("news", 3);
  await world.pass(100);
  assert.deepEqual(heard, ["first 1", "second 1", "second 2"]);
  assert.equal(world.server.commands.filter((command) => command.subscribe).length, 1);
  assert.equal(world.server.commands.filter((command) => command.unsubscribe).length, 1);
  suona.close();
});

test("what listeners throw or reject with is reported and stops nothing", async () => {
  const world = new World();
  const errors: unknown[] = [];
  const suona = world.client({ onError: (error) => errors.push(error) });
  const heard: unknown[] = [];
  suona.channel("news").on(() => {
    throw new Error("one");
  });
  suona.channel("news").on(() => Promise.reject(new Error("two")));
  suona.channel("news").on((data) => heard.push(data));
  suona.status.on(() => {
    throw new Error("three");
  });
  suona.start();
  await world.pass(300);
  world.server.publish("news", 1);
  await world.pass(100);
  assert.deepEqual(heard, [1]);
  assert.deepEqual([...new Set(errors.map((error) => (error as Error).message))].sort(), ["one", "three", "two"]);
  assert.match(suona.report(), /a callback failed: Error: two/);
  suona.close();
});

test("what is kept survives the end of the app", async () => {
  const world = new World();
  const app = () => {
    const suona = world.client();
    const heard: unknown[] = [];
    suona.channel("scan:1", { keep: 2 }).each((data) => heard.push(data));
    suona.start();
    return { suona, heard };
  };
  const first = app();
  await world.pass(300);
  for (const n of [1, 2, 3]) world.server.publish("scan:1", n);
  await world.pass(100);
  first.suona.close();
  world.server.publish("scan:1", 4);
  const second = app();
  await world.pass(300);
  assert.deepEqual(second.heard, [2, 3, 4]);
  second.suona.close();
});

test("the server's clock is followed", async () => {
  const world = new World();
  const suona = world.client();
  assert.equal(suona.serverNow(), world.timeline.now);
  suona.start();
  world.server.latency = () => 40;
  await world.pass(300);
  assert.equal(suona.serverNow() - world.timeline.now, 5000);
  suona.close();
});

test("channels that the server chose are heard and recovered too", async () => {
  const world = new World();
  world.server.serves = ["#42"];
  const suona = world.client();
  const heard: unknown[] = [];
  suona.channel("#42").each((data) => heard.push(data));
  suona.start();
  await world.pass(300);
  world.server.publish("#42", 1);
  await world.pass(100);
  world.network = "cut";
  world.cut();
  world.server.publish("#42", 2);
  await world.pass(300);
  world.network = "up";
  await world.pass(5000);
  world.server.publish("#42", 3);
  await world.pass(100);
  assert.deepEqual(heard, [1, 2, 3]);
  suona.close();
});

test("a scope ends with its page", async () => {
  const world = new World();
  const suona = world.client();
  suona.start();
  let unloaded = 0;
  const page = { onUnload: () => unloaded++ };
  const heard: unknown[] = [];
  const scope = suona.scope(page);
  scope.channel("news").each((data) => heard.push(data));
  scope.status.on(() => heard.push("status"));
  await world.pass(300);
  heard.length = 0;
  world.server.publish("news", 1);
  await world.pass(100);
  page.onUnload();
  world.server.publish("news", 2);
  world.cut();
  await world.pass(3000);
  assert.deepEqual(heard, [1]);
  assert.equal(unloaded, 1);
  suona.close();
});

test("a channel with a token of its own finds it, and another when it expires", async () => {
  const world = new World();
  let asked = 0;
  const good = new Set(["for $x: 1", "for $x: 2"]);
  world.server.seat = (_, token) =>
    token && good.has(token) ? { ttl: 60 } : { error: { code: 109, message: "token expired" } };
  const suona = world.client();
  let subscribed = 0;
  suona.channel("$x", { getToken: (channel) => `for ${channel}: ${++asked}` }).on({ reload: () => subscribed++ });
  suona.start();
  await world.pass(300);
  assert.equal(subscribed, 1);
  await world.pass(61_000);
  assert.equal(world.server.commands.filter((command) => command.sub_refresh).length, 1);
  good.delete("for $x: 2");
  good.add("for $x: 3");
  world.cut();
  await world.pass(5000);
  assert.equal(asked, 3);
  suona.close();
});

test("a subscription that is refused ends with its reason, one that may come back does", async () => {
  const world = new World();
  world.server.seat = (channel) =>
    channel === "secret" ? { error: { code: 103, message: "permission denied" } } : { ttl: 0 };
  const suona = world.client();
  const ended: string[] = [];
  suona.channel("secret").on({ ended: ({ code }) => ended.push(code) });
  const heard: unknown[] = [];
  suona.channel("news").on((data) => heard.push(data));
  suona.start();
  await world.pass(300);
  assert.deepEqual(ended, ["permission-denied"]);
  for (const connection of world.server.connections) {
    connection.channels.delete("news");
    connection.say({ push: { channel: "news", unsubscribe: { code: 2500, reason: "insufficient state" } } });
  }
  world.server.publish("news", 1);
  await world.pass(2000);
  assert.deepEqual(heard, [1]);
  suona.close();
});

test("a report has no tokens", async () => {
  const world = new World();
  const suona = world.client({
    token: "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiI0MiJ9.c2VjcmV0",
    url: () => {
      throw new Error("wss://x/?token=hush&a=1 eyJh.eyJz.c2Vj");
    },
  });
  suona.start();
  await world.pass(10);
  assert.match(suona.report(), /token=\*\*\*&a=1 \*\*\*/);
  suona.close();
});

test("who logs in after another logged out is asked for a token of his own", async () => {
  const world = new World();
  let user = "ann";
  const suona = world.client({ getToken: () => `token of ${user}` });
  suona.start();
  await world.pass(300);
  suona.close();
  user = "bob";
  suona.start();
  await world.pass(300);
  assert.deepEqual(
    world.server.greetings.map(({ token }) => token),
    ["token of ann", "token of bob"],
  );
  suona.close();
});

test("a command that nobody waits for may fail in silence", async () => {
  const world = new World();
  const unhandled: unknown[] = [];
  const note = (reason: unknown) => unhandled.push(reason);
  process.on("unhandledRejection", note);
  const suona = world.client();
  void suona.rpc("bid");
  void suona.publish("news", 1);
  void suona.channel("news").presence();
  suona.close();
  void suona.send(1);
  await world.pass(10);
  await new Promise((resolve) => setTimeout(resolve, 1));
  process.off("unhandledRejection", note);
  assert.deepEqual(unhandled, []);
});

test("a token that expired in the background is replaced before it is refused", async () => {
  const world = new World();
  let asked = 0;
  world.server.admit = () => ({ ttl: 60 });
  const suona = world.client({ getToken: () => `token ${++asked}` });
  suona.start();
  await world.pass(300);
  world.device.hide();
  await world.pass(4500);
  world.device.suspend();
  await world.pass(1_200_000);
  world.device.show();
  world.device.resume();
  await world.pass(100);
  assert.equal(suona.status.value.online, true);
  assert.deepEqual(
    world.server.greetings.map(({ token }) => token),
    ["token 1", "token 2"],
  );
  suona.close();
});
