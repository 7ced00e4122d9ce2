// createSuona as it is published, on a phone of our own making, against the real gateway, over a line that fails.
import assert from "node:assert/strict";
import test from "node:test";
import { start } from "../../../tests/foreign/harness/gateway.mjs";
import { proxyTo } from "../../../tests/foreign/harness/proxy.mjs";
import { token } from "../../../tests/foreign/harness/tokens.mjs";
import { phone } from "./phone.mjs";
import { until } from "./until.mjs";

function connected(t, device, port, options = {}) {
  const { createSuona } = device.load("index.js");
  const suona = createSuona({
    url: `ws://127.0.0.1:${port}/connection/websocket`,
    getToken: () => token({ sub: "ann" }),
    firstWait: 20,
    longestWait: 200,
    ...options,
  });
  t.after(() => suona.close());
  suona.start();
  return suona;
}

/** What a page hears of a channel: messages, and gaps. */
function heardIn(suona, channel) {
  const heard = [];
  suona.channel(channel).on({ message: (data) => heard.push(data), gap: () => heard.push("gap") });
  return heard;
}

const range = (from, to) => Array.from({ length: to - from + 1 }, (_, at) => from + at);

test("a channel is heard, in Chinese too", async (t) => {
  const gateway = await start(t);
  const suona = connected(t, phone(t), gateway.port);
  const heard = heardIn(suona, "news:1");
  await until(() => suona.status.value.online, "it is online");
  await gateway.publish("news:1", { 标题: "唢呐" });
  await until(() => heard.length, "the message comes");
  assert.equal(JSON.stringify(heard), '[{"标题":"唢呐"}]');
});

test("a listener that reloads does so at first", async (t) => {
  const gateway = await start(t);
  const suona = connected(t, phone(t), gateway.port);
  let loads = 0;
  suona.channel("news:1").on({ reload: () => void loads++ });
  await until(() => loads === 1, "it loads");
});

for (const [what, fail, mend] of [
  ["cut", (network) => network.cut(), (network) => network.mend()],
  [
    "silent, until another network comes",
    (network) => network.silence(),
    (network, device) => {
      network.reset();
      network.mend();
      device.network({ isConnected: true, networkType: "wifi" });
    },
  ],
]) {
  test(`what is published while the line is ${what} is heard once and in order`, async (t) => {
    const gateway = await start(t);
    const network = await proxyTo(t, gateway.port);
    const device = phone(t);
    const suona = connected(t, device, network.port);
    const heard = heardIn(suona, "news:1");
    await gateway.publish("news:1", 0);
    await until(() => suona.status.value.online, "it is online");
    await gateway.publish("news:1", ...range(1, 5));
    await until(() => heard.includes(5), "the first come");
    fail(network);
    await gateway.publish("news:1", ...range(6, 20));
    mend(network, device);
    await until(() => heard.includes(20), "the rest comes");
    assert.deepEqual(
      heard.filter((data) => data > 0),
      range(1, 20),
    );
  });
}

test("over a line that is slow, and lost on top of it, all is heard once and in order, and the clock is the server's", async (t) => {
  const gateway = await start(t);
  const network = await proxyTo(t, gateway.port);
  network.slow(300);
  const suona = connected(t, phone(t), network.port);
  const heard = heardIn(suona, "news:1");
  await gateway.publish("news:1", 0);
  await until(() => suona.status.value.online, "it is online");
  assert.ok(Math.abs(suona.serverNow() - Date.now()) < 200, `${suona.serverNow() - Date.now()} ms apart`);
  await gateway.publish("news:1", ...range(1, 5));
  await until(() => heard.includes(5), "the first come");
  await gateway.publish("news:1", ...range(6, 10)); // which is still on its way
  network.reset();
  await gateway.publish("news:1", ...range(11, 15));
  await until(() => heard.includes(15), "the rest comes");
  assert.deepEqual(
    heard.filter((data) => data > 0),
    range(1, 15),
  );
});

test("what is published while the app is in the background is heard when it is back", async (t) => {
  const gateway = await start(t);
  const device = phone(t);
  const suona = connected(t, device, gateway.port);
  const heard = heardIn(suona, "news:1");
  await until(() => suona.status.value.online, "it is online");
  await gateway.publish("news:1", 1);
  await until(() => heard.length === 1, "the first comes");
  device.background();
  await until(() => device.sockets.size === 0, "the system has cut it");
  await gateway.publish("news:1", ...range(2, 10));
  assert.equal(device.dials, 1);
  device.foreground();
  await until(() => heard.includes(10), "the rest comes");
  assert.deepEqual(heard, range(1, 10));
});

test("a gateway that lost its memory is told as a gap, and heard from then on", async (t) => {
  const first = await start(t);
  const suona = connected(t, phone(t), first.port);
  const heard = heardIn(suona, "news:1");
  await until(() => suona.status.value.online, "it is online");
  await first.publish("news:1", 1);
  await until(() => heard.length === 1, "the first comes");
  await first.kill();
  await until(() => !suona.status.value.online, "it notices");
  const second = await start(t, { http_server: { port: first.port } });
  await until(() => heard.includes("gap"), "the gap is told");
  await second.publish("news:1", 2);
  await until(() => heard.includes(2), "the next comes");
  assert.deepEqual(heard, [1, "gap", 2]);
});

