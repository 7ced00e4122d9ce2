import assert from "node:assert/strict";
import { test } from "node:test";
import type { Suona } from "../src/index.js";
import { World } from "./world.js";

// Within one connection TCP excludes that one event overtakes another. Between two it does not: what the old path still
// carries comes after what the new one has brought.

/** A client on a new line, while the old one is slow and still full of news. */
async function moved(): Promise<{ world: World; suona: Suona; story: unknown[] }> {
  const world = new World();
  const suona = world.client();
  const story: unknown[] = [];
  suona.channel("news").on({ message: (data) => story.push(data), gap: () => story.push("gap") });
  suona.start();
  await world.pass(300);
  world.device.last.lag = 8000;
  world.server.publish("news", 1);
  world.server.publish("news", 2);
  await world.pass(100);
  world.device.network(true); // another path: the line is asked for a sign, which comes too late
  await world.pass(4000);
  assert.equal(world.device.sockets.length, 2);
  assert.equal(suona.status.value.online, true);
  return { world, suona, story };
}

test("messages of an old socket that come after those of the new one are not heard again", async () => {
  const { world, suona, story } = await moved();
  world.server.publish("news", 3);
  await world.pass(100);
  assert.deepEqual(story, [1, 2, 3]); // from the new line, by its position
  await world.pass(20_000);
  assert.deepEqual(story, [1, 2, 3]);
  world.server.publish("news", 4);
  await world.pass(100);
  assert.deepEqual(story, [1, 2, 3, 4]);
  suona.close();
});

test("answers of an old socket that come after a question was asked again are not taken for the new one's", async () => {
  const world = new World();
  const suona = world.client();
  let asked = 0;
  world.server.rpc = (method) => ({ data: `${method} ${++asked}` });
  suona.start();
  await world.pass(300);
  world.device.last.lag = 8000;
  const settled: unknown[] = [];
  void suona.rpc("bid").then((answer) => settled.push(answer));
  await world.pass(100);
  world.device.network(true);
  await world.pass(4000);
  void suona.rpc("list").then((answer) => settled.push(answer)); // may have the number that "bid" had on the old line
  await world.pass(20_000);
  assert.deepEqual(settled, ["bid 1", "list 2"]);
  suona.close();
});

test("the late end of an old socket does not end the new one", async () => {
  const { world, suona } = await moved();
  const [old] = world.device.sockets;
  old!.lose({ code: 1006, reason: "abnormal closure" });
  await world.pass(20_000);
  assert.equal(world.device.sockets.length, 2);
  assert.equal(suona.status.value.online, true);
  suona.close();
});
