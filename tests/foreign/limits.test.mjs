// Whoever asks too much is told so, and whoever goes on is sent away.

import assert from "node:assert/strict";
import test from "node:test";

import { connected, next, subscribed, until } from "./harness/clients.mjs";
import { start } from "./harness/gateway.mjs";
import { TEXT, frame, open } from "./harness/raw.mjs";
import { token } from "./harness/tokens.mjs";
import { ALL, WAYS } from "./harness/transports.mjs";

/** Token buckets of an hour, so that nothing comes back during a test. */
const anHour = (rate) => ({ enabled: true, buckets: [{ interval: "1h", rate }] });
const commands = (rate) => ({ enabled: true, total: anHour(rate) });

/**
 * The codes with which so many promises were rejected, sorted; 0 if they were not. Where each command is a request of
 * its own, the later one may come first.
 */
async function codes(promises) {
  return (await Promise.allSettled(promises)).map(({ reason }) => reason?.code ?? 0).sort();
}

test("by every way, a connection's commands beyond its limit are error 111, and it lives", async (t) => {
  const gateway = await start(t, { ...ALL, client: { rate_limit: { client_command: commands(4) } } });
  for (const way of WAYS) {
    const ann = await way.connected(t, gateway);
    await subscribed(ann, "room:1");
    const asked = Array.from({ length: 5 }, () => ann.presenceStats("room:1"));
    assert.deepEqual(await codes(asked), [0, 0, 0, 111, 111], way.name);
    assert.equal(ann.state, "connected");
  }
  assert.equal(await gateway.metric("suona_limited_commands_total", { limit: "connection" }), 2 * WAYS.length);
  assert.equal(await gateway.metric("suona_errors_total", { code: "111" }), 2 * WAYS.length);
});

test("a user's limit counts all its connections, whatever way they came, and a namespace may have its own", async (t) => {
  const gateway = await start(t, {
    ...ALL,
    client: { rate_limit: { client_command: commands(100), user_command: commands(2 * WAYS.length + 1) } },
    channel: {
      namespaces: [
        { name: "talk", allow_subscribe_for_client: true, allow_publish_for_client: true, rate_limit: anHour(1) },
      ],
    },
  });
  const everywhere = await Promise.all(WAYS.map((way) => way.connected(t, gateway)));
  const talk = (client, way, times) => codes(Array.from({ length: times }, () => client.publish("talk:1", way.encode({}))));
  for (const [index, way] of WAYS.entries()) {
    assert.deepEqual(await talk(everywhere[index], way, 2), [0, 111], "the namespace's");
  }
  const together = await codes(everywhere.map((one) => one.rpc("x", new Uint8Array())));
  const limited = WAYS.map((_, index) => (index === 0 ? 108 : 111));
  assert.deepEqual(together, limited, "the user's, whichever comes first");
  const bob = await WAYS[0].connected(t, gateway, { token: token({ sub: "bob" }) });
  assert.deepEqual(await talk(bob, WAYS[0], 1), [0]);
  assert.equal(await gateway.metric("suona_limited_commands_total", { limit: "namespace" }), WAYS.length);
  assert.equal(await gateway.metric("suona_limited_commands_total", { limit: "user" }), WAYS.length - 1);
});

test("by every way, a channel too many is 106, and one connection of a user too many ends with 3504", async (t) => {
  const gateway = await start(t, { ...ALL, client: { channel_limit: 2, user_connection_limit: 1 } });
  for (const way of WAYS) {
    const as = { token: token({ sub: way.slug }) };
    const ann = await way.connected(t, gateway, as);
    for (const n of [1, 2]) await subscribed(ann, `open:${n}`);
    const third = ann.newSubscription("open:3");
    const refused = next(third, "unsubscribed");
    third.subscribe();
    assert.equal((await refused).code, 106);
    const second = way.client(t, gateway, as);
    const gone = next(second, "disconnected");
    second.connect();
    assert.equal((await gone).code, 3504);
    assert.equal(ann.state, "connected");
  }
});

