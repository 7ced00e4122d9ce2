// Channels that npm `centrifuge` hears without asking: by its token, by the backend's word, by order of the API.

import assert from "node:assert/strict";
import test from "node:test";

import { backend } from "./harness/backend.mjs";
import { client, connected, next, range, subscribed, until } from "./harness/clients.mjs";
import { start } from "./harness/gateway.mjs";
import { proxyTo } from "./harness/proxy.mjs";
import { inSeconds, token } from "./harness/tokens.mjs";

const office = await backend(test, {
  connect: () => ({ result: { user: "hook", subs: { "news:hook": { data: { from: "the backend" } } } } }),
});
const NAMESPACES = [
  { name: "news", history_size: 1000, history_ttl: "300s", force_recovery: true, allow_subscribe_for_client: true },
  {
    name: "room",
    presence: true,
    join_leave: true,
    force_push_join_leave: true,
    allow_subscribe_for_client: true,
    allow_presence_for_subscriber: true,
  },
  { name: "mine", allow_user_limited_channels: true },
];
const gateway = await start(test, {
  client: { proxy: { connect: office.webhook("connect", { enabled: true }) } },
  channel: { namespaces: NAMESPACES },
});
const as = (user, claims = {}) => ({ token: token({ sub: user, ...claims }) });

/** What a client hears of a server-side subscription. */
function heardOn(made, channel) {
  const items = [];
  made.on("publication", (context) => context.channel === channel && items.push(context.data));
  return items;
}

for (const [by, channel, options] of [
  ["its token", "news:token", as("ann", { subs: { "news:token": { data: { from: "the token" } } } })],
  ["the backend", "news:hook", { token: "" }],
]) {
  test(`what was missed of a channel by the word of ${by} is recovered`, async (t) => {
    const network = await proxyTo(t, gateway.port);
    const ann = client(t, network.websocket, options);
    const comes = next(ann, "subscribed");
    ann.connect();
    const first = await comes;
    assert.deepEqual([first.channel, first.recoverable, typeof first.data.from], [channel, true, "string"]);
    const items = heardOn(ann, channel);
    await gateway.publish(channel, 1);
    await until(() => items.length === 1, "the first is heard");

    const lost = next(ann, "connecting");
    network.cut();
    await lost;
    await gateway.publish(channel, ...range(2, 20));
    const back = next(ann, "subscribed");
    network.mend();
    const { wasRecovering, recovered } = await back;
    await gateway.publish(channel, 21);
    await until(() => items.at(-1) === 21, "the newest is heard");
    assert.deepEqual([wasRecovering, recovered], [true, true]);
    assert.deepEqual(items, range(1, 21));
  });
}

test("the API subscribes every connection of a user, with what was missed, and ends that again", async (t) => {
  const both = await Promise.all([1, 2].map(() => connected(t, gateway.websocket, as("eve"))));
  const other = await connected(t, gateway.websocket, as("other"));
  other.on("subscribed", () => assert.fail("somebody else was subscribed"));
  const [{ offset, epoch }] = [await gateway.api("publish", { channel: "news:api", data: 1 })];
  await gateway.publish("news:api", 2, 3);
  const logs = both.map((one) => heardOn(one, "news:api"));
  const told = both.map((one) => next(one, "subscribed"));
  await gateway.api("subscribe", {
    user: "eve",
    channel: "news:api",
    data: { hello: "eve" },
    recover_since: { offset, epoch },
  });
  for (const { channel, recoverable, positioned, data } of await Promise.all(told)) {
    assert.deepEqual([channel, recoverable, positioned, data], ["news:api", true, true, { hello: "eve" }]);
  }
  await gateway.publish("news:api", 4);
  await until(() => logs.every((items) => items.at(-1) === 4), "both hear the newest");
  assert.deepEqual(logs, [range(2, 4), range(2, 4)]);

  await gateway.api("subscribe", { user: "eve", channel: "news:api" }); // changes nothing
  const ends = both.map((one) => next(one, "unsubscribed"));
  await gateway.api("unsubscribe", { user: "eve", channel: "news:api" });
  assert.deepEqual((await Promise.all(ends)).map(({ channel }) => channel), ["news:api", "news:api"]);
});

