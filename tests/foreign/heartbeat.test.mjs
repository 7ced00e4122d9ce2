// npm `websocket-heartbeat-miniprogram` against a plain door, as the quotation system runs it.

import assert from "node:assert/strict";
import test from "node:test";

import { until } from "./harness/clients.mjs";
import { start } from "./harness/gateway.mjs";
import { supplier } from "./harness/miniprogram.mjs";
import { proxyTo } from "./harness/proxy.mjs";
import { quotation } from "./harness/quotation.mjs";

const LOT = quotation({ idle_timeout: "5s" });

test("it is greeted, keeps the connection by heartbeats and hears bare bids", async (t) => {
  const gateway = await start(t, LOT);
  const { log, answers } = await supplier(t, gateway.port, { pongTimeout: 3000 });
  await gateway.publish("lot:8", { price: 1 });
  await gateway.publish("lot:7", { price: 99.5, supplier: "李" });
  await until(() => answers() >= 60, "sixty heartbeats are answered", 20_000);
  assert.deepEqual([log.opened, log.closed], [1, 0]);
  assert.deepEqual(
    log.messages.filter((text) => text !== "header"),
    ["SUCCESS", '{"price":99.5,"supplier":"李"}'],
  );
});

test("it notices a stopped gateway and comes back when one is started", async (t) => {
  const first = await start(t, LOT);
  const { log } = await supplier(t, first.port);
  await first.kill();
  await until(() => log.closed >= 1, "it notices");
  const second = await start(t, { ...LOT, http_server: { port: first.port } });
  await until(() => log.messages.filter((text) => text === "SUCCESS").length === 2, "it is greeted again");
  await second.publish("lot:7", "after");
  await until(() => log.messages.includes('"after"'), "it hears again");
});

test("it notices a line that fell silent and comes back when it speaks again", async (t) => {
  const gateway = await start(t, LOT);
  const network = await proxyTo(t, gateway.port);
  const { log } = await supplier(t, network.port);
  network.silence();
  await until(() => log.closed >= 1, "it notices");
  network.reset();
  network.mend();
  await until(() => log.messages.filter((text) => text === "SUCCESS").length === 2, "it is greeted again");
});
