// npm `centrifuge` once more, this time speaking Protobuf: payloads are bytes, everything else is the same.

import assert from "node:assert/strict";
import test from "node:test";

import { Centrifuge } from "centrifuge/build/protobuf";

import { connected, heard, next, range, subscribed, until } from "./harness/clients.mjs";
import { start } from "./harness/gateway.mjs";
import { proxyTo } from "./harness/proxy.mjs";
import { BINARY, frame, open } from "./harness/raw.mjs";
import { inSeconds, token } from "./harness/tokens.mjs";

const gateway = await start(test, { client: { ping_interval: "2s", pong_timeout: "1s" } });

const bytes = (value) => Buffer.from(JSON.stringify(value));
const value = (data) => JSON.parse(Buffer.from(data));
const as = (user, claims = {}) => ({ token: token({ sub: user, ...claims }), kind: Centrifuge });

test("what a backend publishes is heard as the bytes of its JSON", async (t) => {
  const ann = await connected(t, gateway.websocket, as("ann"));
  const items = heard(await subscribed(ann, "open:protobuf"));
  const values = [{ 唢呐: "号", n: 1.5 }, "text", 0, false, null, []];
  await gateway.publish("open:protobuf", ...values);
  await until(() => items.length === values.length, "all of it is heard");
  assert.deepEqual(items.map(value), values);
});

test("both encodings meet in one channel, and see each other come and go", async (t) => {
  const ann = await connected(t, gateway.websocket, as("ann", { info: { name: "Ann" } }));
  const room = await subscribed(ann, "room:mixed");
  const bob = await connected(t, gateway.websocket, { token: token({ sub: "bob" }) });
  const comes = next(room, "join", { accepts: ({ info }) => info.user === "bob" });
  const atBob = await subscribed(bob, "room:mixed");
  await comes;

  const reaches = next(atBob, "publication");
  await room.publish(bytes({ say: "你好" }));
  const { data, info, offset } = await reaches;
  assert.deepEqual([data, info.user, info.connInfo, offset], [{ say: "你好" }, "ann", { name: "Ann" }, 1]);
  const answer = next(room, "publication", { accepts: ({ info }) => info.user === "bob" });
  await atBob.publish({ say: "好" });
  assert.deepEqual(value((await answer).data), { say: "好" });

  const { clients } = await room.presence();
  const people = Object.values(clients).map(({ user, connInfo }) => [user, connInfo?.length ? value(connInfo) : null]);
  assert.deepEqual(people.sort(), [["ann", { name: "Ann" }], ["bob", null]]);
  assert.deepEqual(await room.presenceStats(), { numClients: 2, numUsers: 2 });

  const goes = next(room, "leave");
  bob.disconnect();
  assert.equal((await goes).info.user, "bob");
});

test("history is read forwards, backwards and from a position", async (t) => {
  const ann = await connected(t, gateway.websocket, as("ann"));
  const room = await subscribed(ann, "room:protobuf-history");
  await gateway.publish("room:protobuf-history", ...range(1, 10));
  const offsets = async (query) => (await room.history(query)).publications.map((one) => Number(one.offset));
  const { epoch, offset, publications } = await room.history({ limit: 0 });
  assert.deepEqual([Number(offset), publications.length], [10, 0]);
  assert.deepEqual(await offsets({ limit: 3, since: { offset: 4, epoch } }), [5, 6, 7]);
  assert.deepEqual(await offsets({ limit: 2, reverse: true }), [10, 9]);
  await assert.rejects(room.history({ limit: 1, since: { offset: 4, epoch: "other" } }), { code: 112 });
});

