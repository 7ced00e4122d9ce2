// npm `cent.js` of version 4, unmodified, which sends everything to `POST /api` as libraries did before each method
// had a path.

import assert from "node:assert/strict";
import test from "node:test";

import cent from "cent.js-4";

import { connected, next, range, subscribed } from "./harness/clients.mjs";
import { API_KEY, start } from "./harness/gateway.mjs";
import { token } from "./harness/tokens.mjs";

const gateway = await start(test);
const at = (url, key = API_KEY) => new cent.CentClient({ url, token: key });
const backend = at(`${gateway.http}/api`);

test("it publishes, and reads history by the page", async () => {
  const channel = "news:legacy";
  for (const n of range(1, 3)) assert.equal((await backend.publish({ channel, data: n })).offset, n);
  const { publications, offset, epoch } = await backend.getHistory({ channel, limit: 10 });
  assert.deepEqual([publications.map(({ data }) => data), offset], [range(1, 3), 3]);
  const page = await backend.getHistory({ channel, limit: 1, since: { offset: 1, epoch } });
  assert.deepEqual(page.publications.map((one) => one.offset), [2]);
  await backend.removeHistory({ channel });
  assert.deepEqual((await backend.getHistory({ channel, limit: 10 })).publications, []);
});

test("it sees who is there", async (t) => {
  const channel = "room:legacy";
  assert.deepEqual(await backend.getPresenceStats({ channel }), { num_clients: 0, num_users: 0 });
  const ann = await connected(t, gateway.websocket, { token: token({ sub: "ann", info: { name: "Ann" } }) });
  await subscribed(ann, channel);
  const [{ user, conn_info }] = Object.values((await backend.getPresence({ channel })).presence);
  assert.deepEqual([user, conn_info], ["ann", { name: "Ann" }]);
  assert.deepEqual(await backend.getPresenceStats({ channel }), { num_clients: 1, num_users: 1 });
  assert.deepEqual((await backend.getChannels({ pattern: "room:*" })).channels, { [channel]: { num_clients: 1 } });
  assert.equal((await backend.getInfo({})).nodes.length, 1);
});

test("its orders are obeyed", async (t) => {
  const bob = await connected(t, gateway.websocket, { token: token({ sub: "bob" }) });
  const [user, channel] = ["bob", "news:bob"];
  const comes = next(bob, "subscribed");
  await backend.subscribe({ user, channel });
  assert.equal((await comes).channel, channel);
  const reaches = next(bob, "publication");
  const { responses } = await backend.broadcast({ channels: [channel, "nowhere:1"], data: "hello" });
  assert.deepEqual(responses.map(({ error }) => error?.code), [undefined, 102]);
  assert.equal((await reaches).data, "hello");
  const leaves = next(bob, "unsubscribed");
  await backend.unsubscribe({ user, channel });
  assert.equal((await leaves).channel, channel);

  const ends = next(bob, "connecting");
  await backend.refresh({ user, expired: true });
  assert.equal((await ends).code, 3005);
  await bob.ready(5000);
  const gone = next(bob, "disconnected");
  await backend.disconnect({ user });
  assert.equal((await gone).code, 3503);
});

test("many commands at once are answered in their order", async () => {
  const channel = "news:pipeline";
  const commands = range(1, 50).map((data) => ({ method: "publish", params: { channel, data } }));
  const results = await backend.pipeline([...commands, { method: "publish", params: { channel: "nowhere:1", data: 1 } }]);
  assert.deepEqual(results.map((result) => result?.offset), [...range(1, 50), undefined]);
  assert.deepEqual((await backend.getHistory({ channel, limit: 0 })).offset, 50);
});

test("an error is one, and without the key there is nothing", async () => {
  await assert.rejects(backend.publish({ channel: "nowhere:1", data: {} })); // it shows no code
  await assert.rejects(at(`${gateway.http}/api`, "guessed").getInfo({}));
});

test("what this library does not send: ids, capitals, an unknown method, and half a command", async () => {
  const ask = async (...lines) => {
    const headers = { "X-API-Key": API_KEY };
    const answer = await fetch(`${gateway.http}/api`, { method: "POST", headers, body: lines.join("\n") });
    return answer.status === 200 ? (await answer.text()).trim().split("\n").map((line) => JSON.parse(line)) : answer.status;
  };
  const channel = "news:odd";
  const said = await ask(
    `{"id":7,"method":"PUBLISH","params":{"channel":"${channel}","data":1}}`,
    `{"id":8,"method":"dance","params":{}}`,
    `{"id":9,"method":"history","params":{"channel":7}}`,
    `{"id":10,"method":"publish","params":{"channel":"nowhere:1","data":1}}`,
  );
  assert.deepEqual(said.map(({ id, error }) => [id, error?.code]), [[7, undefined], [8, 104], [9, 107], [10, 102]]);
  const publish = `{"method":"publish","params":{"channel":"${channel}","data":2}}`;
  assert.equal(await ask(publish, '{"method":'), 400);
  const [{ result }] = await ask(`{"method":"history","params":{"channel":"${channel}","limit":0}}`);
  assert.equal(result.offset, 1, "if one cannot be read, none is carried out");
});
