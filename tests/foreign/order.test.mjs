// Order under load: the network breaks, people come and go, and nobody hears a thing twice or late.

import assert from "node:assert/strict";
import test from "node:test";

import { connected, heard, next, range, subscribed, until } from "./harness/clients.mjs";
import { start } from "./harness/gateway.mjs";
import { proxyTo } from "./harness/proxy.mjs";

const gateway = await start(test);

async function publishAll(channel, count, between = () => {}) {
  for (const n of range(1, count)) {
    await gateway.publish(channel, n);
    await between(n);
  }
}

test("a thousand publications through a line that breaks every hundred", async (t) => {
  const network = await proxyTo(t, gateway.port);
  const ann = await connected(t, network.websocket);
  const items = heard(await subscribed(ann, "news:breaks"));
  await publishAll("news:breaks", 1000, (n) => n % 100 === 50 && network.reset());
  await until(() => items.length >= 1000, "all are heard", 20_000);
  assert.deepEqual(items, range(1, 1000));
});

test("subscribing again and again while a thousand are published", async (t) => {
  const ann = await connected(t, gateway.websocket);
  const news = await subscribed(ann, "news:again");
  const items = heard(news);
  let publishing = true;
  const published = publishAll("news:again", 1000).finally(() => (publishing = false));
  let rounds = 0;
  while (publishing) {
    news.unsubscribe();
    news.subscribe();
    await news.ready(5000);
    rounds++;
  }
  await published;
  await until(() => items.length >= 1000, "all are heard");
  assert.deepEqual(items, range(1, 1000));
  assert.ok(rounds > 10, `only ${rounds} rounds`);
});

test("fresh subscribers hear an unbroken run from where their position says", async (t) => {
  let publishing = true;
  const published = publishAll("news:fresh", 1000).finally(() => (publishing = false));
  const runs = [];
  const ann = await connected(t, gateway.websocket);
  while (publishing) {
    const news = ann.newSubscription("news:fresh");
    const items = heard(news);
    const comes = next(news, "subscribed");
    news.subscribe();
    const { streamPosition } = await comes;
    if (streamPosition.offset < 990) await next(news, "publication");
    ann.removeSubscription(news);
    runs.push({ from: streamPosition.offset + 1, items });
  }
  await published;
  assert.ok(runs.length > 10, `only ${runs.length} runs`);
  for (const { from, items } of runs) assert.deepEqual(items, range(from, from + items.length - 1));
});

test("twenty subscribers of one channel hear the same", async (t) => {
  const everybody = await Promise.all(range(1, 20).map(() => connected(t, gateway.websocket)));
  const logs = await Promise.all(everybody.map(async (one) => heard(await subscribed(one, "news:same"))));
  await Promise.all(range(1, 10).map((writer) => gateway.publish("news:same", ...range(1, 50).map((n) => [writer, n]))));
  await until(() => logs.every(({ length }) => length === 500), "all are heard everywhere");
  for (const log of logs) assert.deepEqual(log, logs[0]);
});

test("a fast client is not closed as slow, whatever it recovers", async (t) => {
  const network = await proxyTo(t, gateway.port);
  const ann = await connected(t, network.websocket);
  const news = await subscribed(ann, "news:heavy");
  const items = heard(news);
  await gateway.publish("news:heavy", "first");
  await until(() => items.length === 1, "the first is heard");
  network.cut();
  const heavy = "x".repeat(50_000);
  for (let n = 0; n < 100; n++) await gateway.publish("news:heavy", heavy); // five times the outbox
  const back = next(news, "subscribed");
  const closes = [];
  ann.on("connecting", ({ code }) => closes.push(code));
  network.mend();
  assert.equal((await back).wasRecovering, true);
  await gateway.publish("news:heavy", "last");
  await until(() => items.at(-1) === "last", "the newest is heard");
  assert.ok(!closes.includes(3008), `closed with ${closes}`);
});
