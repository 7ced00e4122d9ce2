// Who a client is by the word of a proxy, what it hears because of who it is, and what a new token changes.

import assert from "node:assert/strict";
import test from "node:test";

import { client, connected, next, until } from "./harness/clients.mjs";
import { start } from "./harness/gateway.mjs";
import { open } from "./harness/raw.mjs";
import { inSeconds, token } from "./harness/tokens.mjs";

const personal = {
  client: { subscribe_to_user_personal_channel: { enabled: true, personal_channel_namespace: "news" } },
};
const gateway = await start(test, personal);

test("a user hears a channel of its own, and gets what it missed there", async (t) => {
  const ann = await connected(t, gateway.websocket);
  const items = [];
  ann.on("publication", ({ channel, data }) => items.push([channel, data]));
  await gateway.publish("news:#ann", 1);
  await until(() => items.length === 1);
  ann.disconnect();
  await gateway.publish("news:#ann", 2, 3);
  const back = next(ann, "subscribed");
  ann.connect();
  assert.deepEqual([(await back).channel, (await back).recovered], ["news:#ann", true]);
  assert.deepEqual(items, [1, 2, 3].map((data) => ["news:#ann", data]));
});

test("an anonymous user has none", async (t) => {
  const nobody = client(t, gateway.websocket, { token: token({}) });
  nobody.on("subscribed", () => assert.fail("it hears something"));
  nobody.connect();
  await nobody.ready(5000);
});

test("where a user may be connected once only, the old connection ends with 3504 and stays away", async (t) => {
  const alone = { ...personal.client.subscribe_to_user_personal_channel, single_connection: true };
  const strict = await start(t, { client: { subscribe_to_user_personal_channel: alone } });
  const first = await connected(t, strict.websocket);
  const bob = await connected(t, strict.websocket, { token: token({ sub: "bob" }) });
  const gone = next(first, "disconnected");
  const second = await connected(t, strict.websocket);
  assert.equal((await gone).code, 3504);
  assert.deepEqual([second.state, bob.state], ["connected", "connected"]);
});

test("a refreshed token that names other channels makes the client come back and hear them", async (t) => {
  const claims = (channels) => token({ sub: "ann", exp: inSeconds(2), channels });
  const subscriptions = new Set();
  const ann = client(t, gateway.websocket, {
    token: claims(["closed:a", "closed:b"]),
    getToken: async () => token({ sub: "ann", exp: inSeconds(60), channels: ["closed:b", "closed:c"] }),
  });
  ann.on("subscribed", ({ channel }) => subscriptions.add(channel));
  ann.on("unsubscribed", ({ channel }) => subscriptions.delete(channel));
  ann.connect();
  await ann.ready(5000);
  assert.equal((await next(ann, "connecting")).code, 3010);
  await ann.ready(5000);
  await until(() => subscriptions.has("closed:c") && !subscriptions.has("closed:a"));
  assert.deepEqual([...subscriptions].sort(), ["closed:b", "closed:c", "news:#ann"]);
});

test("a proxy names the user of a client without a token, and a stranger does not", async (t) => {
  const proxied = await start(t, {
    trusted_proxies: ["127.0.0.2"],
    client: { ...personal.client, user_id_http_header: "X-User" },
  });
  const stranger = await open(t, proxied.port, "/connection/websocket", { "X-User": "ann" });
  stranger.send({ id: 1, connect: {} });
  assert.equal((await stranger.closed()).code, 3501, "it is no proxy");

  const trusting = await start(t, {
    trusted_proxies: ["127.0.0.1"],
    client: { ...personal.client, user_id_http_header: "X-User" },
  });
  const ann = await open(t, trusting.port, "/connection/websocket", { "X-User": "ann" });
  ann.send({ id: 1, connect: {} });
  const [{ connect }] = await ann.replies();
  assert.deepEqual(Object.keys(connect.subs), ["news:#ann"]);
  const bob = await open(t, trusting.port, "/connection/websocket", { "X-User": "ann" });
  bob.send({ id: 1, connect: { token: token({ sub: "bob" }) } });
  assert.deepEqual(Object.keys((await bob.replies())[0].connect.subs), ["news:#bob"]);
});

test("a gateway that believes every token says so when it starts", async (t) => {
  const credulous = await start(t, { client: { insecure_skip_token_signature_verify: true } });
  await connected(t, credulous.websocket, { token: token({ sub: "ann" }, { secret: "guessed" }) });
  assert.match(credulous.stderr, /danger: .*everybody may claim to be anybody/);
});
