// Where no WebSocket gets through: the stock client over HTTP streaming and server-sent events, told the same stories.

import assert from "node:assert/strict";
import test from "node:test";

import { client, connected as connectedTo, heard, next, range, subscribed, until } from "./harness/clients.mjs";
import { start } from "./harness/gateway.mjs";
import { proxyTo } from "./harness/proxy.mjs";
import { inSeconds, token } from "./harness/tokens.mjs";
import { ALL, STREAMS, endpoint, options } from "./harness/transports.mjs";

const gateway = await start(test, { ...ALL, client: { ping_interval: "2s", pong_timeout: "1s" } });

for (const by of STREAMS) {
  const { name, transport, encode, decode } = by;
  /** A client of `user` that is connected through `at`, which has a port. */
  const connected = (t, user, { at = gateway, claims, ...more } = {}) =>
    connectedTo(t, [endpoint(transport, at.port)], {
      ...options(by, at.port, more),
      ...(claims || !more.token ? { token: token({ sub: user, ...claims }) } : {}),
    });
  const channel = (space) => `${space}:${transport}-${by.kind === STREAMS[1].kind ? "bytes" : "text"}`;

  test(`${name}: the client says by what it came, and is counted there`, async (t) => {
    const ann = client(t, [endpoint(transport, gateway.port)], options(by, gateway.port));
    const opened = next(ann, "connected");
    ann.connect();
    const { client: id, transport: used } = await opened;
    assert.match(id, /^[0-9a-f-]{36}$/);
    assert.equal(used, transport);
    const here = () => gateway.metric("suona_connections", { door: `/connection/${transport}` });
    assert.equal(await here(), 1);
    ann.disconnect();
    await until(async () => (await here()) === 0, "the connection is gone");
  });

  test(`${name}: what is published is heard, in order, whatever it looks like`, async (t) => {
    const ann = await connected(t, "ann");
    const items = heard(await subscribed(ann, channel("open")));
    const values = [{ 唢呐: "号", n: 1.5 }, "text", 0, false, null, [], { nested: { lines: "a\nb\r\nc" } }, "x".repeat(100_000)];
    await gateway.publish(channel("open"), ...values);
    await until(() => items.length === values.length, "all of it is heard");
    assert.deepEqual(items.map(decode), values);
  });

  test(`${name}: JSON that came on many lines stays one message`, async (t) => {
    const ann = await connected(t, "ann");
    const items = heard(await subscribed(ann, channel("news")));
    const pretty = `{"channel":"${channel("news")}","data":{\r\n  "a":\r1,\n  "b": [\r\n2 ]\r\n}}`;
    const answer = await fetch(`${gateway.http}/api/publish`, { method: "POST", headers: { "X-API-Key": "the-backend-only" }, body: pretty });
    assert.equal(answer.status, 200);
    await gateway.publish(channel("news"), "next");
    await until(() => items.length === 2, "both are heard");
    assert.deepEqual(items.map(decode), [{ a: 1, b: [2] }, "next"]);
  });

  test(`${name}: clients talk, see each other and hear of each other, on other transports too`, async (t) => {
    const room = channel("room");
    const bob = await connectedTo(t, gateway.websocket, { token: token({ sub: "bob" }) });
    const atBob = await subscribed(bob, room);
    const comes = next(atBob, "join", { accepts: ({ info }) => info.user === "ann" });
    const ann = await connected(t, "ann", { claims: { info: { name: "Ann" } } });
    const atAnn = await subscribed(ann, room);
    assert.deepEqual((await comes).info.connInfo, { name: "Ann" });

    const reaches = next(atBob, "publication");
    await atAnn.publish(encode({ say: "你好" }));
    const { data, info } = await reaches;
    assert.deepEqual([data, info.user], [{ say: "你好" }, "ann"]);
    const answer = next(atAnn, "publication", { accepts: ({ info }) => info.user === "bob" });
    await atBob.publish({ say: "好" });
    assert.deepEqual(decode((await answer).data), { say: "好" });

    assert.deepEqual(Object.values((await atAnn.presence()).clients).map(({ user }) => user).sort(), ["ann", "bob"]);
    assert.deepEqual(await atAnn.presenceStats(), { numClients: 2, numUsers: 2 });
    const { publications } = await atAnn.history({ limit: 10 });
    assert.deepEqual(publications.map(({ data }) => decode(data)), [{ say: "你好" }, { say: "好" }]);

    const goes = next(atBob, "leave");
    ann.disconnect();
    assert.equal((await goes).info.user, "ann");
    assert.deepEqual(await atBob.presenceStats(), { numClients: 1, numUsers: 1 });
  });

  test(`${name}: fifty publications during a cut are recovered: exactly those, in order, once`, async (t) => {
    const network = await proxyTo(t, gateway.port);
    const ann = await connected(t, "ann", { at: network });
    const news = await subscribed(ann, `${channel("news")}-cut`);
    const items = heard(news);
    await gateway.publish(news.channel, ...range(1, 5));
    await until(() => items.length === 5, "the first five are heard");

    const lost = next(ann, "connecting");
    network.cut();
    await lost;
    await gateway.publish(news.channel, ...range(6, 55));
    const back = next(news, "subscribed");
    network.mend();
    const { wasRecovering, recovered } = await back;
    await gateway.publish(news.channel, 56);
    await until(() => items.length >= 56, "the newest is heard");
    assert.deepEqual([wasRecovering, recovered], [true, true]);
    assert.deepEqual(items.map(decode), range(1, 56));
  });

  test(`${name}: many commands at once are all answered`, async (t) => {
    const ann = await connected(t, "ann");
    const room = await subscribed(ann, `${channel("room")}-busy`);
    const items = heard(room);
    await Promise.all(range(1, 40).map((n) => room.publish(encode(n))));
    await until(() => items.length === 40, "all are heard");
    assert.deepEqual(items.map(decode).sort((a, b) => a - b), range(1, 40));
  });

  test(`${name}: errors, refreshed tokens and refusals mean the same`, async (t) => {
    const claims = { sub: "ann" };
    const ann = await connected(t, "ann", {
      token: token({ ...claims, exp: inSeconds(-10) }),
      getToken: async () => token({ ...claims, exp: inSeconds(60) }),
    });
    await assert.rejects(ann.rpc("list", encode({})), { code: 108 });
    const closed = ann.newSubscription("closed:1");
    const refused = next(closed, "unsubscribed");
    closed.subscribe();
    assert.equal((await refused).code, 103);

    const stranger = client(t, [endpoint(transport, gateway.port)], options(by, gateway.port, { token: "no.token.this" }));
    const gone = next(stranger, "disconnected");
    stranger.connect();
    assert.equal((await gone).code, 3500);
  });

  test(`${name}: what the backend orders is heard, and its codes are honoured`, async (t) => {
    const carl = await connected(t, `carl-${name}`);
    const news = await subscribed(carl, channel("open"));
    const out = next(news, "unsubscribed");
    await gateway.api("unsubscribe", { user: `carl-${name}`, channel: channel("open") });
    assert.equal((await out).code, 2000);

    const comesBack = next(carl, "connecting");
    const back = next(carl, "connected");
    await gateway.api("disconnect", { user: `carl-${name}`, disconnect: { code: 3011, reason: "force reconnect" } });
    const { code, reason } = await comesBack;
    assert.deepEqual([code, reason], [3011, "force reconnect"]);
    await back;

    const gone = next(carl, "disconnected");
    await gateway.api("disconnect", { user: `carl-${name}` });
    assert.equal((await gone).code, 3503);
  });

  test(`${name}: a client that answers pings lives for some of them`, async (t) => {
    const ann = await connected(t, "ann", { maxServerPingDelay: 5000 });
    const broken = next(ann, "connecting", { within: 4500 });
    await assert.rejects(broken, /no "connecting"/);
    assert.equal(ann.state, "connected");
  });

  test(`${name}: a line that fell silent is noticed on both sides, and recovered`, async (t) => {
    const network = await proxyTo(t, gateway.port);
    const ann = await connected(t, "ann", { at: network, maxServerPingDelay: 500 });
    const items = heard(await subscribed(ann, `${channel("news")}-silent`));
    await subscribed(ann, `${channel("room")}-silent`);
    const noticed = next(ann, "connecting");
    network.silence();
    await gateway.publish(`${channel("news")}-silent`, ...range(1, 20));
    await noticed;
    await until(
      async () => (await gateway.api("presence_stats", { channel: `${channel("room")}-silent` })).num_clients === 0,
      "the gateway gives the dead connection up",
    );
    network.reset();
    network.mend();
    await until(() => items.length === 20, "all are heard");
    assert.deepEqual(items.map(decode), range(1, 20));
  });

  test(`${name}: a draining gateway says so and ends; its clients recover at the next one`, async (t) => {
    const first = await start(t, { ...ALL, shutdown: { timeout: "7s" } });
    const ann = await connected(t, "ann", { at: first });
    first.terminate();
    const { code, reason } = await next(ann, "connecting");
    assert.deepEqual([code, reason], [3001, "shutdown"]);
    assert.equal(await first.exited, 0);
    await start(t, { ...ALL, http_server: { port: first.port } });
    await ann.ready(10_000);
  });
}