test("a channel by the API is recovered after a break, where the namespace permits it", async (t) => {
  const network = await proxyTo(t, gateway.port);
  const eve = await connected(t, network.websocket, as("eva"));
  const items = heardOn(eve, "news:break");
  const told = next(eve, "subscribed");
  await gateway.api("subscribe", { user: "eva", channel: "news:break" });
  await told;
  await gateway.publish("news:break", 1);
  await until(() => items.length === 1, "the first is heard");
  const lost = next(eve, "connecting");
  network.cut();
  await lost;
  await gateway.publish("news:break", 2, 3);
  const back = next(eve, "subscribed");
  network.mend();
  assert.equal((await back).recovered, true);
  await until(() => items.length === 3, "all is heard");
  assert.deepEqual(items, [1, 2, 3]);
});

test("the API prolongs a connection, and ends it", async (t) => {
  const ann = await connected(t, gateway.websocket, as("fay", { exp: inSeconds(60) }));
  await gateway.api("refresh", { user: "fay", expire_at: inSeconds(600), info: { name: "Fay" } });
  await subscribed(ann, "room:fay");
  const [info] = Object.values((await gateway.api("presence", { channel: "room:fay" })).presence);
  assert.deepEqual(info.conn_info, { name: "Fay" });
  const ends = next(ann, "connecting");
  await gateway.api("refresh", { user: "fay", expired: true });
  assert.equal((await ends).code, 3005);
});

test("a channel that names its users is theirs, a private one needs a token", async (t) => {
  const ann = await connected(t, gateway.websocket, as("ann"));
  await subscribed(ann, "mine:talk#ann,bob");
  const refusal = async (channel, options) => {
    const refused = ann.newSubscription(channel, options);
    const gone = next(refused, "unsubscribed");
    refused.subscribe();
    return (await gone).code;
  };
  assert.equal(await refusal("mine:talk#bob"), 103);
  assert.equal(await refusal("$news:private"), 103);
  const own = token({ sub: "ann", channel: "$news:own" });
  const { recoverable } = await subscribedTo(ann, "$news:own", { token: own });
  assert.equal(recoverable, true, "its namespace is the one behind the prefix");
});

async function subscribedTo(made, channel, options) {
  const subscription = made.newSubscription(channel, options);
  const comes = next(subscription, "subscribed");
  subscription.subscribe();
  return comes;
}

test("who unsubscribes or closes is gone at once for all others", async (t) => {
  const watcher = await connected(t, gateway.websocket, as("watcher"));
  const room = await subscribed(watcher, "room:exits");
  const bob = await connected(t, gateway.websocket, as("bob"));
  const of = (user) => ({ accepts: ({ info }) => info.user === user });
  const comes = next(room, "join", of("bob"));
  const inRoom = await subscribed(bob, "room:exits");
  await comes;
  const goes = next(room, "leave", of("bob"));
  inRoom.unsubscribe();
  await goes;
  assert.deepEqual(await room.presenceStats(), { numClients: 1, numUsers: 1 });

  const again = next(room, "join", of("bob"));
  inRoom.subscribe();
  await again;
  const closes = next(room, "leave", of("bob"));
  bob.disconnect();
  await closes;
  assert.deepEqual(await room.presenceStats(), { numClients: 1, numUsers: 1 });

  const eve = client(t, gateway.websocket, as("eve", { channels: ["room:exits"] }));
  const eveComes = next(room, "join", of("eve"));
  eve.connect();
  await eveComes;
  const eveGoes = next(room, "leave", of("eve"));
  await gateway.api("unsubscribe", { user: "eve", channel: "room:exits" });
  await eveGoes;
  assert.equal(eve.state, "connected");
});
