// What phones do to a socket, each in a life of a whole client on a scripted `wx` with a server at the other end: in the
// end it is online, each message was heard once and in order, the bid was done once, and no socket is left over. The same
// in the words of Alipay and Douyin, and by uni-app; every shape of those stands in platform/others.test.ts, two hundred clients of one
// server in faults.test.ts, events of two sockets that change places in late.test.ts.

import assert from "node:assert/strict";
import { test } from "node:test";
import type { Suona } from "../src/index.js";
import type { FakeTask } from "./fake-wx.js";
import { outcome } from "./outcome.js";
import { alikes } from "./phones-alike.js";
import { WxWorld } from "./wx-world.js";

/** What happens to the client, which is closed until `start` is called; `once` is for its next dial alone. */
interface Life {
  world: WxWorld;
  suona: Suona;
  start(): Promise<FakeTask>;
  once(befalls: (task: FakeTask) => void): void;
}

type Happens = (life: Life) => Promise<void> | void;

/** The same on each platform that is made after WeChat's likeness. */
function lives(what: string, happens: Happens, kinds = Object.keys(alikes)): void {
  for (const kind of kinds) test(`${kind}: ${what}`, () => live(kind, happens));
}

async function live(kind: string, happens: Happens): Promise<void> {
  const world = new WxWorld(kind);
  const suona = world.client();
  const heard: unknown[] = [];
  let bids = 0;
  world.server.rpc = () => ({ data: ++bids });
  suona.channel("news").on((data) => heard.push(data));
  const start = async () => {
    suona.start();
    await world.pass(1000);
    return world.wx.task;
  };
  const once = (befalls: (task: FakeTask) => void) => {
    const { dialled } = world;
    world.dialled = (task) => {
      world.dialled = dialled;
      befalls(task);
    };
  };
  await happens({ world, suona, start, once });
  suona.start();
  const bid = outcome(suona.rpc("bid"));
  await world.pass(45_000);
  for (const n of [1, 2, 3]) world.server.publish("news", n);
  await world.pass(1000);
  assert.equal(suona.status.value.online, true);
  assert.deepEqual(heard, [1, 2, 3]);
  assert.deepEqual([bid.now, bids], ["done 1", 1]);
  assert.equal(world.left.length, 1, "one socket");
  suona.close();
  assert.equal(world.left.length, 0, "no socket");
}

const TLS = "open fail: _code:8,_msg:TLS handshake failed";

lives("an open that is delayed", ({ world, once }) => once((task) => world.open(task, 9000)));

lives("an open that never comes", ({ once }) => once(() => undefined));

lives("success of the dial, then an error without a close", ({ world, once }) =>
  once((task) => {
    task.options.success({ errMsg: "connectSocket:ok" });
    world.timeline.after(100, () => task.error(TLS));
  }),
);

const ends: Record<string, ("error" | "close")[]> = {
  "an error, then a close": ["error", "close"],
  "a close, then an error": ["close", "error"],
  "an error and a close, each twice": ["error", "close", "error", "close"],
  "a close without an error": ["close"],
  "an error without a close": ["error"],
};
for (const [what, events] of Object.entries(ends)) {
  const end = (task: FakeTask) => events.forEach((event) => (event === "error" ? task.error(TLS) : task.closed(1006)));

  lives(`${what}, before the open`, ({ world, once }) => once((task) => world.timeline.after(100, () => end(task))));

  lives(`${what}, of an open socket`, async ({ start }) => end(await start()));
}

lives("neither: a socket that dies in silence", async ({ world, start }) => void world.dead.add(await start()));

lives("a fail before the dial returns", async ({ world, start }) => {
  world.wx.failsAtOnce = true;
  await start();
  world.wx.failsAtOnce = false;
});

lives("a fail after the dial returned", ({ once }) => once((task) => task.fail("connectSocket:fail")));

lives("a send that says success, and nothing arrives", async ({ world, start }) => {
  (await start()).arrived = () => undefined;
  // The server is heard all the same, until it misses the answers to its pings.
  const missed = () => world.server.connections.forEach((connection) => connection.farewell(3012, "no pong"));
  world.timeline.after(35_000, missed);
});

for (const how of ["fail", "throw", "rejection"] as const) {
  lives(`a send that ends in ${how}`, async ({ start }) => {
    (await start()).sending = how;
  });
}

lives("a close that is ignored while connecting, and an open that comes later", async ({ world, once, start }) => {
  once(() => undefined);
  const first = await start();
  await world.pass(15_000);
  assert.equal(first.closes.length, 1);
  first.open();
  assert.equal(first.closes.length, 2);
  first.message('{"push":{"channel":"news","pub":{"data":"late"}}}');
});

