// npm `cent.js`, unmodified, against the HTTP API; what its orders do to a connected client, and how its publications
// reach clients by every way.

import assert from "node:assert/strict";
import test from "node:test";

import cent from "cent.js";

import { connected, heard, next, range, subscribed, until } from "./harness/clients.mjs";
import { API_KEY, start } from "./harness/gateway.mjs";
import { token } from "./harness/tokens.mjs";
import { ALL, WAYS } from "./harness/transports.mjs";

const namespaces = [
  { name: "news", history_size: 1000, history_ttl: "300s", force_recovery: true, allow_subscribe_for_client: true },
  { name: "open", allow_subscribe_for_client: true },
  { name: "room", presence: true, allow_subscribe_for_client: true },
  { name: "bytes", publication_data_format: "binary", allow_subscribe_for_client: true },
];
const gateway = await start(test, { ...ALL, channel: { namespaces } });
const backend = new cent.CentClient({ url: `${gateway.http}/api`, apiKey: API_KEY });

test("publish answers the position, history gives the publications back", async () => {
  for (const n of range(1, 3)) {
    const { offset, epoch } = await backend.publish({ channel: "news:cent", data: { n }, tags: { kind: "test" } });
    assert.equal(offset, n);
    assert.match(epoch, /^\w+$/);
  }
  const { publications, offset } = await backend.getHistory({ channel: "news:cent", limit: 10 });
  assert.deepEqual(publications.map(({ data }) => data), [{ n: 1 }, { n: 2 }, { n: 3 }]);
  assert.deepEqual([offset, publications[0].tags], [3, { kind: "test" }]);
  await backend.removeHistory({ channel: "news:cent" });
  assert.deepEqual((await backend.getHistory({ channel: "news:cent", limit: 10 })).publications, []);
});

test("an unknown namespace is error 102, a missing channel 107, missing history 108", async () => {
  await assert.rejects(gateway.api("publish", { channel: "nowhere:1", data: {} }), { code: 102 });
  await assert.rejects(gateway.api("publish", { channel: "", data: {} }), { code: 107 });
  await assert.rejects(gateway.api("publish", { channel: "open:1" }), { code: 107 });
  await assert.rejects(gateway.api("history", { channel: "open:1" }), { code: 108 });
  await assert.rejects(gateway.api("presence", { channel: "open:1" }), { code: 108 });
  await assert.rejects(backend.publish({ channel: "nowhere:1", data: {} }), { name: "Error" }); // it shows no code
});

test("broadcast reaches every channel and answers for each in order", async (t) => {
  const ann = await connected(t, gateway.websocket);
  const logs = await Promise.all(["open:b1", "news:b2"].map(async (name) => heard(await subscribed(ann, name))));
  const { responses } = await backend.broadcast({ channels: ["open:b1", "nowhere:1", "news:b2"], data: "all" });
  assert.deepEqual(responses.map(({ error, result }) => error?.code ?? result.offset ?? 0), [0, 102, 1]);
  await until(() => logs.every(({ length }) => length === 1), "both hear it");
});

test("channels, presence and info show the connected", async (t) => {
  const ann = await connected(t, gateway.websocket, { token: token({ sub: "ann", info: { name: "Ann" } }) });
  await subscribed(ann, "room:shown");
  const { presence } = await backend.getPresence({ channel: "room:shown" });
  const [[id, info]] = Object.entries(presence);
  assert.deepEqual(info, { user: "ann", client: id, conn_info: { name: "Ann" } });
  assert.deepEqual(await backend.getPresenceStats({ channel: "room:shown" }), { num_clients: 1, num_users: 1 });
  assert.deepEqual((await backend.getChannels({ pattern: "room:s*" })).channels, { "room:shown": { num_clients: 1 } });
  const { nodes } = await backend.getInfo();
  assert.equal(nodes.length, 1);
  assert.ok(nodes[0].num_clients >= 1 && nodes[0].num_subs >= 1 && nodes[0].uid);
});

test("a disconnected user stays away, a client told to come back does", async (t) => {
  const away = await connected(t, gateway.websocket, { token: token({ sub: "away" }) });
  const gone = next(away, "disconnected");
  await backend.disconnect({ user: "away" });
  assert.equal((await gone).code, 3503);

  const back = await connected(t, gateway.websocket, { token: token({ sub: "back" }) });
  const leaves = next(back, "connecting");
  await gateway.api("disconnect", { user: "back", disconnect: { code: 4000, reason: "come back" } });
  assert.deepEqual(await leaves.then(({ code, reason }) => [code, reason]), [4000, "come back"]);
  await back.ready(5000);
});

test("an order for one user leaves the others alone", async (t) => {
  const bob = await connected(t, gateway.websocket, { token: token({ sub: "bob" }) });
  const carl = await connected(t, gateway.websocket, { token: token({ sub: "carl" }) });
  const ofBob = await subscribed(bob, "open:shared");
  const ofCarl = heard(await subscribed(carl, "open:shared"));
  const out = next(ofBob, "unsubscribed");
  await backend.unsubscribe({ user: "bob", channel: "open:shared" });
  assert.equal((await out).code, 2000);
  assert.equal(bob.state, "connected");
  await gateway.publish("open:shared", "still here");
  await until(() => ofCarl.length === 1, "the other still hears");
});

