// What a phone does that lost its connection and knows nothing of what came of its last words; with a real backend.

import assert from "node:assert/strict";
import { createServer } from "node:http";
import test from "node:test";

import { connected, next, subscribed, until } from "./harness/clients.mjs";
import { start } from "./harness/gateway.mjs";
import { open } from "./harness/raw.mjs";
import { token } from "./harness/tokens.mjs";

/** A backend that answers rpcs when it is let, and keeps what it was asked. */
async function office(t) {
  const asked = [];
  let open;
  const opened = new Promise((resolve) => (open = resolve));
  const server = createServer(async (request, response) => {
    const question = JSON.parse(Buffer.concat(await request.toArray()));
    asked.push(question);
    if (question.method.startsWith("slow")) await opened;
    response.end(JSON.stringify({ result: { data: `${question.user} #${asked.length}` } }));
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => server.close());
  return { asked, open, url: `http://127.0.0.1:${server.address().port}` };
}

async function world(t, overrides) {
  const backend = await office(t);
  const rpc = { proxy: { endpoint: backend.url, timeout: "20s" }, without_namespace: { proxy_enabled: true } };
  return { backend, gateway: await start(t, { rpc, ...overrides }) };
}

const bid = (id, method = "slow bid", price = 100) => ({
  id,
  rpc: { method, data: { price }, idempotency_key: "bid-1" },
});

async function phone(t, gateway, user, headers = {}) {
  const raw = await open(t, gateway.port);
  raw.send({ id: 1, connect: { token: token({ sub: user }), headers } });
  const [{ connect }] = await raw.replies();
  return Object.assign(raw, { client: connect.client, time: connect.time });
}

test("an rpc that is sent again after its connection was cut runs once, and a repeat joins it", async (t) => {
  const { backend, gateway } = await world(t);
  const cut = await phone(t, gateway, "ann");
  cut.send(bid(2));
  await until(() => backend.asked.length === 1, "the backend is asked");
  cut.socket.destroy();
  const back = await phone(t, gateway, "ann");
  back.send(bid(2), { id: 3, ping: {} });
  assert.deepEqual(await back.replies(), [{ id: 3, ping: {} }], "the repeat is known and waits");
  backend.open();
  assert.deepEqual(await back.replies(), [{ id: 2, rpc: { data: "ann #1" } }]);
  const later = await phone(t, gateway, "ann");
  later.send(bid(9));
  assert.deepEqual(await later.replies(), [{ id: 9, rpc: { data: "ann #1" } }]);
  later.send(bid(10, "slow bid", 101));
  assert.equal((await later.replies())[0].error.code, 107);
  assert.deepEqual(backend.asked.map(({ idempotency_key }) => idempotency_key), ["bid-1"]);
});

test("another user's key reveals nothing", async (t) => {
  const { backend, gateway } = await world(t);
  backend.open();
  for (const [index, user] of ["ann", "bob"].entries()) {
    const raw = await phone(t, gateway, user);
    raw.send(bid(2));
    assert.deepEqual(await raw.replies(), [{ id: 2, rpc: { data: `${user} #${index + 1}` } }]);
  }
});

test("a publication that is sent again after a break is heard once", async (t) => {
  const { gateway } = await world(t);
  const watcher = await connected(t, gateway.websocket, { token: token({ sub: "watcher" }) });
  const heard = [];
  (await subscribed(watcher, "room:once")).on("publication", ({ data }) => heard.push(data));
  for (const data of ["bid", "bid", "last"]) {
    const raw = await phone(t, gateway, "ann");
    raw.send({ id: 2, subscribe: { channel: "room:once" } });
    await raw.replies();
    raw.send({ id: 3, publish: { channel: "room:once", data, idempotency_key: data } });
    await until(async () => (await raw.replies()).some(({ id }) => id === 3), "it is published");
    raw.socket.destroy();
  }
  await until(() => heard.includes("last"), "the last is heard");
  assert.deepEqual(heard, ["bid", "last"]);
});

test("a phone on another network is there once, and nobody hears it leave or come", async (t) => {
  const { gateway } = await world(t, { client: { user_connection_limit: 1 } });
  const watcher = await connected(t, gateway.websocket, { token: token({ sub: "watcher" }) });
  const room = await subscribed(watcher, "room:1");
  const movements = [];
  room.on("join", ({ info }) => movements.push(`join ${info.user}`));
  room.on("leave", ({ info }) => movements.push(`leave ${info.user}`));
  const headers = { "suona-session": "6f1a2b3c4d5e6f708192a3b4c5d6e7f8", "suona-farewell": "1" };
  const phones = [];
  for (let n = 0; n < 4; n++) {
    const made = await phone(t, gateway, "ann", headers);
    made.send({ id: 2, subscribe: { channel: "room:1" } });
    assert.ok((await made.replies())[0].subscribe);
    phones.push(made);
    const { clients } = await room.presence();
    assert.deepEqual(Object.values(clients).map(({ user }) => user).sort(), ["ann", "watcher"]);
  }
  assert.equal(new Set(phones.map(({ client }) => client)).size, 1, "one client for everybody");
  for (const old of phones.slice(0, -1)) {
    assert.deepEqual(await old.closed(), { code: 3503, reason: "taken over" });
  }
  phones.at(-1).socket.destroy();
  await until(() => movements.includes("leave ann"), "in the end it leaves");
  assert.deepEqual(movements.filter((one) => one.endsWith("ann")), ["join ann", "leave ann"]);
});

test("the stock client may ask for all that, and stays away when another takes over", async (t) => {
  const { gateway } = await world(t);
  const headers = { "suona-session": "V1StGXR8_Z5jdHi6B-myT0", "suona-farewell": "1", "suona-time": "1" };
  const first = await connected(t, gateway.websocket, { headers });
  const gone = next(first, "disconnected");
  const second = await phone(t, gateway, "ann", headers);
  assert.ok(Math.abs(second.time - Date.now()) < 60_000);
  assert.deepEqual(await gone.then(({ code, reason }) => [code, reason]), [3503, "taken over"]);
});

test("who is sent away by a drain is told when to come back", async (t) => {
  const { gateway } = await world(t, { shutdown: { timeout: "1s" } });
  const raw = await phone(t, gateway, "ann", { "suona-farewell": "1" });
  gateway.terminate();
  const [{ push }] = await raw.replies();
  assert.equal(push.disconnect.code, 3001);
  assert.ok(push.disconnect.retry_after_ms >= 1000 && push.disconnect.retry_after_ms < 6000);
  assert.deepEqual(await raw.closed(), { code: 3001, reason: "shutdown" });
});