lives("a close after which no event ever comes", async ({ world, start }) => {
  (await start()).closing = () => undefined;
  world.wx.say("hide");
  await world.pass(4500);
  world.wx.say("show");
});

lives("late events of an old socket", async ({ world, start }) => {
  const old = await start();
  world.dead.add(old);
  await world.pass(45_000);
  old.message('{"push":{"channel":"news","pub":{"data":"late"}}}');
  old.error("late");
  old.closed(1000, "interrupted");
});

lives("events that wait while the app is suspended, and come when it is shown", async ({ world, start }) => {
  await start();
  world.wx.say("hide");
  world.wx.suspend();
  world.server.connections.forEach((connection) => connection.say({ push: { channel: "other", pub: { data: 1 } } }));
  await world.pass(3000);
  world.wx.resume();
});

const kills: [number, string][] = [
  [1000, "interrupted"],
  [1005, ""],
  [0, ""],
  [1001, "Stream end encountered"],
  [1006, "abnormal closure"],
];
for (const [code, reason] of kills) {
  lives(`a suspension of minutes, and a socket that was killed in it with ${code} "${reason}"`, async ({ world, start }) => {
    const task = await start();
    world.wx.say("hide");
    world.wx.suspend();
    task.closed(code, reason);
    await world.pass(600_000);
    world.wx.resume();
  });
}

for (const kind of Object.keys(alikes)) {
  test(`${kind}: an app that is destroyed and starts cold goes on from what is stored`, async () => {
    const world = new WxWorld(kind);
    const heard: unknown[] = [];
    const start = (world: WxWorld) => {
      const suona = world.client();
      suona.channel("news", { keep: true }).on((data) => heard.push(data));
      suona.start();
      return suona;
    };
    start(world);
    await world.pass(1000);
    world.server.publish("news", 1);
    await world.pass(100);
    world.wx.suspend(); // for ever
    const reborn = new WxWorld(kind);
    for (const [key, value] of world.wx.stored) reborn.wx.stored.set(key, value);
    for (const [channel, stream] of world.server.streams) reborn.server.streams.set(channel, stream);
    reborn.server.publish("news", 2);
    const suona = start(reborn);
    await reborn.pass(1000);
    assert.deepEqual(heard, [1, 2]);
    suona.close();
  });
}

lives("five sockets at most, those that are closing included", async ({ world, start, suona }) => {
  const others = Array.from({ length: 5 }, () => world.wx.connectSocket({} as never));
  assert.equal(others.length, 5);
  const mine = world.wx.tasks.slice();
  await start();
  assert.equal(suona.status.value.error?.code, "too-many-sockets");
  mine.forEach((task) => task.closed(1000));
});

for (const answer of ["promise", "wrapped promise"] as const) {
  const promise = ({ world }: Life): void => {
    world.wx.answer = answer;
  };
  lives(`a dial that answers with a ${answer}`, promise, ["WeChat", "uni-app", "Douyin"]);
}

lives("no readyState, no off…, and a task of six methods", async ({ world, start }) => {
  const task = await start();
  const names = ["close", "onClose", "onError", "onMessage", "onOpen", "send"];
  assert.deepEqual(Object.keys(task.api).sort(), names);
  assert.ok(Object.keys(world.wx).every((name) => !name.startsWith("off")));
});

for (const [what, times] of [
  ["missing", 0],
  ["told once", 1],
  ["told three times over", 3],
] as const) {
  lives(`a change of network that is ${what}, and the old path is gone`, async ({ world, start }) => {
    world.dead.add(await start());
    for (let told = 0; told < times; told++) world.wx.say("network", { isConnected: true, networkType: "4g" });
  });
}

for (const kind of Object.keys(alikes)) {
  test(`${kind}: messages that come twice and in disorder after a return`, async () => {
    const world = new WxWorld(kind);
    const suona = world.client();
    const heard: unknown[] = [];
    suona.channel("news").on((data) => heard.push(data));
    suona.start();
    await world.pass(1000);
    world.wx.say("hide");
    world.wx.suspend();
    for (const n of [1, 2, 3]) world.server.publish("news", n);
    await world.pass(3000);
    world.wx.resume();
    const push = (n: number) => world.wx.task.message(`{"push":{"channel":"news","pub":{"data":${n},"offset":${n}}}}`);
    [2, 1, 3, 3, 4, 2, 4].forEach(push);
    assert.deepEqual(heard, [1, 2, 3, 4]);
    suona.close();
  });
}
