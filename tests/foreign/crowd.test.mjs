// Many clients whose deadlines fall together: each is kept or ended by what it did itself.

import assert from "node:assert/strict";
import { setTimeout as pause } from "node:timers/promises";
import test from "node:test";

import { bystander, connected, heard, range, subscribed, until } from "./harness/clients.mjs";
import { start } from "./harness/gateway.mjs";
import { open } from "./harness/raw.mjs";
import { token } from "./harness/tokens.mjs";

const MANY = 60;
const PINGS = 4;

const gateway = await start(test, {
  client: { ping_interval: "2s", pong_timeout: "1500ms", stale_close_delay: "1s" },
});

test("sixty stock clients live through several pings and hear everything", async (t) => {
  const everybody = await Promise.all(range(1, MANY).map((n) => connected(t, gateway.websocket, { token: token({ sub: `u${n}` }) })));
  const breaks = [];
  for (const one of everybody) one.on("connecting", ({ code }) => breaks.push(code));
  const logs = await Promise.all(everybody.map(async (one) => heard(await subscribed(one, "open:crowd"))));
  for (const n of range(1, PINGS)) {
    await pause(2000);
    await gateway.publish("open:crowd", n);
    await until(() => logs.every((log) => log.length === n), `all hear publication ${n}`);
  }
  assert.deepEqual(breaks, []);
  assert.deepEqual(logs, Array(MANY).fill(range(1, PINGS)));
});

test("sixty that say nothing are all stale", async (t) => {
  const onlooker = await bystander(t, gateway);
  const silent = await Promise.all(range(1, MANY).map(() => open(t, gateway.port)));
  const ends = await Promise.all(silent.map((raw) => raw.closed()));
  assert.deepEqual(ends, Array(MANY).fill({ code: 3502, reason: "stale" }));
  await onlooker.stillHears();
});

test("sixty that never answer a ping are all gone after the pong timeout", async (t) => {
  const onlooker = await bystander(t, gateway);
  const mute = await Promise.all(range(1, MANY).map(() => open(t, gateway.port)));
  await Promise.all(mute.map((raw, n) => raw.connect(token({ sub: `mute-${n}` }))));
  const ends = await Promise.all(mute.map((raw) => raw.closed()));
  assert.deepEqual(ends, Array(MANY).fill({ code: 3012, reason: "no pong" }));
  await onlooker.stillHears();
});