test("fifty publications during a cut are recovered: exactly those, in order, once", async (t) => {
  const network = await proxyTo(t, gateway.port);
  const ann = await connected(t, network.websocket, as("ann"));
  const news = await subscribed(ann, "news:protobuf-cut");
  const items = heard(news);
  await gateway.publish("news:protobuf-cut", ...range(1, 5));
  await until(() => items.length === 5, "the first five are heard");

  const lost = next(ann, "connecting");
  network.cut();
  await lost;
  await gateway.publish("news:protobuf-cut", ...range(6, 55));
  const back = next(news, "subscribed");
  network.mend();
  const { wasRecovering, recovered } = await back;
  await gateway.publish("news:protobuf-cut", 56);
  await until(() => items.length >= 56, "the newest is heard");
  assert.deepEqual([wasRecovering, recovered], [true, true]);
  assert.deepEqual(items.map(value), range(1, 56));
});

test("more than the history holds is never a silent gap", async (t) => {
  const network = await proxyTo(t, gateway.port);
  const ann = await connected(t, network.websocket, as("ann"));
  const short = await subscribed(ann, "short:protobuf-cut");
  const items = heard(short);
  await gateway.publish("short:protobuf-cut", 1);
  await until(() => items.length === 1, "the first is heard");

  network.cut();
  await gateway.publish("short:protobuf-cut", ...range(2, 12));
  const back = next(short, "subscribed");
  network.mend();
  const { wasRecovering, recovered } = await back;
  assert.deepEqual([wasRecovering, Boolean(recovered)], [true, false]);
  await gateway.publish("short:protobuf-cut", 13);
  await until(() => items.length === 2, "the newest is heard");
  assert.deepEqual(items.map(value), [1, 13]);
});

test("tokens, errors and orders mean the same", async (t) => {
  const claims = { sub: "ann" };
  const ann = await connected(t, gateway.websocket, {
    kind: Centrifuge,
    token: token({ ...claims, exp: inSeconds(-10) }),
    getToken: async () => token({ ...claims, exp: inSeconds(60) }),
  });
  await assert.rejects(ann.rpc("list", bytes({})), { code: 108 });
  const closed = ann.newSubscription("closed:1");
  const refused = next(closed, "unsubscribed");
  closed.subscribe();
  assert.equal((await refused).code, 103);
  await subscribed(ann, "closed:2", { token: token({ sub: "ann", channel: "closed:2" }) });

  const carl = await connected(t, gateway.websocket, as("carl"));
  const news = await subscribed(carl, "open:orders");
  const out = next(news, "unsubscribed");
  await gateway.api("unsubscribe", { user: "carl", channel: "open:orders" });
  assert.equal((await out).code, 2000);
  const gone = next(carl, "disconnected");
  await gateway.api("disconnect", { user: "carl" });
  assert.equal((await gone).code, 3503);
});

test("a connection that answers pings lives for some of them", async (t) => {
  const ann = await connected(t, gateway.websocket, { ...as("ann"), maxServerPingDelay: 5000 });
  const broken = next(ann, "connecting", { within: 7000 });
  await assert.rejects(broken, /no "connecting"/);
  assert.equal(ann.state, "connected");
});

const malformed = {
  "a length without its command": Buffer.of(5, 8),
  "a length that never ends": Buffer.alloc(11, 0xff),
  "a length of 2^63": Buffer.of(0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01),
  "a length beyond every limit": Buffer.of(0xff, 0xff, 0xff, 0x7f),
  "bytes that are no fields": Buffer.of(3, 0xff, 0xff, 0xff),
  "a string that is not UTF-8": Buffer.of(8, 0x08, 1, 0x22, 4, 0x0a, 2, 0xc3, 0x28),
  "a pong": Buffer.of(0),
  "nothing at all": Buffer.alloc(0),
  "JSON": Buffer.from('{"id":1,"connect":{}}'),
};

for (const [what, words] of Object.entries(malformed)) {
  test(`${what} ends with 3501`, async (t) => {
    const raw = await open(t, gateway.port, "/connection/websocket?cf_protocol=protobuf");
    raw.write(frame(BINARY, words));
    assert.equal((await raw.closed()).code, 3501);
  });
}
