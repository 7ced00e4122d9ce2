import assert from "node:assert/strict";
import { test } from "node:test";
import { World } from "../world.js";

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

for (const [wish, earliest, latest] of [
  [-60_000, 0, 500],
  [0, 0, 500],
  ["soon", 0, 500],
  [null, 0, 500],
  [9000, 9000, 9500],
  ["9000", 9000, 9500],
  [1e15, 3_600_000, 3_600_500],
  ["1e999", 3_600_000, 3_600_500],
] as [number, number, number][]) {
  test(`a server that wants its clients back after ${JSON.stringify(wish)} ms is dialled ${earliest} to ${latest} ms later`, async () => {
    const world = new World();
    const suona = world.client();
    suona.start();
    await world.pass(300);
    for (const connection of world.server.connections) connection.farewell(3001, "shutdown", wish);
    await world.pass(100);
    const { state, until } = suona.status.value;
    const told = world.timeline.now - 80; // it takes 20 ms to come
    assert.ok(state === "opening" || (until! >= told + earliest && until! <= told + latest), `${state} until ${until! - told}`);
    await world.pass(latest - 80);
    assert.equal(world.device.sockets.length, 2);
    suona.close();
    assert.equal(world.device.timers, 0);
  });
}

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
