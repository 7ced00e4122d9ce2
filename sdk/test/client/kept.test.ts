import assert from "node:assert/strict";
import { test } from "node:test";
import type { Suona } from "../../src/index.js";
import { suonaPage } from "../../src/page.js";
import { MiniPage } from "../mini-page.js";
import { World } from "../world.js";

const options = { keep: 2 };

/** What is in storage: the offset, and the messages. */
function stored({ device }: World): [number | undefined, unknown[]] {
  const { position, kept = [] } = JSON.parse(device.kept.get("suona/news") ?? "{}") as {
    position?: { offset: number };
    kept?: { data: unknown }[];
  };
  return [position?.offset, kept.map(({ data }) => data)];
}

async function online(): Promise<{ world: World; suona: Suona }> {
  const world = new World();
  const suona = world.client({ onError: () => undefined });
  suona.start();
  await world.pass(300);
  return { world, suona };
}

/** What an app hears that starts again with the same storage. */
async function reborn({ world, suona }: { world: World; suona: Suona }): Promise<unknown[]> {
  suona.close();
  const heard: unknown[] = [];
  const next = world.client();
  next.channel("news", options).each((data) => heard.push(data));
  next.start();
  await world.pass(300);
  next.close();
  return heard;
}

test("a position is saved after the listener has returned, and not before", async () => {
  const { world, suona } = await online();
  const during: unknown[] = [];
  suona.channel("news", options).on(() => during.push(stored(world)));
  await world.pass(100);
  world.server.publish("news", "a");
  world.server.publish("news", "b");
  await world.pass(100);
  assert.deepEqual(during, [[0, []], [1, ["a"]]]);
  assert.deepEqual(stored(world), [2, ["a", "b"]]);
  suona.close();
});

test("a listener that throws has heard the message all the same", async () => {
  const { world, suona } = await online();
  suona.channel("news", options).on(() => {
    throw new Error("in the listener");
  });
  await world.pass(100);
  world.server.publish("news", "a");
  await world.pass(100);
  assert.deepEqual(stored(world), [1, ["a"]]);
  suona.close();
});

test("a listener that returns a promise has heard the message when that is settled", async () => {
  const { world, suona } = await online();
  const settle: (() => void)[] = [];
  suona.channel("news", options).on(
    (data) => new Promise<void>((resolve, reject) => settle.push(data === "b" ? () => reject(new Error("b")) : resolve)),
  );
  await world.pass(100);
  for (const data of ["a", "b", "c"]) world.server.publish("news", data);
  await world.pass(100);
  assert.deepEqual(stored(world), [0, []]);
  settle[1]!(); // out of turn: what came before is not heard yet
  await world.pass(0);
  assert.deepEqual(stored(world), [0, []]);
  settle[0]!();
  await world.pass(0);
  assert.deepEqual(stored(world), [2, ["a", "b"]]);
  assert.deepEqual(await reborn({ world, suona }), ["a", "b", "c"]);
});

test("what a hidden page has not heard comes again after the end of the app, once", async () => {
  const { world, suona } = await online();
  const heard: unknown[] = [];
  const page = new MiniPage(
    suonaPage(suona, { channels: { news: { keep: 2, message: (data) => void heard.push(data) } } }),
  );
  await world.pass(100);
  world.server.publish("news", "a");
  await world.pass(100);
  page.hide();
  world.server.publish("news", "b");
  world.server.publish("news", "c");
  await world.pass(100);
  assert.deepEqual(heard, ["a"]);
  assert.deepEqual(stored(world), [1, ["a"]]);
  assert.deepEqual(await reborn({ world, suona }), ["a", "b", "c"]);
});

test("what a hidden page hears when it is shown is saved then", async () => {
  const { world, suona } = await online();
  const page = new MiniPage(suonaPage(suona, { channels: { news: { keep: 2, message: () => undefined } } }));
  await world.pass(100);
  page.hide();
  for (const data of ["a", "b", "c"]) world.server.publish("news", data);
  await world.pass(100);
  page.show();
  await world.pass(0);
  assert.deepEqual(stored(world), [3, ["b", "c"]]);
  suona.close();
});

test("a hidden page that is left keeps nobody waiting", async () => {
  const { world, suona } = await online();
  suona.channel("news", options).on(() => undefined);
  const page = new MiniPage(suonaPage(suona, { channels: { news: { keep: 2, message: () => undefined } } }));
  await world.pass(100);
  page.hide();
  world.server.publish("news", "a");
  await world.pass(100);
  assert.deepEqual(stored(world), [0, []]);
  page.unload();
  await world.pass(0);
  assert.deepEqual(stored(world), [1, ["a"]]);
  suona.close();
});

test("a hidden page that keeps nothing keeps nobody waiting either", async () => {
  const { world, suona } = await online();
  suona.channel("news", options).on(() => undefined);
  const page = new MiniPage(suonaPage(suona, { channels: { news: () => undefined } }));
  await world.pass(100);
  page.hide();
  world.server.publish("news", "a");
  await world.pass(100);
  assert.deepEqual(stored(world), [1, ["a"]]);
  suona.close();
});

test("what waits for a reload is not saved before it is heard", async () => {
  const { world, suona } = await online();
  let loaded = (): void => undefined;
  const reload = () => new Promise<void>((resolve) => (loaded = resolve));
  suona.channel("news", options).on({ reload, message: () => undefined });
  await world.pass(100);
  world.server.publish("news", "a");
  await world.pass(100);
  assert.deepEqual(stored(world), [0, []]);
  loaded();
  await world.pass(0);
  assert.deepEqual(stored(world), [1, ["a"]]);
  suona.close();
});

test("a page that goes on where the app ended is loaded at first all the same", async () => {
  const { world, suona } = await online();
  suona.channel("news", options).on(() => undefined);
  await world.pass(100);
  suona.close();
  world.server.publish("news", "a");
  const story: unknown[] = [];
  const next = world.client();
  next.channel("news", options).each({ reload: () => void story.push("load"), message: (data) => story.push(data) });
  next.start();
  await world.pass(300);
  assert.deepEqual(story, ["load", "a"]);
  next.close();
});

test("a listener that never returns keeps the rest waiting for two thousand messages, and no longer", async () => {
  const { world, suona } = await online();
  suona.channel("news", options).on(() => new Promise(() => undefined));
  await world.pass(100);
  for (let n = 1; n <= 2003; n++) world.server.publish("news", n);
  await world.pass(60_000);
  assert.deepEqual(stored(world), [3, [2, 3]]);
  suona.close();
});

test("what was heard after nobody listened any more does not go back behind what is saved", async () => {
  const { world, suona } = await online();
  let settle = (): void => undefined;
  const undo = suona.channel("news", options).on(() => new Promise<void>((resolve) => (settle = resolve)));
  await world.pass(100);
  world.server.publish("news", "a");
  await world.pass(100);
  undo();
  suona.channel("news", options).on(() => undefined);
  await world.pass(100);
  world.server.publish("news", "b");
  await world.pass(100);
  settle();
  await world.pass(0);
  assert.deepEqual(stored(world), [2, ["a", "b"]]);
  suona.close();
});
