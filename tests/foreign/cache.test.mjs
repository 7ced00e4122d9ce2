// Channels in which the latest publication stands for all before it, with npm `centrifuge` by every
// way.

import assert from "node:assert/strict";
import test from "node:test";

import { broken, next, range, until } from "./harness/clients.mjs";
import { start } from "./harness/gateway.mjs";
import { proxyTo } from "./harness/proxy.mjs";
import { token } from "./harness/tokens.mjs";
import { ALL, WAYS } from "./harness/transports.mjs";

const cache = {
  history_size: 1,
  history_ttl: "300s",
  force_recovery: true,
  force_recovery_mode: "cache",
  allow_subscribe_for_client: true,
};
const gateway = await start(test, {
  ...ALL,
  channel: {
    namespaces: [
      { name: "rate", ...cache },
      { name: "auto", ...cache, auto_cache_recover: true },
    ],
  },
});

/** A subscription, what it hears, and what it was told when it began. */
async function subscribed(way, to, channel, options) {
  const made = to.newSubscription(channel, { minResubscribeDelay: 20, maxResubscribeDelay: 200, ...options });
  const items = way.heard(made);
  const comes = next(made, "subscribed");
  made.subscribe();
  return { made, items, told: await comes };
}

for (const way of WAYS) {
  test(`${way.name}: who asks with an empty position gets the latest publication`, async (t) => {
    const ann = await way.connected(t, gateway);
    const empty = await subscribed(way, ann, `rate:empty-${way.slug}`, { since: {} });
    assert.deepEqual([empty.told.wasRecovering, Boolean(empty.told.recovered), empty.items], [true, false, []]);

    await gateway.publish(`rate:usd-${way.slug}`, ...range(1, 5));
    const { told, items } = await subscribed(way, ann, `rate:usd-${way.slug}`, { since: {} });
    assert.deepEqual([told.wasRecovering, told.recovered], [true, true]);
    await gateway.publish(`rate:usd-${way.slug}`, 6);
    await until(() => items.length >= 2, "the next is heard");
    assert.deepEqual(items, [5, 6]);
  });

  test(`${way.name}: who does not ask gets what comes`, async (t) => {
    const ann = await way.connected(t, gateway);
    await gateway.publish(`rate:unasked-${way.slug}`, 1);
    const { told, items } = await subscribed(way, ann, `rate:unasked-${way.slug}`);
    assert.equal(Boolean(told.wasRecovering), false);
    await gateway.publish(`rate:unasked-${way.slug}`, 2);
    await until(() => items.length >= 1, "the next is heard");
    assert.deepEqual(items, [2]);
  });

  test(`${way.name}: after a break the latest is heard, once, and nothing if nothing came`, async (t) => {
    const network = await proxyTo(t, gateway.port);
    const ann = await way.connected(t, network);
    const { made, items } = await subscribed(way, ann, `rate:break-${way.slug}`);
    const breaks = async (...meanwhile) => {
      const publish = () => gateway.publish(`rate:break-${way.slug}`, ...meanwhile);
      return (await broken(ann, network, made, publish)).recovered;
    };
    await gateway.publish(`rate:break-${way.slug}`, 1);
    await until(() => items.length === 1, "the first is heard");
    assert.equal(await breaks(...range(2, 30)), true);
    await until(() => items.length === 2, "the latest is heard");
    assert.equal(await breaks(), true);
    await gateway.publish(`rate:break-${way.slug}`, 31);
    await until(() => items.length >= 3, "the next is heard");
    assert.deepEqual(items, [1, 30, 31]);
  });

  test(`${way.name}: a namespace may bring the latest unasked, to server-side subscriptions too`, async (t) => {
    await gateway.publish(`auto:usd-${way.slug}`, 1, 2);
    const ann = way.client(t, gateway, { token: token({ sub: "ann", channels: [`auto:eur-${way.slug}`] }) });
    await gateway.publish(`auto:eur-${way.slug}`, 7);
    const server = next(ann, "publication");
    ann.connect();
    const { channel, data } = await server;
    assert.deepEqual([channel, way.decode(data)], [`auto:eur-${way.slug}`, 7]);
    const { told, items } = await subscribed(way, ann, `auto:usd-${way.slug}`);
    await until(() => items.length >= 1, "the latest is heard");
    assert.deepEqual([told.recovered, items], [true, [2]]);
  });
}