test("a gateway that drains sends its clients to the next one", async (t) => {
  const first = await start(t, { shutdown: { timeout: "2s" } });
  const suona = connected(t, phone(t), first.port);
  await until(() => suona.status.value.online, "it is online");
  first.terminate();
  await until(() => !suona.status.value.online, "it is sent away");
  await first.exited;
  await start(t, { http_server: { port: first.port } });
  await until(() => suona.status.value.online, "it is online again");
});

test("a request waits for the connection and is answered, and one that nobody knows is refused", async (t) => {
  const gateway = await start(t);
  const network = await proxyTo(t, gateway.port);
  const suona = connected(t, phone(t), network.port);
  await until(() => suona.status.value.online, "it is online");
  network.cut();
  await until(() => !suona.status.value.online, "it notices");
  const history = suona.channel("news:1").history({ limit: -1 });
  const unknown = suona.rpc("nobody-knows").catch((error) => error.code);
  network.mend();
  const refusal = await unknown;
  assert.match(refusal, /unknown-method|not-available/);
  await history.then(
    ({ publications }) => assert.deepEqual(publications, []),
    (error) => assert.equal(error.code, "permission-denied"),
  );
});

test("a channel's past is told as much of, from where and in which order as is asked", async (t) => {
  const gateway = await start(t);
  const suona = connected(t, phone(t), gateway.port);
  const heard = heardIn(suona, "news:1");
  await until(() => suona.status.value.online, "it is online");
  for (const n of range(1, 5)) await gateway.publish("news:1", { n, 标题: "唢呐" });
  await until(() => heard.length === 5, "all have come");
  const past = async (asked) => {
    const { publications, offset, epoch } = await suona.channel("news:1").history(asked);
    for (const { data } of publications) assert.equal(data.标题, "唢呐");
    // Arrays of the phone are of another realm.
    const of = (field) => Array.from(publications, field);
    return { numbers: of(({ data }) => data.n), offsets: of(({ offset }) => offset), offset, epoch };
  };
  const all = await past({ limit: -1 });
  const { epoch } = all;
  assert.ok(epoch);
  assert.deepEqual(all, { numbers: range(1, 5), offsets: range(1, 5), offset: 5, epoch });
  const none = { numbers: [], offsets: [], offset: 5, epoch };
  assert.deepEqual(await past(), none);
  assert.deepEqual(await past({ limit: 0 }), none);
  assert.deepEqual((await past({ limit: 2 })).numbers, [1, 2]);
  assert.deepEqual((await past({ limit: -1, since: { offset: 3, epoch } })).numbers, [4, 5]);
  assert.deepEqual((await past({ limit: 1, since: { offset: 3, epoch } })).numbers, [4]);
  assert.deepEqual((await past({ limit: 2, reverse: true })).numbers, [5, 4]);
  assert.deepEqual((await past({ limit: -1, since: { offset: 3, epoch }, reverse: true })).numbers, [2, 1]);
  await assert.rejects(past({ limit: -1, since: { offset: 3, epoch: "another" } }), { code: "position-lost" });
});

test("people in a room see each other come, talk and leave", async (t) => {
  const gateway = await start(t);
  const [ann, bob] = ["ann", "bob"].map((sub) =>
    connected(t, phone(t), gateway.port, { getToken: () => token({ sub }) }),
  );
  const seen = [];
  const room = ann.channel("room:1");
  room.on({
    message: (text, { info }) => seen.push(`${info.user}: ${text}`),
    join: ({ user }) => seen.push(`${user} came`),
    leave: ({ user }) => seen.push(`${user} left`),
  });
  await until(() => seen.includes("ann came"), "she is there");
  const leave = bob.channel("room:1").on(() => undefined);
  await until(() => seen.includes("bob came"), "he is there");
  await bob.channel("room:1").publish("你好");
  await until(() => seen.includes("bob: 你好"), "he is heard");
  const there = await room.presence();
  assert.deepEqual(Object.values(there).map(({ user }) => user).sort(), ["ann", "bob"]);
  const { num_clients, num_users } = await room.presenceStats();
  assert.deepEqual([num_clients, num_users], [2, 2]);
  leave();
  await until(() => seen.includes("bob left"), "he is gone");
  assert.deepEqual(seen, ["ann came", "bob came", "bob: 你好", "bob left"]);
});

test("what a gateway may have done before it died is doubted when the next one is asked, and what only that was asked is not", async (t) => {
  const first = await start(t);
  const network = await proxyTo(t, first.port);
  const suona = connected(t, phone(t), network.port);
  const heard = heardIn(suona, "room:1");
  await until(() => suona.status.value.online, "it is online");
  const told = [];
  suona.doubts.on(({ publish }) => told.push(`doubt ${publish.data}`));
  const publish = (text) => suona.channel("room:1").publish(text).then(() => told.push(`done ${text}`));
  await publish("before");
  network.silence();
  const sent = publish("sent");
  await new Promise((resolve) => setImmediate(resolve)); // what is asked for together has left
  await first.kill();
  network.reset();
  await until(() => !suona.status.value.online, "it notices");
  const late = publish("late");
  await start(t, { http_server: { port: first.port } });
  network.mend();
  await Promise.all([sent, late]);
  assert.deepEqual(told, ["done before", "doubt sent", "done sent", "done late"]);
  await until(() => heard.includes("late"), "it is heard");
});
