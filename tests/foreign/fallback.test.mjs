// Networks that let no WebSocket through, and strangers who speak to streams that are not theirs.

import assert from "node:assert/strict";
import { connect } from "node:net";
import test from "node:test";

import { next, range, subscribed, until } from "./harness/clients.mjs";
import { start } from "./harness/gateway.mjs";
import { middlebox } from "./harness/middlebox.mjs";
import { token } from "./harness/tokens.mjs";
import { ALL, STREAMS } from "./harness/transports.mjs";

const gateway = await start(test, { ...ALL, client: { queue_max_size: 100_000 } });
const post = (path, body, headers = {}) =>
  fetch(`${gateway.http}${path}`, { method: "POST", headers, body: typeof body === "string" ? body : JSON.stringify(body) });

for (const way of STREAMS) {
  test(`where no WebSocket gets through, the client falls back to ${way.name} by itself`, async (t) => {
    const box = await middlebox(t, gateway.port);
    const ann = await way.connected(t, box, { first: ["websocket"] });
    const room = await subscribed(ann, `room:${way.slug}`);
    const items = way.heard(room);
    for (const n of range(1, 5)) await room.publish(way.encode(n));
    await gateway.publish(room.channel, 6);
    await until(() => items.length === 6, "all is heard through the box");
    assert.deepEqual(items, range(1, 6));
    assert.equal(await gateway.metric("suona_connections", { door: `/connection/${way.transport}` }), 1);
    const gone = next(ann, "disconnected");
    await gateway.api("disconnect", { user: "ann" });
    assert.equal((await gone).code, 3503);
  });
}

/** A stream opened by hand, and what it says, line by line. */
async function stream(t, user) {
  const aborted = new AbortController();
  t.after(() => aborted.abort());
  const response = await fetch(`${gateway.http}/connection/http_stream`, {
    method: "POST",
    body: JSON.stringify({ id: 1, connect: { token: token({ sub: user }) } }),
    signal: aborted.signal,
  });
  const lines = [];
  (async () => {
    let text = "";
    for await (const bytes of response.body) {
      text += Buffer.from(bytes);
      const whole = text.split("\n");
      text = whole.pop();
      lines.push(...whole.map((line) => JSON.parse(line)));
    }
  })().catch(() => {});
  await until(() => lines.length > 0, "the reply is there");
  return { lines, ...lines[0].connect };
}

test("a stranger cannot speak for another, and is told that there is nobody", async (t) => {
  const ann = await stream(t, "ann");
  assert.match(ann.session, /^[0-9a-f]{34}$/);
  const data = JSON.stringify({ id: 2, ping: {} });
  for (const stranger of [
    { ...ann, session: ann.session.replace(/.$/, (last) => (last === "0" ? "1" : "0")) },
    { ...ann, session: ann.client },
    { ...ann, session: "" },
    { ...ann, node: "another" },
  ]) {
    assert.equal((await post("/emulation", { session: stranger.session, node: stranger.node, data })).status, 404);
  }
  assert.equal((await post("/emulation", { session: ann.session, node: ann.node, data })).status, 204);
  await until(() => ann.lines.length > 1, "only her own request is answered");
  assert.deepEqual(ann.lines.slice(1), [{ id: 2, ping: {} }]);
  assert.ok(!gateway.stderr.includes(ann.session));
});

test("the codes at the door are those of the documentation", async () => {
  const long = "x".repeat(70_000);
  const status = async (path, body, headers) => (await post(path, body, headers)).status;
  assert.equal(await status("/connection/http_stream", long), 413);
  assert.equal(await status("/connection/sse", long), 413);
  assert.equal(await status("/emulation", long), 413);
  assert.equal(await status("/emulation", "{}"), 400);
  assert.equal(await status("/emulation", {}, { Origin: "https://evil.example" }), 403);
  assert.equal(await status("/connection/http_stream", "{}", { Origin: "https://evil.example" }), 403);
  assert.equal((await fetch(`${gateway.http}/connection/sse`)).status, 400);
  assert.equal((await fetch(`${gateway.http}/connection/http_stream`)).status, 405);
  const quiet = await start(test);
  assert.equal((await fetch(`${quiet.http}/connection/http_stream`, { method: "POST", body: "{}" })).status, 404);
});

test("a stream that nobody reads ends as slow, within its bound, and leaves nobody present", async (t) => {
  const socket = connect(gateway.port, "127.0.0.1");
  t.after(() => socket.destroy());
  socket.on("error", () => {});
  const first = [
    { id: 1, connect: { token: token({ sub: "sleepy" }) } },
    { id: 2, subscribe: { channel: "room:sleepy" } },
  ].map((command) => JSON.stringify(command)).join("\n");
  socket.pause();
  socket.write(`POST /connection/http_stream HTTP/1.1\r\nHost: a\r\nContent-Length: ${first.length}\r\n\r\n${first}`);
  const present = async () => (await gateway.api("presence_stats", { channel: "room:sleepy" })).num_clients;
  await until(async () => (await present()) === 1, "it is there");
  const big = "x".repeat(40_000);
  await until(async () => {
    await gateway.publish("room:sleepy", big);
    assert.ok((await gateway.metric("suona_outbox_bytes")) < 300_000);
    return (await present()) === 0;
  }, "it is sent away");
  assert.equal(await gateway.metric("suona_closes_total", { code: "3008" }), 1);
});
