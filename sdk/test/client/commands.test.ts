import assert from "node:assert/strict";
import { test } from "node:test";
import { outcome } from "../outcome.js";
import { World } from "../world.js";

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
  let bids = 0;
  world.server.rpc = () => ({ data: ++bids });
  const bid = outcome(suona.rpc("bid", { price: 5 }));
  const past = outcome(suona.channel("news").history());
  await world.pass(25); // they arrived, the answers did not
  world.cut();
  await world.pass(0);
  assert.equal(bid.now, "unknown-outcome");
  assert.equal(past.now, "pending");
  await world.pass(5000);
  assert.equal(bids, 1);
  assert.match(past.now, /^done/);
  suona.close();
});

for (const [server, after, doubted] of [
  ["has restarted meanwhile", "node2", true],
  ["does not say who it is", undefined, true],
  ["is the same", "node1", false],
] as const) {
  test(`a bid that is asked again of a gateway that ${server} is ${doubted ? "" : "not "}doubted, before its outcome`, async () => {
    const world = new World();
    const { server } = world;
    const suona = world.client();
    const told: unknown[] = [];
    suona.doubts.on((command) => told.push(command));
    let bids = 0;
    server.rpc = () => ({ data: ++bids });
    suona.start();
    await world.pass(300);
    const bid = suona.rpc("bid", { price: 5 }).then((result) => told.push(result));
    void suona.channel("news").history().then(() => told.push("history"));
    await world.pass(25); // they arrived, the answers did not
    if (doubted) server.restart(true);
    else world.cut();
    server.node = after as string;
    await world.pass(5000);
    await bid;
    const command = { rpc: { method: "bid", data: { price: 5 } } };
    assert.deepEqual(told, doubted ? [command, 2, "history"] : [1, "history"]);
    const unsent = outcome(suona.rpc("bid", { price: 6 }));
    await world.pass(300);
    assert.match(unsent.now, /^done/);
    assert.equal(told.length, doubted ? 3 : 2, "what was sent once is not doubted");
    suona.close();
  });
}

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

test("the outbox is bounded in bytes too, and makes room again", async () => {
  const world = new World();
  const suona = world.client({ outboxBytes: 1000 });
  const first = outcome(suona.rpc("bid", "x".repeat(500)));
  const second = outcome(suona.rpc("bid", "中".repeat(200))); // 600 bytes, in fewer characters
  const third = outcome(suona.rpc("bid", "x".repeat(200)));
  await world.pass(1);
  assert.deepEqual([first.now, second.now, third.now], ["pending", "outbox-full", "pending"]);
  suona.start();
  await world.pass(300);
  const fourth = outcome(suona.rpc("bid", "中".repeat(200)));
  await world.pass(300);
  assert.match(first.now + third.now + fourth.now, /^done .*done .*done /);
  suona.close();
});

test("no command waits for longer than four minutes, however long it may", async () => {
  const world = new World();
  const suona = world.client({ ttl: Infinity });
  const bids = [outcome(suona.rpc("bid")), outcome(suona.rpc("bid", 1, { ttl: 3_600_000 }))];
  const now = () => bids.map((bid) => bid.now);
  await world.pass(239_999);
  assert.deepEqual(now(), ["pending", "pending"]);
  await world.pass(1);
  assert.deepEqual(now(), ["expired", "expired"]);
  assert.equal(world.device.timers, 0);
});

test("who is there is told, by connection and in numbers", async () => {
  const world = new World();
  const suona = world.client();
  suona.start();
  const channel = suona.channel("news");
  const [who, count] = [outcome(channel.presence()), outcome(channel.presenceStats())];
  await world.pass(300);
  assert.equal(who.now, `done {"c":{"user":"u","client":"c"}}`);
  assert.equal(count.now, `done {"num_clients":1,"num_users":1}`);
  assert.deepEqual(
    world.server.commands.slice(1).map(({ presence, presence_stats }) => presence ?? presence_stats),
    [{ channel: "news" }, { channel: "news" }],
  );
  suona.close();
});

test("what is sent without a question is done when it has left, and comes once", async () => {
  const world = new World();
  const suona = world.client();
  const sent = outcome(suona.send({ at: "the door" }));
  await world.pass(100);
  assert.equal(sent.now, "pending");
  suona.start();
  await world.pass(300);
  assert.equal(sent.now, "done undefined");
  world.cut();
  await world.pass(5000);
  assert.deepEqual(
    world.server.commands.filter(({ send }) => send),
    [{ send: { data: { at: "the door" } } }],
  );
  suona.close();
});

test("what the server says to this client alone is heard until that is undone", async () => {
  const world = new World();
  const suona = world.client();
  const heard: unknown[] = [];
  const undo = suona.messages.on((data) => heard.push(data));
  suona.start();
  await world.pass(300);
  const say = (data: unknown) => world.server.connections.forEach((it) => it.say({ push: { message: { data } } }));
  say("welcome");
  say(null);
  await world.pass(100);
  undo();
  say("too late");
  await world.pass(100);
  assert.deepEqual(heard, ["welcome", null]);
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
