// npm `centrifuge` and a backend that decides: who connects, who hears and says what, and for how long.

import assert from "node:assert/strict";
import test from "node:test";

import { backend } from "./harness/backend.mjs";
import { client, connected, heard, next, subscribed, until } from "./harness/clients.mjs";
import { start } from "./harness/gateway.mjs";
import { inSeconds } from "./harness/tokens.mjs";

const people = {
  ann: { user: "ann", info: { name: "Ann" }, data: { welcome: "Ann" }, channels: ["desk:ann"] },
  bob: { user: "bob" },
};
let lives = () => ({ result: { expire_at: inSeconds(600) } });

const office = await backend(test, {
  connect({ data }, headers) {
    if (data?.as === "banned") return { disconnect: { code: 4501, reason: "banned" } };
    if (data?.as === "brief") return { result: { user: "brief", expire_at: inSeconds(1) } };
    const person = people[headers.authorization ?? data?.as];
    return person ? { result: person } : { error: { code: 1001, message: "log in first" } };
  },
  refresh: () => lives(),
  subscribe({ channel, user, data }) {
    if (channel === "desk:brief") return { result: { expire_at: inSeconds(1) } };
    if (channel !== `desk:${user}` && data?.password !== "let me in") return { error: { code: 1002, message: "no" } };
    return { result: { data: { for: user }, override: { presence: { value: channel !== "desk:hidden" } } } };
  },
  sub_refresh: () => ({ result: { expired: true } }),
  publish({ data, user }) {
    if (data.rude) return { error: { code: 1003, message: "be nice" } };
    return { result: { data: { ...data, by: user } } };
  },
  rpc: ({ method, user, data }) =>
    method === "fail" ? { error: { code: 1004, message: "it failed" } } : { result: { data: { method, user, data } } },
});
const gateway = await start(test, {
  client: {
    proxy: {
      connect: office.webhook("connect", { enabled: true, emulated_headers: ["Authorization"] }),
      refresh: office.webhook("refresh", { enabled: true }),
    },
  },
  channel: {
    proxy: {
      subscribe: office.webhook("subscribe"),
      publish: office.webhook("publish"),
      sub_refresh: office.webhook("sub_refresh"),
    },
    namespaces: [
      {
        name: "desk",
        subscribe_proxy_enabled: true,
        publish_proxy_enabled: true,
        sub_refresh_proxy_enabled: true,
        history_size: 100,
        history_ttl: "300s",
        force_recovery: true,
        presence: true,
        allow_presence_for_subscriber: true,
      },
    ],
  },
  rpc: { proxy: office.webhook("rpc"), without_namespace: { proxy_enabled: true } },
});
const as = (who) => ({ token: "", data: { as: who } });

test("the backend says who connects, by the connect data or by a header", async (t) => {
  for (const options of [as("ann"), { token: "", headers: { Authorization: "ann" } }]) {
    const ann = client(t, gateway.websocket, options);
    const comes = next(ann, "connected");
    const hears = next(ann, "subscribed");
    ann.connect();
    assert.deepEqual((await comes).data, { welcome: "Ann" });
    assert.equal((await hears).channel, "desk:ann");
    ann.disconnect();
  }
  const { transport, protocol, encoding, name } = office.questions("connect")[0];
  assert.deepEqual([transport, protocol, encoding, name], ["websocket", "json", "json", "js"]);
});

test("whom the backend does not let in hears its words", async (t) => {
  for (const [who, code, reason] of [
    ["nobody", 1001, "log in first"],
    ["banned", 4501, "banned"],
  ]) {
    const refused = client(t, gateway.websocket, as(who));
    const gone = next(refused, "disconnected");
    refused.connect();
    const context = await gone;
    assert.deepEqual([context.code, context.reason], [code, reason]);
  }
});

test("the backend says who subscribes, and what comes with it", async (t) => {
  const bob = await connected(t, gateway.websocket, as("bob"));
  const own = bob.newSubscription("desk:bob");
  const comes = next(own, "subscribed");
  own.subscribe();
  assert.deepEqual((await comes).data, { for: "bob" });
  const { clients } = await own.presence();
  assert.deepEqual(Object.values(clients).map(({ user }) => user), ["bob"]);

  const other = bob.newSubscription("desk:ann");
  const refused = next(other, "unsubscribed");
  other.subscribe();
  assert.equal((await refused).code, 1002);
  const hidden = await subscribed(bob, "desk:hidden", { data: { password: "let me in" } });
  assert.deepEqual(await hidden.presenceStats(), { numClients: 0, numUsers: 0 });
});

test("the backend says who publishes, and what", async (t) => {
  const bob = await connected(t, gateway.websocket, as("bob"));
  const desk = await subscribed(bob, "desk:bob");
  const items = heard(desk);
  await desk.publish({ say: "hello" });
  await until(() => items.length === 1, "it is heard");
  assert.deepEqual(items, [{ say: "hello", by: "bob" }]);
  await assert.rejects(desk.publish({ rude: true }), { code: 1003, message: "be nice" });
});

test("the backend answers requests, side by side", async (t) => {
  const bob = await connected(t, gateway.websocket, as("bob"));
  const replies = await Promise.all([1, 2, 3].map((n) => bob.rpc(`list-${n}`, { n })));
  assert.deepEqual(
    replies.map(({ data }) => data),
    [1, 2, 3].map((n) => ({ method: `list-${n}`, user: "bob", data: { n } })),
  );
  await assert.rejects(bob.rpc("fail", {}), { code: 1004, message: "it failed" });
});

test("a connection lives on as long as the backend says", async (t) => {
  lives = () => ({ result: { expire_at: inSeconds(2) } });
  const brief = await connected(t, gateway.websocket, as("brief"));
  await until(() => office.questions("refresh").length >= 1, "the backend is asked when it expires");
  assert.equal(brief.state, "connected");
  lives = () => ({ result: { expired: true } });
  const ends = await next(brief, "connecting");
  assert.deepEqual([ends.code, ends.reason], [3005, "connection expired"]);
});

test("a subscription that the backend gives up ends, and begins anew", async (t) => {
  const bob = await connected(t, gateway.websocket, as("bob"));
  const brief = await subscribed(bob, "desk:brief");
  const ends = await next(brief, "subscribing");
  assert.equal(ends.code, 2501);
  assert.equal(office.questions("sub_refresh")[0].channel, "desk:brief");
  assert.equal(bob.state, "connected");
});
