// Whatever breaks, a subscriber hears every publication once and in order, or is told of the gap.

import assert from "node:assert/strict";
import test from "node:test";

import { broken, connected, heard, next, range, subscribed, until } from "./harness/clients.mjs";
import { start } from "./harness/gateway.mjs";
import { proxyTo } from "./harness/proxy.mjs";

const gateway = await start(test, { client: { ping_interval: "2s", pong_timeout: "1s" } });

test("fifty publications during a cut are recovered: exactly those, in order, once", async (t) => {
  const network = await proxyTo(t, gateway.port);
  const ann = await connected(t, network.websocket);
  const news = await subscribed(ann, "news:cut");
  const items = heard(news);
  await gateway.publish("news:cut", ...range(1, 5));
  await until(() => items.length === 5, "the first five are heard");

  const publish = () => gateway.publish("news:cut", ...range(6, 55));
  const { wasRecovering, recovered } = await broken(ann, network, news, publish);
  await gateway.publish("news:cut", 56);

  await until(() => items.at(-1) === 56, "the newest is heard");
  assert.deepEqual([wasRecovering, recovered], [true, true]);
  assert.deepEqual(items, range(1, 56));
});

test("more than the history holds is never a silent gap", async (t) => {
  const network = await proxyTo(t, gateway.port);
  const ann = await connected(t, network.websocket);
  const short = await subscribed(ann, "short:cut");
  const items = heard(short);
  await gateway.publish("short:cut", 1);
  await until(() => items.length === 1, "the first is heard");

  const publish = () => gateway.publish("short:cut", ...range(2, 12));
  const { wasRecovering, recovered, streamPosition } = await broken(ann, network, short, publish);
  assert.deepEqual([wasRecovering, recovered, streamPosition.offset], [true, false, 12]);
  await gateway.publish("short:cut", 13);
  await until(() => items.length === 2, "the newest is heard");
  assert.deepEqual(items, [1, 13]);
});

test("exactly as much as the history holds is recovered", async (t) => {
  const network = await proxyTo(t, gateway.port);
  const ann = await connected(t, network.websocket);
  const short = await subscribed(ann, "short:full");
  const items = heard(short);
  await gateway.publish("short:full", 1);
  await until(() => items.length === 1, "the first is heard");

  const { recovered } = await broken(ann, network, short, () => gateway.publish("short:full", ...range(2, 11)));
  assert.equal(recovered, true);
  await until(() => items.length >= 11, "all are heard");
  assert.deepEqual(items, range(1, 11));
});

test("removed history is a gap that is told", async (t) => {
  const network = await proxyTo(t, gateway.port);
  const ann = await connected(t, network.websocket);
  const news = await subscribed(ann, "news:removed");
  await gateway.publish("news:removed", 1);
  const { wasRecovering, recovered } = await broken(ann, network, news, async () => {
    await gateway.publish("news:removed", 2);
    await gateway.api("history_remove", { channel: "news:removed" });
  });
  assert.deepEqual([wasRecovering, recovered], [true, false]);
});

test("a restarted gateway has forgotten, and says so", async (t) => {
  const first = await start(t);
  const ann = await connected(t, first.websocket);
  const news = await subscribed(ann, "news:restart");
  await first.publish("news:restart", 1);
  await first.kill();
  const back = next(news, "subscribed");
  const second = await start(t, { http_server: { port: first.port } });
  const { wasRecovering, recovered } = await back;
  assert.deepEqual([wasRecovering, recovered], [true, false]);
  const reaches = next(news, "publication");
  await second.publish("news:restart", "after");
  assert.equal((await reaches).data, "after");
});

test("a line that fell silent is noticed on both sides, and recovered", async (t) => {
  const network = await proxyTo(t, gateway.port);
  const ann = await connected(t, network.websocket, { maxServerPingDelay: 500 });
  const items = heard(await subscribed(ann, "news:silent"));
  await subscribed(ann, "room:silent");
  await gateway.publish("news:silent", 1);
  await until(() => items.length === 1, "the first is heard");

  const noticed = next(ann, "connecting");
  network.silence();
  await gateway.publish("news:silent", ...range(2, 20));
  await noticed;
  await until(
    async () => (await gateway.api("presence_stats", { channel: "room:silent" })).num_clients === 0,
    "the gateway gives the dead connection up",
  );
  network.reset();
  network.mend();
  await until(() => items.length === 20, "all are heard");
  assert.deepEqual(items, range(1, 20));
});
