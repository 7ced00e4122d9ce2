// The stock client over WebSocket, HTTP streaming and server-sent events, in JSON and Protobuf, told the same stories.

import assert from "node:assert/strict";
import test from "node:test";

import { broken, connected as connectedByJson, next, range, subscribed, until } from "./harness/clients.mjs";
import { API_KEY, start } from "./harness/gateway.mjs";
import { proxyTo } from "./harness/proxy.mjs";
import { inSeconds, token } from "./harness/tokens.mjs";
import { ALL, WAYS } from "./harness/transports.mjs";

const gateway = await start(test, { ...ALL, client: { ping_interval: "1s", pong_timeout: "900ms" } });
const as = (user, claims = {}) => ({ token: token({ sub: user, ...claims }) });

for (const way of WAYS) {
  const { name, transport, slug } = way;

  test(`${name}: the client says by what it came, and is counted there`, async (t) => {
    const ann = way.client(t, gateway);
    const opened = next(ann, "connected");
    ann.connect();
    const { client: id, transport: used } = await opened;
    assert.match(id, /^[0-9a-f-]{36}$/);
    assert.equal(used, transport);
    const here = () => gateway.metric("suona_connections", { door: `/connection/${transport}` });
    await until(async () => (await here()) === 1, "it is counted");
    ann.disconnect();
    await until(async () => (await here()) === 0, "the connection is gone");
  });

  test(`${name}: what is published is heard, in order, whatever it looks like`, async (t) => {
    const ann = await way.connected(t, gateway);
    const items = way.heard(await subscribed(ann, `open:${slug}`));
    const values = [{ 唢呐: "号", n: 1.5 }, "text", 0, false, null, [], { nested: { lines: "a\nb\r\nc" } }, "x".repeat(100_000)];
    await gateway.publish(`open:${slug}`, ...values);
    await until(() => items.length === values.length, "all of it is heard");
    assert.deepEqual(items, values);
  });

  test(`${name}: JSON that came on many lines stays one message`, async (t) => {
    const ann = await way.connected(t, gateway);
    const items = way.heard(await subscribed(ann, `news:${slug}`));
    const pretty = `{"channel":"news:${slug}","data":{\r\n  "a":\r1,\n  "b": [\r\n2 ]\r\n}}`;
    const answer = await fetch(`${gateway.http}/api/publish`, { method: "POST", headers: { "X-API-Key": API_KEY }, body: pretty });
    assert.equal(answer.status, 200);
    await gateway.publish(`news:${slug}`, "next");
    await until(() => items.length === 2, "both are heard");
    assert.deepEqual(items, [{ a: 1, b: [2] }, "next"]);
  });

  test(`${name}: clients talk, see each other and hear of each other, whatever way they came`, async (t) => {
    const bob = await connectedByJson(t, gateway.websocket, as("bob"));
    const atBob = await subscribed(bob, `room:${slug}`);
    const comes = next(atBob, "join", { accepts: ({ info }) => info.user === "ann" });
    const ann = await way.connected(t, gateway, as("ann", { info: { name: "Ann" } }));
    const atAnn = await subscribed(ann, `room:${slug}`);
    assert.deepEqual((await comes).info.connInfo, { name: "Ann" });

    const reaches = next(atBob, "publication");
    await atAnn.publish(way.encode({ say: "你好" }));
    const { data, info, offset } = await reaches;
    assert.deepEqual([data, info.user, info.connInfo, offset], [{ say: "你好" }, "ann", { name: "Ann" }, 1]);
    const answer = next(atAnn, "publication", { accepts: ({ info }) => info.user === "bob" });
    await atBob.publish({ say: "好" });
    assert.deepEqual(way.decode((await answer).data), { say: "好" });

    const { clients } = await atAnn.presence();
    const people = Object.values(clients).map(({ user, connInfo }) => [user, connInfo?.length === 0 ? undefined : way.decode(connInfo)]);
    assert.deepEqual(people.sort(), [["ann", { name: "Ann" }], ["bob", undefined]]);
    assert.deepEqual(await atAnn.presenceStats(), { numClients: 2, numUsers: 2 });

    const goes = next(atBob, "leave");
    ann.disconnect();
    assert.equal((await goes).info.user, "ann");
    assert.deepEqual(await atBob.presenceStats(), { numClients: 1, numUsers: 1 });
  });

  test(`${name}: history is read forwards, backwards and from a position`, async (t) => {
    const room = await subscribed(await way.connected(t, gateway), `room:${slug}-history`);
    await gateway.publish(room.channel, ...range(1, 10));
    const read = async (query) => (await room.history(query)).publications.map(({ offset, data }) => [Number(offset), way.decode(data)]);
    const { epoch, offset, publications } = await room.history({ limit: 0 });
    assert.deepEqual([Number(offset), publications.length], [10, 0]);
    assert.deepEqual(await read({ limit: 3, since: { offset: 4, epoch } }), [[5, 5], [6, 6], [7, 7]]);
    assert.deepEqual(await read({ limit: 2, reverse: true }), [[10, 10], [9, 9]]);
    await assert.rejects(room.history({ limit: 1, since: { offset: 4, epoch: "other" } }), { code: 112 });
  });

  test(`${name}: fifty publications during a cut are recovered: exactly those, in order, once`, async (t) => {
    const network = await proxyTo(t, gateway.port);
    const ann = await way.connected(t, network);
    const news = await subscribed(ann, `news:${slug}-cut`);
    const items = way.heard(news);
    await gateway.publish(news.channel, ...range(1, 5));
    await until(() => items.length === 5, "the first five are heard");

    const { wasRecovering, recovered } = await broken(ann, network, news, () => gateway.publish(news.channel, ...range(6, 55)));
    await gateway.publish(news.channel, 56);
    await until(() => items.length >= 56, "the newest is heard");
    assert.deepEqual([wasRecovering, recovered], [true, true]);
    assert.deepEqual(items, range(1, 56));
  });

  test(`${name}: more than the history holds is never a silent gap`, async (t) => {
    const network = await proxyTo(t, gateway.port);
    const ann = await way.connected(t, network);
    const short = await subscribed(ann, `short:${slug}`);
    const items = way.heard(short);
    await gateway.publish(short.channel, 1);
    await until(() => items.length === 1, "the first is heard");
    const { wasRecovering, recovered } = await broken(ann, network, short, () => gateway.publish(short.channel, ...range(2, 12)));
    assert.deepEqual([wasRecovering, Boolean(recovered)], [true, false]);
    await gateway.publish(short.channel, 13);
    await until(() => items.length === 2, "the newest is heard");
    assert.deepEqual(items, [1, 13]);
  });

  test(`${name}: many commands at once are all answered`, async (t) => {
    const room = await subscribed(await way.connected(t, gateway), `room:${slug}-busy`);
    const items = way.heard(room);
    await Promise.all(range(1, 40).map((n) => room.publish(way.encode(n))));
    await until(() => items.length === 40, "all are heard");
    assert.deepEqual(items.sort((a, b) => a - b), range(1, 40));
  });

  test(`${name}: what the backend orders is heard, and its codes are honoured`, async (t) => {
    const user = `carl-${slug}`;
    const carl = await way.connected(t, gateway, as(user));
    const news = await subscribed(carl, "open:orders");
    const out = next(news, "unsubscribed");
    await gateway.api("unsubscribe", { user, channel: "open:orders" });
    assert.equal((await out).code, 2000);

    const comesBack = next(carl, "connecting");
    const back = next(carl, "connected");
    await gateway.api("disconnect", { user, disconnect: { code: 3011, reason: "force reconnect" } });
    const { code, reason } = await comesBack;
    assert.deepEqual([code, reason], [3011, "force reconnect"]);
    await back;

    const gone = next(carl, "disconnected");
    await gateway.api("disconnect", { user });
    assert.equal((await gone).code, 3503);
  });

  test(`${name}: a line that fell silent is noticed on both sides, and recovered`, async (t) => {
    const network = await proxyTo(t, gateway.port);
    const ann = await way.connected(t, network, { maxServerPingDelay: 500 });
    const items = way.heard(await subscribed(ann, `news:${slug}-silent`));
    const room = `room:${slug}-silent`;
    await subscribed(ann, room);
    const noticed = next(ann, "connecting");
    network.silence();
    await gateway.publish(`news:${slug}-silent`, ...range(1, 20));
    await noticed;
    const present = async () => (await gateway.api("presence_stats", { channel: room })).num_clients;
    await until(async () => (await present()) === 0, "the gateway gives the dead connection up");
    network.reset();
    network.mend();
    await until(() => items.length === 20, "all are heard");
    assert.deepEqual(items, range(1, 20));
  });

  test(`${name}: a draining gateway says so and ends; its clients go on at the next one`, async (t) => {
    const first = await start(t, { ...ALL, shutdown: { timeout: "7s" } });
    const ann = await way.connected(t, first);
    first.terminate();
    const { code, reason } = await next(ann, "connecting");
    assert.deepEqual([code, reason], [3001, "shutdown"]);
    assert.equal(await first.exited, 0);
    await start(t, { ...ALL, http_server: { port: first.port } });
    await ann.ready(10_000);
  });
}

// Whoever answered none would be sent away 1.9 s after it came, and whoever heard none would go after as long.
test("by every way, a client lives on the pings that it answers", async (t) => {
  const everybody = await Promise.all(WAYS.map((way) => way.connected(t, gateway, { maxServerPingDelay: 900 })));
  const noticed = everybody.map((one) => next(one, "connecting", { within: 2500 }));
  for (const one of noticed) await assert.rejects(one, /no "connecting"/);
  assert.deepEqual(new Set(everybody.map(({ state }) => state)), new Set(["connected"]));
});
