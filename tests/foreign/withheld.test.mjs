// Publications that not everyone gets in full, with the stock client by every way: deltas, tag filters,
// `exclude`, conflation. And what is withheld is no gap.

import assert from "node:assert/strict";
import test from "node:test";

import { broken, range, subscribed, until } from "./harness/clients.mjs";
import { start } from "./harness/gateway.mjs";
import { proxyTo } from "./harness/proxy.mjs";
import { token } from "./harness/tokens.mjs";
import { ALL, WAYS } from "./harness/transports.mjs";

const kept = { history_size: 1000, history_ttl: "300s", force_recovery: true, allow_subscribe_for_client: true };
const gateway = await start(test, {
  ...ALL,
  channel: {
    namespaces: [
      {
        name: "lot",
        ...kept,
        delta_publish: true,
        allowed_delta_types: ["fossil"],
        allow_tags_filter: true,
        allow_publish_for_subscriber: true,
      },
      { name: "wish", ...kept, allowed_delta_types: ["fossil"] },
      { name: "tick", ...kept, conflate: "300ms" },
    ],
  },
});

/** Enough around a number that a delta pays; and characters of several bytes, which no delta may cut. */
const lot = (n) => ({ lot: "A-17 竞价", about: "thirty pallets of paper, 三十托盘纸 — “dry”", price: 1000 + n, n });

/** The numbers that a subscription hears. */
function numbers(way, subscription) {
  const items = [];
  subscription.on("publication", ({ data }) => items.push(way.decode(data).n));
  return items;
}

async function put(channel, from, to, options = {}) {
  for (const n of range(from, to)) await gateway.api("publish", { channel, data: lot(n), ...options });
}

