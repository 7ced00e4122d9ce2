import assert from "node:assert/strict";
import { test } from "node:test";
import { World } from "../world.js";

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

test("a getToken that hangs is asked again eight seconds after the socket is open, and whichever token comes first is taken", async () => {
  const world = new World();
  const found: ((token: string) => void)[] = [];
  const suona = world.client({ getToken: () => new Promise<string>((resolve) => found.push(resolve)) });
  suona.start();
  const opened = world.timeline.now + 50;
  await world.pass(8040);
  assert.deepEqual([found.length, suona.status.value.state, world.device.sockets.length], [1, "opening", 1]);
  await world.pass(10);
  assert.equal(world.timeline.now, opened + 8000);
  assert.equal(suona.status.value.error?.code, "token-slow");
  await world.pass(1500);
  assert.deepEqual([found.length, world.device.sockets.length], [2, 2]);
  found[0]!("of the first question");
  await world.pass(300);
  found[1]!("of the second");
  await world.pass(300);
  assert.equal(suona.status.value.online, true);
  assert.deepEqual(
    world.server.greetings.map(({ token }) => token),
    ["of the first question"],
  );
  suona.close();
  assert.equal(world.device.timers, 0);
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

test("a token that is found for the one who has logged out is not for the next", async () => {
  const world = new World();
  const found: ((token: string) => void)[] = [];
  const suona = world.client({ getToken: () => new Promise<string>((resolve) => found.push(resolve)) });
  suona.start();
  await world.pass(300);
  suona.close();
  suona.start();
  await world.pass(300);
  assert.equal(found.length, 2);
  found[0]!("of the one");
  await world.pass(300);
  found[1]!("of the other");
  await world.pass(300);
  assert.deepEqual(
    world.server.greetings.map(({ token }) => token),
    ["of the other"],
  );
  suona.close();
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
