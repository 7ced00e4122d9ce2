// The quotation system's page, which was written for npm `websocket-heartbeat-miniprogram`, on our drop-in as published.
import assert from "node:assert/strict";
import test from "node:test";
import { start } from "../../../tests/foreign/harness/gateway.mjs";
import { proxyTo } from "../../../tests/foreign/harness/proxy.mjs";
import { quotation, supplierUrl } from "../../../tests/foreign/harness/quotation.mjs";
import { phone } from "./phone.mjs";
import { until } from "./until.mjs";

const LOT = quotation({ idle_timeout: "10s" });

/** The page: it warns while disconnected, stops its countdown, and reloads the bids with the first SUCCESS after a break. */
async function page(t, device, port) {
  const { default: WebsocketHeartbeat } = device.load("compat/websocket-heartbeat.js");
  const shown = { warning: false, bids: [], reloads: 0, raw: 0 };
  const task = await WebsocketHeartbeat({
    miniprogram: device.wx,
    connectSocketParams: { url: supplierUrl(port) },
    pingTimeout: 100,
    pongTimeout: 3000,
    reconnectTimeout: 50,
    pingMsg: "header",
  });
  task.onMessage = ({ data }) => {
    if (data === "SUCCESS") {
      shown.warning = false;
      shown.reloads++;
    } else if (data !== "header") shown.bids.push(JSON.parse(data));
  };
  task.onClose = () => (shown.warning = true);
  task.socketTask.onMessage(() => shown.raw++);
  t.after(() => task.close());
  await until(() => shown.reloads === 1, "it is greeted");
  return shown;
}

test("bids are seen at once", async (t) => {
  const gateway = await start(t, LOT);
  const shown = await page(t, phone(t), gateway.port);
  await gateway.publish("lot:8", { price: 1 });
  await gateway.publish("lot:7", { price: 99.5, supplier: "李" });
  await until(() => shown.bids.length, "the bid comes");
  assert.deepEqual(shown, { warning: false, bids: [{ price: 99.5, supplier: "李" }], reloads: 1, raw: shown.raw });
});

test("while the line is silent the page is warned, and reloads when it speaks again", async (t) => {
  const gateway = await start(t, LOT);
  const network = await proxyTo(t, gateway.port);
  const shown = await page(t, phone(t), network.port);
  network.silence();
  await until(() => shown.warning, "the page is warned");
  const raw = shown.raw;
  network.reset();
  network.mend();
  await until(() => shown.reloads === 2 && !shown.warning, "the page has reloaded");
  assert.ok(shown.raw > raw, "the listener of the raw task survived");
});

test("a server that lost power is noticed, and found again", async (t) => {
  const first = await start(t, LOT);
  const shown = await page(t, phone(t), first.port);
  await first.kill();
  await until(() => shown.warning, "the page is warned");
  const second = await start(t, { ...LOT, http_server: { port: first.port } });
  await until(() => shown.reloads === 2, "the page has reloaded");
  await second.publish("lot:7", { price: 100 });
  await until(() => shown.bids.length === 1, "the bid comes");
});

test("back from the background the page reloads", async (t) => {
  const gateway = await start(t, LOT);
  const device = phone(t);
  const shown = await page(t, device, gateway.port);
  device.background();
  await until(() => device.sockets.size === 0, "the system has cut it");
  device.foreground();
  await until(() => shown.reloads === 2, "the page has reloaded");
});
