// What else comes to a WebSocket port: health probes, browsers' addresses, the wrong protocol, proxies.

import assert from "node:assert/strict";
import { request } from "node:http";
import { connect } from "node:net";
import test from "node:test";

import { bystander } from "./harness/clients.mjs";
import { start } from "./harness/gateway.mjs";
import { Raw, open } from "./harness/raw.mjs";

const gateway = await start(test, {
  plain: [{ path: "/plain", identify: { from: "anonymous" }, channels: ["open:plain"] }],
});
const onlooker = await bystander(test, gateway);

function get(path, headers = {}, port = gateway.port) {
  return new Promise((resolve, reject) => {
    const asked = request({ port, host: "127.0.0.1", path, headers }, (response) => {
      let body = "";
      response.setEncoding("utf8").on("data", (text) => (body += text));
      response.on("end", () => resolve({ status: response.statusCode, body }));
    });
    asked.on("upgrade", (response, socket) => {
      socket.destroy();
      resolve({ status: response.statusCode, body: "" });
    });
    asked.on("error", reject).end();
  });
}

test("health probes on any door are answered 200 and are no failed upgrade", async () => {
  const counts = async () => [await gateway.metric("suona_upgrades_total"), await gateway.metric("suona_probes_total")];
  const [upgrades, probes] = await counts();
  for (const path of ["/", "/connection/websocket", "/plain", "/health", "/ready"]) {
    assert.equal((await get(path)).status, 200, path);
  }
  assert.deepEqual(await counts(), [upgrades, probes + 3]);
  await onlooker.stillHears();
});

test("a broken upgrade gets 426 and hears what was wrong", async () => {
  const good = { Connection: "Upgrade", Upgrade: "websocket", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==" };
  assert.equal((await get("/plain", good)).status, 101);
  const broken = { ...good, "Sec-WebSocket-Version": "8" };
  const { status, body } = await get("/connection/websocket", broken);
  assert.equal(status, 426);
  assert.match(body, /version/i);
  const keyless = await get("/connection/websocket", { ...good, "Sec-WebSocket-Key": "short" });
  assert.equal(keyless.status, 426);
  assert.match(keyless.body, /key/i);
});

test("Socket.IO is told which protocol is spoken here", async () => {
  const { status, body } = await get("/socket.io/?EIO=4&transport=polling");
  assert.ok(status >= 400);
  assert.match(body, /Socket\.IO/i);
});

test("an unknown path is 404", async () => {
  assert.equal((await get("/nothing/here")).status, 404);
});

test("with an internal port the API is not on the open one", async (t) => {
  const split = await start(t, { http_server: { internal_port: 0 } });
  assert.equal((await get("/metrics", {}, split.port)).status, 404);
  assert.equal((await get("/api/info", { "X-API-Key": "any" }, split.port)).status, 404);
  const [, internal] = await split.says(/listening on http\S+[^]*listening on http:\/\/\S+:(\d+)/);
  assert.equal((await get("/metrics", {}, internal)).status, 200);
  assert.equal((await get("/health", {}, internal)).status, 200);
});

test("a PROXY protocol header is understood from a trusted proxy and refused from others", async (t) => {
  const header = "PROXY TCP4 203.0.113.7 127.0.0.1 50000 443\r\n";
  const answer = async (port) => {
    const socket = connect({ port, host: "127.0.0.1" });
    t.after(() => socket.destroy());
    const raw = new Raw(socket);
    raw.write(`${header}GET / HTTP/1.1\r\nHost: here\r\n\r\n`);
    return (await raw.head()).split("\r\n")[0];
  };
  const behind = await start(t, { trusted_proxies: ["127.0.0.1/32"], proxy_protocol: true });
  assert.match(await answer(behind.port), / 200 /);
  assert.doesNotMatch(await answer(gateway.port), / 200 /);
});

test("a forwarded address is believed from a trusted proxy alone", async (t) => {
  const log = { level: "debug" };
  const behind = await start(t, { log, trusted_proxies: ["127.0.0.1/32"] });
  const exposed = await start(t, { log });
  for (const { port } of [behind, exposed]) {
    await open(t, port, "/connection/websocket", { "X-Forwarded-For": "198.51.100.1, 203.0.113.7" });
  }
  const opened = /a connection was opened.*remote=(\S+)/;
  assert.equal((await behind.says(opened))[1], "203.0.113.7");
  assert.equal((await exposed.says(opened))[1], "127.0.0.1");
});
