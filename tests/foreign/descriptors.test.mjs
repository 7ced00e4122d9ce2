// Descriptors run out: accepting pauses, nothing spins, the connected are served, and it recovers.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { connect } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import test from "node:test";

import { connected, heard, range, subscribed, until } from "./harness/clients.mjs";
import { start } from "./harness/gateway.mjs";
import { Raw } from "./harness/raw.mjs";
import { token } from "./harness/tokens.mjs";

const UPGRADE =
  "GET /connection/websocket HTTP/1.1\r\nHost: here\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
  "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

/** One that wants in; `upgraded` turns true when it is. */
function applicant(t, port) {
  const socket = connect({ port, host: "127.0.0.1" });
  t.after(() => socket.destroy());
  const one = { socket, upgraded: false };
  new Raw(socket).head().then((head) => (one.upgraded = head.includes(" 101 ")));
  socket.write(UPGRADE);
  return one;
}

/** CPU time of a process so far, in hundredths of a second. */
async function ticks(pid) {
  const fields = (await readFile(`/proc/${pid}/stat`, "utf8")).split(") ")[1].split(" ");
  return Number(fields[11]) + Number(fields[12]);
}

test("more connections than descriptors", { skip: process.platform !== "linux" }, async (t) => {
  const gateway = await start(t, { client: { stale_close_delay: "120s" } }, { descriptors: 64 });
  const ann = await connected(t, gateway.websocket, { token: token({ sub: "ann" }) });
  const room = await subscribed(ann, "room:tight");
  const items = heard(room);

  const crowd = range(1, 100).map(() => applicant(t, gateway.port));
  const inside = () => crowd.filter(({ upgraded }) => upgraded);
  let before = -1;
  while (before < inside().length) {
    before = inside().length;
    await pause(500);
  }
  assert.ok(before >= 10 && before < 64, `${before} of 64 descriptors serve connections`);

  const earlier = await ticks(gateway.pid);
  await pause(2000);
  const spent = (await ticks(gateway.pid)) - earlier;
  assert.ok(spent < 60, `${spent} hundredths of CPU in two idle seconds: it spins`);

  await room.publish("still served");
  await until(() => items.length === 1, "the connected are served");

  const leaving = inside().slice(0, 5);
  for (const { socket } of leaving) socket.destroy();
  await until(() => inside().length >= before + 5, "the waiting take the places of the leaving");

  for (const { socket } of crowd) socket.destroy();
  await until(() => gateway.api("info").then(() => true, () => false), "the gateway answers everybody again");
  await room.publish("after");
  await until(() => items.length === 2, "the connected are still served");
});
