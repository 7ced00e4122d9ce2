// Channels that npm `centrifuge` hears without asking, by every way: by its token, by the backend's word, by order of the API.

import assert from "node:assert/strict";
import test from "node:test";

import { backend } from "./harness/backend.mjs";
import { broken, next, range, subscribed, until } from "./harness/clients.mjs";
import { start } from "./harness/gateway.mjs";
import { proxyTo } from "./harness/proxy.mjs";
import { inSeconds, token } from "./harness/tokens.mjs";
import { ALL, WAYS } from "./harness/transports.mjs";

const office = await backend(test, {
  connect: () => ({ result: { user: "hook", subs: { "news:hook": { data: { from: "a friend" } } } } }),
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
  ...ALL,
  client: { proxy: { connect: office.webhook("connect", { enabled: true }) } },
  channel: { namespaces: NAMESPACES },
});

for (const way of WAYS) {
  const as = (user, claims = {}) => ({ token: token({ sub: user, ...claims }) });
  const [eve, fay] = [`eve-${way.slug}`, `fay-${way.slug}`];
  for (const [by, channel, options] of [
    ["its token", "news:token", as("ann", { subs: { "news:token": { data: { from: "a friend" } } } })],
    ["the backend", "news:hook", { token: "" }],
  ]) {
    test(`${way.name}: what was missed of a channel by the word of ${by} is recovered`, async (t) => {
      const network = await proxyTo(t, gateway.port);
      const ann = way.client(t, network, options);
      const comes = next(ann, "subscribed");
      ann.connect();
      const first = await comes;
      assert.deepEqual([first.channel, first.recoverable, way.decode(first.data)], [channel, true, { from: "a friend" }]);
      const items = way.heard(ann, channel);
      await gateway.publish(channel, 1);
      await until(() => items.length === 1, "the first is heard");

      const publish = () => gateway.publish(channel, ...range(2, 20));
      const { wasRecovering, recovered } = await broken(ann, network, ann, publish);
      await gateway.publish(channel, 21);
      await until(() => items.at(-1) === 21, "the newest is heard");
      assert.deepEqual([wasRecovering, recovered], [true, true]);
      assert.deepEqual(items, range(1, 21));
    });
  }

  test(`${way.name}: the API subscribes every connection of a user, with what was missed, and ends that again`, async (t) => {
    const channel = `news:api-${way.slug}`;
    const both = await Promise.all([1, 2].map(() => way.connected(t, gateway, as(eve))));
    const other = await way.connected(t, gateway, as("other"));
    other.on("subscribed", () => assert.fail("somebody else was subscribed"));
    const { offset, epoch } = await gateway.api("publish", { channel, data: 1 });
    await gateway.publish(channel, 2, 3);
    const logs = both.map((one) => way.heard(one, channel));
    const told = both.map((one) => next(one, "subscribed"));
    await gateway.api("subscribe", {
      user: eve,
      channel,
      data: { hello: "eve" },
      recover_since: { offset, epoch },
    });
    for (const one of await Promise.all(told)) {
      const { recoverable, positioned, data } = one;
      assert.deepEqual([one.channel, recoverable, positioned, way.decode(data)], [channel, true, true, { hello: "eve" }]);
    }
    await gateway.publish(channel, 4);
    await until(() => logs.every((items) => items.at(-1) === 4), "both hear the newest");
    assert.deepEqual(logs, [range(2, 4), range(2, 4)]);

    await gateway.api("subscribe", { user: eve, channel }); // changes nothing
    const ends = both.map((one) => next(one, "unsubscribed"));
    await gateway.api("unsubscribe", { user: eve, channel });
    assert.deepEqual((await Promise.all(ends)).map((one) => one.channel), [channel, channel]);
  });

  test(`${way.name}: a channel by the API is recovered after a break, where the namespace permits it`, async (t) => {
    const network = await proxyTo(t, gateway.port);
    const channel = `news:break-${way.slug}`;
    const client = await way.connected(t, network, as(eve));
    const items = way.heard(client, channel);
    const told = next(client, "subscribed");
    await gateway.api("subscribe", { user: eve, channel });
    await told;
    await gateway.publish(channel, 1);
    await until(() => items.length === 1, "the first is heard");
    const { recovered } = await broken(client, network, client, () => gateway.publish(channel, 2, 3));
    assert.equal(recovered, true);
    await until(() => items.length === 3, "all is heard");
    assert.deepEqual(items, [1, 2, 3]);
  });

  test(`${way.name}: the API prolongs a connection, and ends it`, async (t) => {
    const room = `room:fay-${way.slug}`;
    const ann = await way.connected(t, gateway, as(fay, { exp: inSeconds(60) }));
    await gateway.api("refresh", { user: fay, expire_at: inSeconds(600), info: { name: "Fay" } });
    await subscribed(ann, room);
    const [info] = Object.values((await gateway.api("presence", { channel: room })).presence);
    assert.deepEqual(info.conn_info, { name: "Fay" });
    const ends = next(ann, "connecting");
    await gateway.api("refresh", { user: fay, expired: true });
    assert.equal((await ends).code, 3005);
  });

  test(`${way.name}: a channel that names its users is theirs, a private one needs a token`, async (t) => {
    const ann = await way.connected(t, gateway, as("ann"));
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

  test(`${way.name}: who unsubscribes or closes is gone at once for all others`, async (t) => {
    const channel = `room:exits-${way.slug}`;
    const watcher = await way.connected(t, gateway, as("watcher"));
    const room = await subscribed(watcher, channel);
    const bob = await way.connected(t, gateway, as("bob"));
    const of = (user) => ({ accepts: ({ info }) => info.user === user });
    const comes = next(room, "join", of("bob"));
    const inRoom = await subscribed(bob, channel);
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

    const late = way.client(t, gateway, as(eve, { channels: [channel] }));
    const eveComes = next(room, "join", of(eve));
    late.connect();
    await eveComes;
    const eveGoes = next(room, "leave", of(eve));
    await gateway.api("unsubscribe", { user: eve, channel });
    await eveGoes;
    assert.equal(late.state, "connected");
  });
}

async function subscribedTo(made, channel, options) {
  const subscription = made.newSubscription(channel, options);
  const comes = next(subscription, "subscribed");
  subscription.subscribe();
  return comes;
}
