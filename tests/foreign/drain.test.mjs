// SIGTERM: not ready any more, then everybody is sent away with 3001, then it ends well.

import assert from "node:assert/strict";
import test from "node:test";

import { connected, next, range, until } from "./harness/clients.mjs";
import { start } from "./harness/gateway.mjs";
import { proxyTo } from "./harness/proxy.mjs";

const status = (gateway, path) => fetch(`${gateway.http}${path}`, { headers: { connection: "close" } }).then((r) => r.status);

test("a draining gateway says so, sends everybody away and ends with 0", async (t) => {
  const gateway = await start(t, { shutdown: { ready_delay: "1s", timeout: "3s" } });
  const everybody = await Promise.all(range(1, 10).map(() => connected(t, gateway.websocket)));
  const sentAway = Promise.all(everybody.map((one) => next(one, "connecting")));
  assert.equal(await status(gateway, "/ready"), 200);

  gateway.terminate();
  await until(async () => (await status(gateway, "/ready")) === 503, "it is not ready any more");
  assert.equal(await status(gateway, "/"), 200);
  assert.equal(await status(gateway, "/health"), 200);
  assert.ok(everybody.every(({ state }) => state === "connected"), "nobody is sent away before the delay");

  assert.deepEqual((await sentAway).map(({ code }) => code), Array(10).fill(3001));
  assert.equal(await gateway.exited, 0);
});

test("clients of a drained gateway recover at the next one", async (t) => {
  const first = await start(t, { shutdown: { timeout: "2s" } });
  const ann = await connected(t, first.websocket);
  first.terminate();
  assert.equal((await next(ann, "connecting")).code, 3001);
  assert.equal(await first.exited, 0);
  await start(t, { http_server: { port: first.port } });
  await ann.ready(5000);
});

test("a peer that answers nothing does not hold the end up", async (t) => {
  const gateway = await start(t, { shutdown: { timeout: "2s" } });
  const network = await proxyTo(t, gateway.port);
  await connected(t, network.websocket);
  network.silence();
  gateway.terminate();
  assert.equal(await gateway.exited, 0);
});
