import assert from "node:assert/strict";
import { test } from "node:test";
import { World } from "../world.js";

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

test("a reload that is under way at the end is not tried again, but is after the next start", async () => {
  const world = new World();
  const suona = world.client();
  let loads = 0;
  suona.channel("lot").on({
    reload: () => {
      if (!loads++) world.cut(true);
      return suona.rpc("lot");
    },
  });
  suona.start();
  await world.pass(300);
  assert.equal(loads, 1);
  suona.close();
  await world.pass(300_000);
  assert.deepEqual([loads, world.device.timers], [1, 0]);
  suona.start();
  await world.pass(300);
  assert.equal(loads, 2);
  suona.close();
});

/** A page whose loading takes until it is told to end, and what it does. */
async function loading() {
  const world = new World();
  world.server.historySize = 2;
  const complaints: unknown[] = [];
  const suona = world.client({ onError: (error) => complaints.push(error) });
  const story: unknown[] = [];
  let end: { done(): void; fail(error: Error): void } | undefined;
  suona.channel("lot").on({
    reload: () => {
      story.push("loading");
      return new Promise<void>((done, fail) => (end = { done, fail }));
    },
    message: (data) => story.push(data),
    gap: () => story.push("gap"),
  });
  suona.start();
  await world.pass(300);
  const finish = async (error?: Error) => {
    if (error) end!.fail(error);
    else end!.done();
    await world.pass(0);
    story.push(error ? "failed" : "loaded");
  };
  /** A break so long that the server has forgotten what was missed. */
  const gap = async (...missed: unknown[]) => {
    world.network = "cut";
    world.cut();
    for (const data of missed) world.server.publish("lot", data);
    await world.pass(1000);
    world.network = "up";
    await world.pass(10_000);
    assert.equal(suona.status.value.online, true);
  };
  return { world, suona, story, complaints, finish, gap };
}

test("a second gap during a reload lets it end, hands over what waited, and reloads once more", async () => {
  const { world, suona, story, finish, gap } = await loading();
  world.server.publish("lot", 1);
  await world.pass(100);
  await gap(2, 3, 4, 5);
  await gap(6, 7, 8, 9);
  world.server.publish("lot", 10);
  await world.pass(100);
  assert.deepEqual(story, ["loading", "gap", "gap"]);
  await finish();
  // What waited goes to the page before it is loaded anew: nothing is newer than what the second reload finds.
  assert.deepEqual(story.splice(0), ["loading", "gap", "gap", 1, 10, "loading", "loaded"]);
  world.server.publish("lot", 11);
  await world.pass(100);
  assert.deepEqual(story.splice(0), []);
  await finish();
  assert.deepEqual(story.splice(0), [11, "loaded"]);
  await world.pass(300_000);
  assert.deepEqual(story, [], "and then no more");
  suona.close();
});

test("a thousand messages wait for a reload; with the next one, all are heard at once and none is lost", async () => {
  const { world, suona, story, finish } = await loading();
  for (let n = 1; n <= 1000; n++) world.server.publish("lot", n);
  await world.pass(30_000);
  assert.deepEqual(story, ["loading"]);
  world.server.publish("lot", 1001);
  world.server.publish("lot", 1002);
  await world.pass(1000);
  const numbers = Array.from({ length: 1002 }, (_, n) => n + 1);
  assert.deepEqual(story, ["loading", ...numbers]);
  await finish();
  assert.deepEqual(story.slice(-1), ["loaded"]);
  assert.equal(story.length, 1004);
  suona.close();
});

test("a reload that fails hands over what waited, is reported, and is tried again", async () => {
  const { world, suona, story, complaints, finish } = await loading();
  world.server.publish("lot", 1);
  await world.pass(100);
  await finish(new Error("no list"));
  assert.deepEqual(story.splice(0), ["loading", 1, "failed"]);
  assert.match(String(complaints[0]), /no list/);
  await world.pass(4000);
  assert.deepEqual(story, ["loading"]);
  await finish();
  await world.pass(300_000);
  assert.deepEqual(story, ["loading", "loaded"]);
  suona.close();
});

test("a message that waits for a reload and then throws is reported, and stops none of those behind it", async () => {
  const world = new World();
  const complaints: unknown[] = [];
  const suona = world.client({ onError: (error) => complaints.push(error) });
  const heard: unknown[] = [];
  suona.channel("lot").on({
    reload: () => new Promise<void>((resolve) => world.timeline.after(1000, resolve)),
    message: (data) => {
      heard.push(data);
      throw new Error(`at ${String(data)}`);
    },
  });
  suona.start();
  await world.pass(300);
  world.server.publish("lot", 1);
  world.server.publish("lot", 2);
  await world.pass(2000);
  assert.deepEqual(heard, [1, 2]);
  assert.deepEqual(complaints.map(String), ["Error: at 1", "Error: at 2"]);
  suona.close();
});

for (const [away, leave, back] of [
  ["offline", (world: World) => ((world.network = "cut"), world.cut()), (world: World) => (world.network = "up")],
  ["hidden", (world: World) => world.device.hide(), (world: World) => world.device.show()],
] as const) {
  test(`a reload that failed is not tried again while ${away}`, async () => {
    const world = new World(1, { suspends: true });
    const suona = world.client({ onError: () => undefined });
    let loads = 0;
    suona.channel("lot").on({
      reload: () => {
        loads++;
        throw new Error("the backend is ill");
      },
    });
    suona.start();
    await world.pass(300);
    assert.equal(loads, 1);
    leave(world);
    await world.pass(5000);
    loads = 0;
    await world.pass(60_000);
    assert.equal(loads, 0);
    back(world);
    await world.pass(30_000);
    assert.ok(loads >= 2, `${loads}: at once with the connection, and then again and again`);
    suona.close();
  });
}