for (const way of WAYS) {
  test(`${way.name}: deltas live, after a break, and after what was withheld`, async (t) => {
    const channel = `lot:delta-${way.slug}`;
    const network = await proxyTo(t, gateway.port);
    const ann = await way.connected(t, network);
    const subscription = await subscribed(ann, channel, { delta: "fossil" });
    const items = numbers(way, subscription);
    await put(channel, 1, 20);
    await until(() => items.length === 20, "all live ones are heard");
    const live = subscription.deltaStats();
    assert.deepEqual([live.numFullPayloads, live.numDeltaPayloads], [1, 19]);
    assert.ok(live.bytesReceived < live.bytesDecoded / 2, "most bytes are saved");

    const { recovered } = await broken(ann, network, subscription, () => put(channel, 21, 40));
    assert.equal(recovered, true);
    await put(channel, 41, 41);
    await put(channel, 42, 42, { exclude: { user: "ann" } });
    await put(channel, 43, 44);
    await put(channel, 45, 45, { skip_history: true });
    await put(channel, 46, 47);

    const expected = range(1, 47).filter((n) => n !== 42);
    await until(() => items.at(-1) === 47, "the newest is heard");
    assert.deepEqual(items, expected);
    const all = subscription.deltaStats();
    assert.deepEqual([all.numFullPayloads, all.numDeltaPayloads], [5, 41]);
  });

  test(`${way.name}: a tag filter holds live and in a recovery, without a gap`, async (t) => {
    const channel = `lot:filter-${way.slug}`;
    const network = await proxyTo(t, gateway.port);
    const ann = await way.connected(t, network);
    const filter = {
      op: "and",
      nodes: [
        { key: "kind", cmp: "in", vals: ["bid", "close"] },
        { op: "not", nodes: [{ key: "price", cmp: "lt", val: "1000.50" }] },
      ],
    };
    const subscription = await subscribed(ann, channel, { tagsFilter: filter });
    const items = numbers(way, subscription);
    let breaks = 0;
    subscription.on("subscribing", () => breaks++);
    const tags = [
      { kind: "bid", price: "999.9" },
      { kind: "bid", price: "1000.5" },
      { kind: "chat", price: "2000" },
      { kind: "close" },
    ];
    const putAll = async (from) => {
      for (const [index, one] of tags.entries()) await put(channel, from + index, from + index, { tags: one });
    };
    await putAll(1);
    await putAll(5);
    await until(() => items.length === 4, "two of four are heard");
    assert.equal(breaks, 0, "what is withheld is no gap");

    const { recovered } = await broken(ann, network, subscription, () => putAll(9));
    assert.equal(recovered, true);
    await putAll(13);
    await until(() => items.at(-1) === 16, "the newest is heard");
    assert.deepEqual(items, [2, 4, 6, 8, 10, 12, 14, 16]);
    assert.equal(breaks, 1);
  });

  test(`${way.name}: however much a filter withheld meanwhile, a recovery is whole`, async (t) => {
    const channel = `lot:narrow-${way.slug}`;
    const network = await proxyTo(t, gateway.port);
    const ann = await way.connected(t, network);
    const subscription = await subscribed(ann, channel, { tagsFilter: { key: "kind", cmp: "eq", val: "bid" } });
    const items = numbers(way, subscription);
    const { recovered } = await broken(ann, network, subscription, async () => {
      const chat = (n) => ({ publish: { channel, data: lot(n), tags: { kind: "chat" } } });
      // More than client.recovery_max_publication_limit.
      await gateway.api("batch", { commands: range(1, 400).map(chat) });
      await put(channel, 401, 402, { tags: { kind: "bid" } });
    });
    assert.equal(recovered, true);
    await put(channel, 403, 403, { tags: { kind: "bid" } });
    await until(() => items.at(-1) === 403, "the newest is heard");
    assert.deepEqual(items, [401, 402, 403]);
  });

  test(`${way.name}: of a fast channel a client hears the first and the latest, and recovers all`, async (t) => {
    const channel = `tick:${way.slug}`;
    const network = await proxyTo(t, gateway.port);
    const ann = await way.connected(t, network);
    const subscription = await subscribed(ann, channel);
    const items = numbers(way, subscription);
    await gateway.api("batch", { commands: range(1, 50).map((n) => ({ publish: { channel, data: lot(n) } })) });
    await until(() => items.at(-1) === 50, "the latest is heard");
    assert.ok(items[0] === 1 && items.length < 25, `${items.length} of 50 were heard`);
    assert.deepEqual(items, [...items].sort((one, other) => one - other));

    const before = items.length;
    const { recovered } = await broken(ann, network, subscription, () => put(channel, 51, 90));
    assert.equal(recovered, true);
    await until(() => items.at(-1) === 90, "everything is recovered");
    assert.deepEqual(items.slice(before), range(51, 90));
  });

  test(`${way.name}: without delta_publish it is the publication that decides`, async (t) => {
    const channel = `wish:${way.slug}`;
    const ann = await way.connected(t, gateway);
    const subscription = await subscribed(ann, channel, { delta: "fossil" });
    const items = numbers(way, subscription);
    await put(channel, 1, 3);
    await put(channel, 4, 6, { delta: true });
    await until(() => items.length === 6, "all are heard");
    const { numFullPayloads, numDeltaPayloads } = subscription.deltaStats();
    assert.deepEqual([numFullPayloads, numDeltaPayloads], [3, 3]);
  });
}

test("the backend excludes connections and users, in every way to publish", async (t) => {
  const channel = "lot:exclude";
  const heardBy = async (user) => {
    const everywhere = WAYS.map(async (way) => {
      const made = await way.connected(t, gateway, { token: token({ sub: user }) });
      return numbers(way, await subscribed(made, channel));
    });
    return Promise.all(everywhere);
  };
  const everybody = await Promise.all(["ann", "ben", "eve"].map(heardBy));
  await gateway.api("publish", { channel, data: lot(1), exclude: { user: "ann" } });
  await gateway.api("publish", { channel, data: lot(2), exclude: { user: ["ann", "ben"], client: "nobody" } });
  await gateway.api("broadcast", { channels: [channel], data: lot(3), exclude: { user: "eve" } });
  await gateway.api("batch", { commands: [{ publish: { channel, data: lot(4), exclude: { user: ["eve"] } } }] });
  await gateway.api("publish", { channel, data: lot(5) });
  await until(() => everybody.flat().every((items) => items.at(-1) === 5), "the last is heard by all");
  const expected = [[3, 4, 5], [1, 3, 4, 5], [1, 2, 5]];
  assert.deepEqual(everybody, expected.map((items) => WAYS.map(() => items)));

  const tooMany = { channel, data: lot(6), exclude: { user: range(1, 101).map(String) } };
  await assert.rejects(gateway.api("publish", tooMany), { code: 107 });
});
