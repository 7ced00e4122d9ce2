// Messages that are compressed on the way, for clients that offer it (npm `ws` does).

import assert from "node:assert/strict";
import test from "node:test";

import { WebSocket } from "ws";

import { connected, heard, range, subscribed, until } from "./harness/clients.mjs";
import { API_KEY, start } from "./harness/gateway.mjs";

const COMPRESSING = { websocket: { compression: true, compression_min_size: 100 } };
const lot = (number) => ({ number, text: "the price of this lot, ".repeat(200) });

/** A kind of WebSocket that remembers the sockets that it opened. */
function recording(options) {
  const sockets = [];
  class Recorded extends WebSocket {
    constructor(url, protocols) {
      super(url, protocols, options);
      sockets.push(this);
    }
  }
  return { sockets, websocket: Recorded };
}

/** A subscriber: what it heard, and how many bytes came over the wire for it. */
async function hearing(t, gateway, options) {
  const { sockets, websocket } = recording(options);
  const client = await connected(t, gateway.websocket, { websocket });
  const items = heard(await subscribed(client, "news:lots"));
  const [socket] = sockets;
  return { client, items, socket, received: () => socket._socket.bytesRead };
}

async function publish(gateway, data) {
  const response = await fetch(`${gateway.http}/api/publish`, {
    method: "POST",
    headers: { "X-API-Key": API_KEY },
    body: JSON.stringify({ channel: "news:lots", data }),
  });
  assert.equal((await response.json()).error, undefined);
}

test("clients that offer compression hear the same as others, in fewer bytes", async (t) => {
  const gateway = await start(t, COMPRESSING);
  const plain = await hearing(t, gateway, { perMessageDeflate: false });
  const small = await hearing(t, gateway, {});
  const takingOver = await hearing(t, gateway, { perMessageDeflate: { serverNoContextTakeover: false } });
  assert.equal(plain.socket.extensions, "");
  for (const { socket } of [small, takingOver]) assert.equal(socket.extensions, "permessage-deflate");
  for (const number of range(1, 10)) await publish(gateway, lot(number));
  for (const { items } of [plain, small, takingOver]) {
    await until(() => items.length === 10);
    assert.deepEqual(items, range(1, 10).map(lot));
  }
  assert.ok(plain.received() > 45_000, `${plain.received()}`);
  assert.ok(small.received() < 5_000, `${small.received()}`);
});

test("what a client recovers and what it says are compressed too", async (t) => {
  const gateway = await start(t, COMPRESSING);
  const ann = await hearing(t, gateway, { perMessageDeflate: { threshold: 0 } });
  await publish(gateway, lot(1));
  await until(() => ann.items.length === 1);
  ann.socket.terminate();
  for (const number of range(2, 10)) await publish(gateway, lot(number));
  await until(() => ann.items.length === 10);
  assert.deepEqual(ann.items, range(1, 10).map(lot));
  const { publications } = await ann.client.history("news:lots", { limit: 10 });
  assert.equal(publications.length, 10);
});

test("who remembers little hears all, compressed so that nothing refers to what it forgot", async (t) => {
  const gateway = await start(t, COMPRESSING);
  const listen = (bits) => hearing(t, gateway, { perMessageDeflate: { serverMaxWindowBits: bits } });
  const [little, more, all] = await Promise.all([9, 12, 15].map(listen));
  const lines = range(1, 300).map((number) => `the price of lot ${number} is ${number ** 3 % 7919}, `);
  // Each line comes again after some 9 KB, and the whole is longer than zlib reads at once (16 KiB).
  const items = [lot(1), { text: lines.join("").repeat(8) }, lot(2)];
  for (const item of items) await publish(gateway, item);
  for (const listener of [little, more, all]) {
    await until(() => listener.items.length === 3);
    assert.deepEqual(listener.items, items);
  }
  const [one, two, three] = [little, more, all].map(({ received }) => received());
  assert.ok(one > two && two > three && one < 50_000, `${one}, ${two}, ${three}`);
});

test("nothing is compressed unless the gateway wants it", async (t) => {
  const gateway = await start(t);
  const { socket, items } = await hearing(t, gateway, {});
  assert.equal(socket.extensions, "");
  await publish(gateway, lot(1));
  await until(() => items.length === 1);
});

test("a message that inflates to more than the limit is refused, and others live on", async (t) => {
  const gateway = await start(t, COMPRESSING);
  const neighbour = await hearing(t, gateway, {});
  const bomber = new WebSocket(gateway.websocket, { perMessageDeflate: { threshold: 0 } });
  await new Promise((opened) => bomber.once("open", opened));
  bomber.send("0".repeat(16 << 20));
  const code = await new Promise((closed) => bomber.once("close", closed));
  assert.equal(code, 1009);
  await publish(gateway, lot(1));
  await until(() => neighbour.items.length === 1);
});
