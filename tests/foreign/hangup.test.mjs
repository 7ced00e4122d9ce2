// Peers that end the TCP connection without a close frame: what they said counts, and they are gone at once.

import assert from "node:assert/strict";
import test from "node:test";

import { bystander, connected, next, subscribed, until } from "./harness/clients.mjs";
import { start } from "./harness/gateway.mjs";
import { TEXT, frame, open } from "./harness/raw.mjs";
import { token } from "./harness/tokens.mjs";

// Only the end of the connection itself can be what the gateway notices.
const gateway = await start(test, {
  client: { ping_interval: "600s", stale_close_delay: "600s" },
  plain: [{ path: "/plain", identify: { from: "anonymous" }, channels: ["open:plain"], trust_names: true }],
});
const onlooker = await bystander(test, gateway);

/** Waits until nobody but the onlooker and `others` is connected. */
async function alone(others = 0) {
  await until(async () => (await gateway.metric("suona_connections")) === 1 + others, "the connection is given up");
  await onlooker.stillHears();
}

async function member(t, channel) {
  const raw = await open(t, gateway.port);
  await raw.connect(token({ sub: "hasty" }));
  raw.send({ id: 2, subscribe: { channel } });
  await raw.replies();
  return raw;
}

for (const [how, hangUp] of Object.entries({
  "that ends its side": (socket) => socket.end(),
  "that resets": (socket) => socket.resetAndDestroy(),
})) {
  test(`the others hear of a peer ${how} at once`, async (t) => {
    const ann = await connected(t, gateway.websocket);
    const room = await subscribed(ann, "room:hangup");
    const comes = next(room, "join", { accepts: ({ info }) => info.user === "hasty" });
    const raw = await member(t, "room:hangup");
    await comes;
    const goes = next(room, "leave");
    hangUp(raw.socket);
    assert.equal((await goes).info.user, "hasty");
    await raw.closed(); // the gateway ends its side too
    ann.disconnect();
    await alone();
  });
}

test("what was said before the end is carried out", async (t) => {
  const raw = await member(t, "room:words");
  raw.socket.end(frame(TEXT, '{"id":3,"publish":{"channel":"room:words","data":"last words"}}'));
  const history = { channel: "room:words", limit: 10 };
  await until(async () => (await gateway.api("history", history)).publications.length === 1, "it was published");
  await alone();
});

test("an end before connect, inside a frame, inside a message and on a plain door leaves nothing", async (t) => {
  const whole = frame(TEXT, JSON.stringify({ id: 1, connect: { token: token({ sub: "ann" }) } }));
  const beginnings = [Buffer.alloc(0), whole.subarray(0, 1), whole.subarray(0, -1), frame(TEXT, "{", { fin: false })];
  for (const bytes of beginnings) (await open(t, gateway.port)).socket.end(bytes);
  (await open(t, gateway.port, "/plain")).socket.end();
  await alone();
});
