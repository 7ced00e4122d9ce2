import assert from "node:assert/strict";
import { test } from "node:test";
import { createSuona } from "../../src/client/suona.js";
import { en } from "../../src/en.js";
import { SuonaError } from "../../src/errors.js";
import { field } from "../../src/platform/task.js";
import { World } from "../world.js";

/** A client that tells its errors to `errors`, and hears `$team` by the tokens that `getToken` finds. */
function hearing(world: World, getToken: () => string | Promise<string>) {
  const errors: unknown[] = [];
  const suona = world.client({ onError: (error) => errors.push(error) });
  const heard: unknown[] = [];
  suona.channel("$team", { getToken }).on((data) => heard.push(data));
  suona.start();
  return { errors, suona, heard };
}

const failures: [string, unknown][] = [
  ["an Error", new Error("no login")],
  ["what a platform's API fails with", { errMsg: "login:fail" }],
  ["nothing", undefined],
  ["what has no text", Object.create(null)],
  ["an error whose message is none", { message: 42 }],
];
for (const [what, raw] of failures) {
  for (const [how, getToken] of [
    ["throws", () => { throw raw; }],
    ["rejects with", () => Promise.reject(raw)],
  ] as [string, () => Promise<string>][]) {
    test(`a channel's getToken that ${how} ${what} is told to onError and in the report, and asked again`, async () => {
      const world = new World();
      let asked = 0;
      const { errors, suona, heard } = hearing(world, () => (asked++ < 1 ? getToken() : "good"));
      await world.pass(5000);
      assert.equal(errors.length, 1);
      const error = errors[0] as SuonaError;
      assert.ok(error instanceof SuonaError);
      assert.deepEqual([error.code, error.hint, error.raw], ["token-failed", en.faults["token-failed"].hint, raw]);
      assert.match(suona.report(), /\$team asks for a token\n.* a callback failed: SuonaError: The app could not find a token/);
      assert.equal(suona.status.value.online, true);
      world.server.publish("$team", "after");
      await world.pass(100);
      assert.deepEqual(heard, ["after"]);
      suona.close();
      assert.equal(world.device.timers, 0);
    });
  }
}

for (const none of [null, undefined, ""]) {
  test(`a channel's getToken that gives ${JSON.stringify(none)} ends the subscription, with what to do`, async () => {
    const world = new World();
    const errors: unknown[] = [];
    const suona = world.client({ onError: (error) => errors.push(error) });
    const ends: SuonaError[] = [];
    suona.channel("$team", { getToken: () => none }).on({ ended: (error) => ends.push(error) });
    suona.start();
    await world.pass(60_000);
    assert.deepEqual(
      ends.map(({ code, message, hint }) => ({ code, message, hint })),
      [{ code: "no-token", ...en.faults["no-token"] }],
    );
    assert.deepEqual(errors, []);
    assert.equal(suona.status.value.online, true);
    suona.close();
    assert.equal(world.device.timers, 0);
  });
}

test("a channel's getToken that hangs is told as token-slow after fifteen seconds, and what it finds then is taken", async () => {
  const world = new World();
  const found: ((token: string) => void)[] = [];
  const { errors, suona, heard } = hearing(world, () => new Promise((resolve) => found.push(resolve)));
  await world.pass(14_000);
  assert.deepEqual([errors, found.length], [[], 1]);
  await world.pass(2000);
  assert.deepEqual(
    errors.map((error) => [(error as SuonaError).code, (error as SuonaError).raw]),
    [["token-slow", "$team"]],
  );
  assert.match(suona.report(), /took too long to find a token\., \$team/);
  found[0]!("of the first question");
  await world.pass(100);
  world.server.publish("$team", "after");
  await world.pass(100);
  assert.deepEqual(heard, ["after"]);
  assert.equal(found.length, 2);
  suona.close();
  assert.equal(world.device.timers, 0);
});

test("a getToken that answers is not slow, however often it is asked", async () => {
  const world = new World();
  world.server.seat = () => ({ ttl: 60 });
  let asked = 0;
  const { errors, suona } = hearing(world, () => Promise.resolve(`token ${++asked}`));
  await world.pass(300_000);
  assert.ok(asked >= 5);
  assert.deepEqual(errors, []);
  suona.close();
});

test("a token that was asked for in another login is not called slow", async () => {
  const world = new World();
  let asked = 0;
  const { errors, suona } = hearing(world, () => new Promise(() => asked++));
  await world.pass(1000);
  suona.close();
  suona.start();
  await world.pass(1000);
  assert.deepEqual([asked, errors], [2, []]);
  suona.close();
});

test("a token that was asked for before the subscription was invalidated is not used when it comes", async () => {
  for (const late of [100, 2000]) {
    const world = new World();
    world.server.seat = () => ({ ttl: 60 });
    const found: ((token: string) => void)[] = [];
    const { suona } = hearing(world, () => new Promise((resolve) => found.push(resolve)));
    await world.pass(300);
    found[0]!("first");
    await world.pass(61_000);
    assert.equal(found.length, 2, "the next one is looked for");
    for (const connection of world.server.connections) connection.end("$team", 2502, "state invalidated");
    await world.pass(late); // before it is asked again, and after
    found[1]!("of before");
    await world.pass(2000);
    assert.equal(found.length, 3);
    found[2]!("of after");
    await world.pass(300);
    assert.deepEqual(
      world.server.commands.flatMap(({ subscribe, sub_refresh }) => field(subscribe ?? sub_refresh, "token") ?? []),
      ["first", "of after"],
    );
    suona.close();
  }
});

for (const entry of ["suona", "suona/client"]) {
  test(`a place in the stream that the app knew is used once, not after the channel's end, by ${entry}`, async () => {
    const world = new World();
    for (let n = 1; n <= 3; n++) world.server.publish("news", n);
    const { epoch } = world.server.stream("news");
    const suona = entry === "suona" ? world.client() : createSuona({ platform: world.device, url: "wss://example.org/" });
    const since = { offset: 1, epoch };
    const heard: unknown[] = [];
    const listen = () => suona.channel("news", { since } as object).on((data) => heard.push(data));
    listen();
    suona.start();
    await world.pass(300);
    assert.deepEqual(heard, [2, 3]);
    for (const connection of world.server.connections) connection.end("news", 2000, "server unsubscribe");
    await world.pass(300);
    suona.start();
    suona.close();
    suona.start();
    await world.pass(300);
    assert.deepEqual(heard, [2, 3]);
    world.server.publish("news", 4);
    await world.pass(100);
    assert.deepEqual(heard, [2, 3, 4]);
    assert.deepEqual(since, { offset: 1, epoch }, "the app's own object is as it was");
    suona.close();
  });
}