test("who does not stop is closed with 3013", async (t) => {
  const gateway = await start(t, { client: { rate_limit: { client_command: commands(1) } } });
  const raw = await open(t, gateway.port);
  await raw.connect(token({ sub: "ann" }));
  raw.send(...Array.from({ length: 1002 }, (_, index) => ({ id: index + 2, ping: {} })));
  assert.equal((await raw.closed()).code, 3013);
  assert.equal(await gateway.metric("suona_closes_total", { code: "3013" }), 1);
});

test("a plain client's request beyond the limit is answered with the error, in its turn", async (t) => {
  const gateway = await start(t, {
    client: { rate_limit: { client_command: commands(2) } },
    plain: [{ path: "/app", identify: { from: "anonymous" }, rpc: { method: "method", result: "result" } }],
    rpc: { proxy: { endpoint: "http://127.0.0.1:9/rpc" }, without_namespace: { proxy_enabled: true } },
  });
  const raw = await open(t, gateway.port, "/app");
  for (const method of ["a", "b", "c"]) raw.write(frame(TEXT, JSON.stringify({ method })));
  const answers = [];
  for (let count = 0; count < 3; count++) {
    const { method, error } = JSON.parse(await raw.text());
    answers.push([method, error.code]);
  }
  assert.deepEqual(answers, [["a", 100], ["b", 100], ["c", 111]]);
});

test("an address holds as many connections as it may, by the word of trusted proxies only", async (t) => {
  const ip_connect = { enabled: true, max_concurrent_per_ip: 2 };
  const gateway = await start(t, { trusted_proxies: ["127.0.0.1"], client: { rate_limit: { ip_connect } } });
  const from = (address) => open(t, gateway.port, "/connection/websocket", { "X-Forwarded-For": address });
  const first = await from("203.0.113.5");
  await from("203.0.113.5");
  await assert.rejects(from("203.0.113.5"), /429/);
  await from("203.0.113.6");
  first.socket.destroy();
  await until(() => from("203.0.113.5").then(() => true, () => false), "its place is free again");
  assert.ok((await gateway.metric("suona_upgrades_total", { outcome: "address_limit" })) >= 1);
});

test("an address opens connections no faster than it may; of IPv6 a /64 is one", async (t) => {
  const ip_connect = { ...anHour(2), max_concurrent_per_ip: 0 };
  const gateway = await start(t, { trusted_proxies: ["127.0.0.1"], client: { rate_limit: { ip_connect } } });
  const from = (address) => open(t, gateway.port, "/connection/websocket", { "X-Forwarded-For": address });
  await from("2001:db8::1");
  await from("2001:db8::2");
  await assert.rejects(from("2001:db8::3"), /429/);
  await from("2001:db8:0:1::1");
  assert.equal(await gateway.metric("suona_upgrades_total", { outcome: "address_rate_limit" }), 1);
});

test("the connections of a node, of a user, and a second's worth of new ones are bounded too", async (t) => {
  const limited = async (client) => {
    const gateway = await start(t, { client });
    await open(t, gateway.port);
    return gateway;
  };
  for (const [key, outcome] of [["connection_limit", "connection_limit"], ["connection_rate_limit", "rate_limit"]]) {
    const gateway = await limited({ [key]: 1 });
    await assert.rejects(open(t, gateway.port), /503/, key);
    assert.equal(await gateway.metric("suona_upgrades_total", { outcome }), 1);
  }
  const gateway = await limited({ user_connection_limit: 1 });
  await connected(t, gateway.websocket);
  const second = await open(t, gateway.port);
  second.send({ id: 1, connect: { token: token({ sub: "ann" }) } });
  assert.equal((await second.closed()).code, 3504);
  assert.equal(await gateway.metric("suona_closes_total", { code: "3504" }), 1);
});
