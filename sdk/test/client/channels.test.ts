import assert from "node:assert/strict";
import { test } from "node:test";
import { World } from "../world.js";

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

test("what is kept is what came, whatever the app makes of it", async () => {
  const world = new World();
  const app = (spoil: boolean) => {
    const suona = world.client();
    const heard: unknown[] = [];
    suona.channel("scan:1", { keep: 2 }).each((data) => {
      const bid = data as { n: number };
      heard.push(bid.n);
      if (spoil) Object.assign(bid, { n: -bid.n, self: bid });
    });
    suona.start();
    return { suona, heard };
  };
  const first = app(true);
  await world.pass(300);
  for (const n of [1, 2, 3]) world.server.publish("scan:1", { n });
  await world.pass(100);
  assert.deepEqual(first.heard, [1, 2, 3]);
  first.suona.close();
  const second = app(false);
  await world.pass(300);
  assert.deepEqual(second.heard, [2, 3]);
  second.suona.close();
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

test("a page that opens after the server has subscribed the client loads, and loads nothing while it is closed", async () => {
  const world = new World();
  world.server.serves = ["#42"];
  const suona = world.client();
  let loads = 0;
  suona.start();
  await world.pass(300);
  suona.channel("#42").on({ reload: () => void loads++ });
  await world.pass(100);
  assert.equal(loads, 1);
  suona.close();
  suona.channel("#42").on({ reload: () => void loads++ });
  await world.pass(5000);
  assert.equal(loads, 1);
});

test("a channel that was refused is asked for again by who comes next, and at the next start", async () => {
  const world = new World();
  let allowed = false;
  world.server.seat = () => (allowed ? { ttl: 0 } : { error: { code: 103, message: "permission denied" } });
  const suona = world.client();
  const heard: unknown[] = [];
  suona.channel("lot").on((data) => heard.push(data));
  suona.start();
  await world.pass(300);
  suona.channel("lot").on(() => undefined);
  await world.pass(300);
  assert.equal(world.server.commands.filter((command) => command.subscribe).length, 2);
  allowed = true;
  suona.close();
  suona.start();
  await world.pass(3000);
  world.server.publish("lot", 1);
  await world.pass(100);
  assert.deepEqual(heard, [1]);
  suona.close();
});