for (const way of WAYS) {
  test(`${way.name}: tags arrive, and neither a publication that is sent again nor an older version`, async (t) => {
    const channel = `news:once-${way.slug}`;
    const news = await subscribed(await way.connected(t, gateway), channel);
    const items = [];
    news.on("publication", ({ data, tags }) => items.push([way.decode(data), { ...tags }]));
    const bid = { channel, data: { bid: 100 }, tags: { kind: "bid" }, idempotency_key: "bid-1" };
    const first = await backend.publish(bid);
    assert.deepEqual(await Promise.all(range(1, 5).map(() => backend.publish(bid))), Array(5).fill(first));
    await assert.rejects(gateway.api("publish", { ...bid, data: { bid: 101 } }), { code: 107 });
    for (const version of [2, 1, 3]) await gateway.api("publish", { channel, data: version, version });
    await backend.publish({ channel, data: "last" });
    await until(() => items.at(-1)?.[0] === "last", "the last is heard");
    assert.deepEqual(items, [[{ bid: 100 }, { kind: "bid" }], [2, {}], [3, {}], ["last", {}]]);
  });

  test(`${way.name}: bytes arrive as they are, where there are bytes`, async (t) => {
    const ann = await way.connected(t, gateway);
    const subscription = ann.newSubscription(`bytes:${way.slug}`);
    if (way.protocol === "json") {
      const refused = next(subscription, "unsubscribed");
      subscription.subscribe();
      return assert.equal((await refused).code, 103);
    }
    subscription.subscribe();
    await subscription.ready(5000);
    const reaches = next(subscription, "publication");
    const bytes = Buffer.of(0, 0xff, 0x7b, 0x0a);
    await gateway.api("publish", { channel: subscription.channel, b64data: bytes.toString("base64") });
    assert.deepEqual(Buffer.from((await reaches).data), bytes);
  });
}

test("a batch is answered command by command", async () => {
  const { replies } = await gateway.api("batch", {
    commands: [
      { publish: { channel: "news:batch", data: 1 } },
      { publish: { channel: "nowhere:1", data: 1 } },
      { presence_stats: { channel: "room:batch" } },
      { history_remove: { channel: "news:batch" } },
    ],
  });
  assert.equal(replies[0].publish.offset, 1);
  assert.equal(replies[1].error.code, 102);
  assert.deepEqual(replies.slice(2), [{ presence_stats: { num_clients: 0, num_users: 0 } }, { history_remove: {} }]);
});

test("without the key there is no API", async () => {
  const ask = (headers, query = "") =>
    fetch(`${gateway.http}/api/info${query}`, { method: "POST", headers, body: "{}" }).then(({ status }) => status);
  assert.equal(await ask({}), 401);
  assert.equal(await ask({ "X-API-Key": "guessed" }), 401);
  assert.equal(await ask({ "X-API-Key": "guessed", Authorization: `apikey ${API_KEY}` }), 401);
  assert.equal(await ask({ Authorization: `apikey ${API_KEY}` }), 200);
  assert.equal(await ask({}, `?api_key=${API_KEY}`), 200);
  assert.equal(await ask({ "X-API-Key": API_KEY }), 200);
});

test("whoever asks for it gets errors by status", async () => {
  const ask = async (method, params, headers = { "X-Centrifugo-Error-Mode": "transport" }) => {
    const init = { method: "POST", headers: { "X-API-Key": API_KEY, ...headers }, body: JSON.stringify(params) };
    const answer = await fetch(`${gateway.http}/api/${method}`, init);
    return [answer.status, await answer.json()];
  };
  const nowhere = { channel: "nowhere:1", data: 1 };
  assert.deepEqual(await ask("publish", nowhere), [404, { code: 102, message: "unknown channel" }]);
  assert.deepEqual(await ask("publish", nowhere, {}), [200, { error: { code: 102, message: "unknown channel" } }]);
  assert.equal((await ask("presence", { channel: "open:1" }))[0], 400);
  const elsewhere = { channel: "news:status", since: { offset: 1, epoch: "elsewhere" }, limit: 1 };
  assert.equal((await ask("history", elsewhere))[0], 416);
  assert.equal((await ask("publish", { channel: "open:1", data: 1 }))[0], 200);
});

test("what is no request is told so by its status", async () => {
  const ask = (path, init) =>
    fetch(`${gateway.http}${path}`, { headers: { "X-API-Key": API_KEY }, ...init }).then(({ status }) => status);
  assert.equal(await ask("/api/publish", { method: "GET" }), 405);
  assert.equal(await ask("/api/nothing", { method: "POST", body: "{}" }), 404);
  assert.equal(await ask("/api/publish", { method: "POST", body: "{" }), 400);
});
