// A phone that comes back on another network, and by another way, while its old connection still looks alive.

import assert from "node:assert/strict";
import test from "node:test";

import { connected, next, subscribed, until } from "./harness/clients.mjs";
import { start } from "./harness/gateway.mjs";
import { proxyTo } from "./harness/proxy.mjs";
import { token } from "./harness/tokens.mjs";
import { ALL, WAYS } from "./harness/transports.mjs";

/** Where one connection of a user is enough, and nobody goes for not answering pings. */
const CONFIG = { ...ALL, client: { ping_interval: "600s", user_connection_limit: 1 } };
const phone = {
  token: token({ sub: "phone" }),
  headers: { "suona-session": "V1StGXR8_Z5jdHi6B-myT0", "suona-farewell": "1" },
};

// Side by side: a peer that is silent is waited for, for seconds, until its socket is closed.
test.describe("a phone whose line fell silent is there once, and nobody hears it leave or come", { concurrency: true }, () => {
  for (const [index, way] of WAYS.entries()) {
    const another = WAYS[(index + 1) % WAYS.length];
    test(`from ${way.name} to ${another.name}`, (t) => comesBack(t, way, another));
  }
});

async function comesBack(t, way, another) {
  const gateway = await start(t, CONFIG);
  const watcher = await connected(t, gateway.websocket, { token: token({ sub: "watcher" }) });
  const watched = await subscribed(watcher, "room:1");
  const movements = [];
  const ofPhone = (what) => ({ info }) => info.user === "phone" && movements.push(what);
  watched.on("join", ofPhone("comes"));
  watched.on("leave", ofPhone("leaves"));
  const people = async () => Object.values((await watched.presence()).clients).map(({ user }) => user).sort();

  const home = await proxyTo(t, gateway.port);
  const before = await way.connected(t, home, phone);
  await subscribed(before, "room:1");
  await until(() => movements.length === 1, "it is there");
  home.silence();

  const street = await proxyTo(t, gateway.port);
  const after = await another.connected(t, street, phone);
  const inRoom = await subscribed(after, "room:1");
  assert.deepEqual(await people(), ["phone", "watcher"]);
  await until(async () => (await gateway.metric("suona_connections")) === 2, "the old connection is gone");

  // What the phone hears at home, should it still listen there, does not bring it back.
  const gone = next(before, "disconnected");
  home.mend();
  const { code, reason } = await gone;
  assert.deepEqual([code, reason], [3503, "taken over"]);

  const reaches = next(inRoom, "publication");
  await gateway.publish("room:1", "still here");
  assert.equal(another.decode((await reaches).data), "still here");
  assert.deepEqual(movements, ["comes"]);
  after.disconnect();
  await until(() => movements.length === 2, "in the end it leaves");
  assert.deepEqual(movements, ["comes", "leaves"]);
}
