// Who a client is by the word of a proxy, what it hears because of who it is, and what a new token changes.

import assert from "node:assert/strict";
import test from "node:test";

import { connected, next, until } from "./harness/clients.mjs";
import { start } from "./harness/gateway.mjs";
import { open } from "./harness/raw.mjs";
import { inSeconds, token } from "./harness/tokens.mjs";
import { ALL, WAYS } from "./harness/transports.mjs";

const own = { enabled: true, personal_channel_namespace: "news" };
const gateway = await start(test, { ...ALL, client: { subscribe_to_user_personal_channel: own } });
const strict = await start(test, {
  ...ALL,
  client: { subscribe_to_user_personal_channel: { ...own, single_connection: true } },
});

for (const way of WAYS) {
  const as = (user, claims = {}) => ({ token: token({ sub: user, ...claims }) });
  const ann = `ann-${way.slug}`;
  const channel = `news:#${ann}`;

  test(`${way.name}: a user hears a channel of its own, and gets what it missed there`, async (t) => {
    const client = await way.connected(t, gateway, as(ann));
    const items = way.heard(client, channel);
    await gateway.publish(channel, 1);
    await until(() => items.length === 1, "the first is heard");
    client.disconnect();
    await gateway.publish(channel, 2, 3);
    const back = next(client, "subscribed");
    client.connect();
    assert.deepEqual([(await back).channel, (await back).recovered], [channel, true]);
    assert.deepEqual(items, [1, 2, 3]);
  });

  test(`${way.name}: an anonymous user has none`, async (t) => {
    const nobody = way.client(t, gateway, { token: token({}) });
    nobody.on("subscribed", () => assert.fail("it hears something"));
    nobody.connect();
    await nobody.ready(5000);
  });

  test(`${way.name}: where a user may be connected once only, the old connection ends and stays away`, async (t) => {
    const first = await way.connected(t, strict, as(ann));
    const bob = await way.connected(t, strict, as("bob"));
    const gone = next(first, "disconnected");
    const second = await way.connected(t, strict, as(ann));
    assert.equal((await gone).code, 3504);
    assert.deepEqual([second.state, bob.state], ["connected", "connected"]);
  });

  test(`${way.name}: a refreshed token that names other channels makes the client come back and hear them`, async (t) => {
    const subscriptions = new Set();
    const client = way.client(t, gateway, {
      ...as(ann, { exp: inSeconds(2), channels: ["closed:a", "closed:b"] }),
      getToken: async () => token({ sub: ann, exp: inSeconds(60), channels: ["closed:b", "closed:c"] }),
    });
    client.on("subscribed", (one) => subscriptions.add(one.channel));
    client.on("unsubscribed", (one) => subscriptions.delete(one.channel));
    client.connect();
    await client.ready(5000);
    assert.equal((await next(client, "connecting")).code, 3010);
    await client.ready(5000);
    await until(() => subscriptions.has("closed:c") && !subscriptions.has("closed:a"), "it hears the others");
    assert.deepEqual([...subscriptions].sort(), ["closed:b", "closed:c", channel]);
  });
}

test("a proxy names the user of a client without a token, and a stranger does not", async (t) => {
  const proxied = await start(t, {
    trusted_proxies: ["127.0.0.2"],
    client: { subscribe_to_user_personal_channel: own, user_id_http_header: "X-User" },
  });
  const stranger = await open(t, proxied.port, "/connection/websocket", { "X-User": "ann" });
  stranger.send({ id: 1, connect: {} });
  assert.equal((await stranger.closed()).code, 3501, "it is no proxy");

  const trusting = await start(t, {
    trusted_proxies: ["127.0.0.1"],
    client: { subscribe_to_user_personal_channel: own, user_id_http_header: "X-User" },
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
