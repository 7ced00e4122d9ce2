// Channels in which the latest publication stands for all before it, with npm `centrifuge`.

import assert from "node:assert/strict";
import test from "node:test";

import { client, connected, heard, next, range, until } from "./harness/clients.mjs";
import { start } from "./harness/gateway.mjs";
import { proxyTo } from "./harness/proxy.mjs";
import { token } from "./harness/tokens.mjs";

const cache = {
  history_size: 1,
  history_ttl: "300s",
  force_recovery: true,
  force_recovery_mode: "cache",
  allow_subscribe_for_client: true,
};
const gateway = await start(test, {
  channel: {
    namespaces: [
      { name: "rate", ...cache },
      { name: "auto", ...cache, auto_cache_recover: true },
    ],
  },
});

/** A subscription, what it hears, and what it was told when it began. */
async function subscribed(to, channel, options) {
  const made = to.newSubscription(channel, { minResubscribeDelay: 20, maxResubscribeDelay: 200, ...options });
  const items = heard(made);
  const comes = next(made, "subscribed");
  made.subscribe();
  return { made, items, told: await comes };
}

test("who asks with an empty position gets the latest publication", async (t) => {
  const ann = await connected(t, gateway.websocket);
  const empty = await subscribed(ann, "rate:empty", { since: {} });
  assert.deepEqual([empty.told.wasRecovering, empty.told.recovered, empty.items], [true, false, []]);

  await gateway.publish("rate:usd", ...range(1, 5));
  const { told, items } = await subscribed(ann, "rate:usd", { since: {} });
  assert.deepEqual([told.wasRecovering, told.recovered], [true, true]);
  await gateway.publish("rate:usd", 6);
  await until(() => items.length >= 2, "the next is heard");
  assert.deepEqual(items, [5, 6]);
});

test("who does not ask gets what comes", async (t) => {
  const ann = await connected(t, gateway.websocket);
  await gateway.publish("rate:unasked", 1);
  const { told, items } = await subscribed(ann, "rate:unasked");
  assert.equal(told.wasRecovering, false);
  await gateway.publish("rate:unasked", 2);
  await until(() => items.length >= 1, "the next is heard");
  assert.deepEqual(items, [2]);
});

test("after a break the latest is heard, once, and nothing if nothing came", async (t) => {
  const network = await proxyTo(t, gateway.port);
  const ann = await connected(t, network.websocket);
  const { made, items } = await subscribed(ann, "rate:break");
  const breaks = async (...meanwhile) => {
    const lost = next(ann, "connecting");
    network.cut();
    await lost;
    await gateway.publish("rate:break", ...meanwhile);
    const back = next(made, "subscribed");
    network.mend();
    return (await back).recovered;
  };
  await gateway.publish("rate:break", 1);
  await until(() => items.length === 1, "the first is heard");
  assert.equal(await breaks(...range(2, 30)), true);
  await until(() => items.length === 2, "the latest is heard");
  assert.equal(await breaks(), true);
  await gateway.publish("rate:break", 31);
  await until(() => items.length >= 3, "the next is heard");
  assert.deepEqual(items, [1, 30, 31]);
});

test("a namespace may bring the latest unasked, to server-side subscriptions too", async (t) => {
  await gateway.publish("auto:usd", 1, 2);
  const ann = client(t, gateway.websocket, { token: token({ sub: "ann", channels: ["auto:eur"] }) });
  await gateway.publish("auto:eur", 7);
  const server = next(ann, "publication");
  ann.connect();
  const { channel, data } = await server;
  assert.deepEqual([channel, data], ["auto:eur", 7]);
  const { told, items } = await subscribed(ann, "auto:usd");
  await until(() => items.length >= 1, "the latest is heard");
  assert.deepEqual([told.recovered, items], [true, [2]]);
});
