// Twenty rounds of everything bad at once leave the gateway's memory where it was, and a neighbour undisturbed.

import assert from "node:assert/strict";
import { connect } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import test from "node:test";

import { connected, heard, range, subscribed, until } from "./harness/clients.mjs";
import { start } from "./harness/gateway.mjs";
import { proxyTo } from "./harness/proxy.mjs";
import { TEXT, frame, open } from "./harness/raw.mjs";
import { inSeconds, token, unsignedToken } from "./harness/tokens.mjs";
import { violations } from "./harness/violations.mjs";

const ROUNDS = 20;
const good = token({ sub: "ann" });
const connectWith = (bearer) => JSON.stringify({ id: 1, connect: { token: bearer } });
const hello = frame(TEXT, connectWith(good));

/** Texts that end the connection, each with the code that answers it. */
const words = [
  [3501, ""],
  [3501, "{}"],
  [3501, "nonsense"],
  [3501, "{".repeat(60_000)],
  [3501, '{"id":1,"subscribe":{"channel":"open:1"}}'],
  [3501, `${connectWith(good)}\n${connectWith(good)}`],
  [3500, connectWith(token({ sub: "ann" }, { secret: "guessed" }))],
  [3500, connectWith(unsignedToken({ sub: "ann" }))],
];

/** Commands that are refused; the peer hangs up without a close frame. */
const refused = [
  [109, frame(TEXT, connectWith(token({ sub: "ann", exp: inSeconds(-10) })))],
  [102, Buffer.concat([hello, frame(TEXT, '{"id":2,"subscribe":{"channel":"nowhere:1"}}')])],
];

async function ends(t, gateway, code, bytes) {
  const raw = await open(t, gateway.port);
  raw.write(bytes);
  assert.equal((await raw.closed()).code, code);
  raw.socket.destroy();
}

async function isRefused(t, gateway, code, bytes) {
  const raw = await open(t, gateway.port);
  raw.write(bytes);
  let error;
  while (!error) error = (await raw.replies()).find((reply) => reply.error)?.error;
  assert.equal(error.code, code);
  raw.socket.end();
}

/** A request that never ends, a connection that never speaks, and one whose peer vanished without a word. */
async function halfOpen(t, gateway) {
  const stuck = connect({ port: gateway.port, host: "127.0.0.1" });
  t.after(() => stuck.destroy());
  stuck.write("GET /connection/websocket HTTP/1.1\r\nHost: here\r\nUpgr");

  const noPong = () => gateway.metric("suona_closes_total", { code: "3012" });
  const before = await noPong();
  const silent = await open(t, gateway.port);
  const network = await proxyTo(t, gateway.port);
  await (await open(t, network.port)).connect(good);
  network.silence();
  assert.equal((await silent.closed()).code, 3502);
  await until(async () => (await noPong()) > before, "the vanished are given up");
  // A vanished peer's close is waited for as well, for seconds; twenty rounds have no time for that.
  network.close();
  stuck.destroy();
}

async function neverReads(t, gateway) {
  const raw = await open(t, gateway.port);
  await raw.connect(token({ sub: "sleeper" }));
  raw.send({ id: 2, subscribe: { channel: "open:flood" } });
  await raw.replies();
  raw.socket.pause();
  const listens = async () => "open:flood" in (await gateway.api("channels", { pattern: "open:flood" })).channels;
  const heavy = "x".repeat(500_000);
  for (let n = 0; n < 100 && (await listens()); n++) await gateway.publish("open:flood", heavy);
  await until(async () => !(await listens()), "the sleeper is gone");
  raw.socket.destroy();
}

/** Every kind of bad input at the same time, before connect and after it where that differs. */
async function round(t, gateway) {
  const frames = Object.values(violations);
  await Promise.all([
    halfOpen(t, gateway),
    neverReads(t, gateway),
    ...frames.map(([code, bytes]) => ends(t, gateway, code, bytes)),
    ...frames.map(([code, bytes]) => ends(t, gateway, code, Buffer.concat([hello, bytes]))),
    ...words.map(([code, text]) => ends(t, gateway, code, frame(TEXT, text))),
    ...refused.map(([code, bytes]) => isRefused(t, gateway, code, bytes)),
  ]);
  await until(async () => (await gateway.metric("suona_connections")) === 1, "only the neighbour is left");
}

/** A stock client that publishes to itself all the time and must hear all of it, on one connection. */
async function neighbour(t, gateway) {
  const ann = await connected(t, gateway.websocket, { token: token({ sub: "neighbour" }) });
  const room = await subscribed(ann, "open:neighbour");
  const items = heard(room);
  const breaks = [];
  ann.on("connecting", ({ code }) => breaks.push(code));
  let sent = 0;
  let talking = true;
  const talk = async () => {
    while (talking) {
      await room.publish(++sent);
      await pause(5);
    }
  };
  const talked = talk();
  talked.catch(() => {}); // `fallsSilent` reports it
  return {
    async fallsSilent() {
      talking = false;
      await talked;
      await until(() => items.length >= sent, "the neighbour hears its last words");
      assert.deepEqual(items, range(1, sent));
      assert.deepEqual(breaks, []);
    },
  };
}

/** The live bytes once the HTTP connections of this test itself have ended, which `fetch` keeps for four seconds. */
async function atRest(gateway) {
  const seen = [];
  for (const end = Date.now() + 6000; Date.now() < end; await pause(100)) {
    seen.push(await gateway.metric("suona_allocated_bytes"));
  }
  return Math.min(...seen);
}

test("twenty rounds of bad input leave the live bytes within one percent", async (t) => {
  // Nothing is kept, so that what is live does not depend on how much was said.
  const namespace = { name: "open", allow_subscribe_for_client: true, allow_publish_for_subscriber: true };
  const config = {
    client: { ping_interval: "1s", pong_timeout: "900ms", stale_close_delay: "500ms" },
    channel: { namespaces: [namespace] },
  };
  // Without caches for each thread, the allocator counts what is live and nothing else.
  const gateway = await start(t, config, { env: { _RJEM_MALLOC_CONF: "tcache:false" } });
  const ann = await neighbour(t, gateway);
  // Tables keep the size of the busiest moment; no later one is as busy as this.
  await Promise.all(range(1, 3).map(() => round(t, gateway)));
  // And threads make what is theirs when they first need it.
  for (let n = 0; n < 3; n++) await round(t, gateway);
  const before = await atRest(gateway);
  assert.ok(before > 0);
  for (let n = 0; n < ROUNDS; n++) await round(t, gateway);
  const after = await atRest(gateway);
  t.diagnostic(`${before} live bytes before, ${after} after`);
  assert.ok(after <= before * 1.01, `${before} live bytes became ${after}`);
  await ann.fallsSilent();
});
