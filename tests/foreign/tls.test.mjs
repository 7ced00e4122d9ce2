// wss with a chain of our own, whose certificate is replaced while the gateway runs.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { once } from "node:events";
import { copyFile, mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { request } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { connect } from "node:tls";
import test from "node:test";
import { promisify } from "node:util";

import { WebSocket } from "ws";

import { connected, next, subscribed, until } from "./harness/clients.mjs";
import { start } from "./harness/gateway.mjs";
import { endpoint } from "./harness/transports.mjs";

const run = promisify(execFile);
const folder = await mkdtemp(join(tmpdir(), "suona-tls-"));
test.after(() => rm(folder, { recursive: true }));
const at = (name) => join(folder, name);
const NEW_KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];

async function authority() {
  await run("openssl", [
    ..."req -x509 -days 2 -subj /CN=Root".split(" "), ...NEW_KEY, "-keyout", at("root.key"), "-out", at("root.pem"),
  ]);
  return readFile(at("root.pem"));
}

/** Puts a fresh certificate and its key where the gateway reads them, each in one step. */
async function issue(serial) {
  await writeFile(at("names"), "subjectAltName=DNS:localhost,IP:127.0.0.1\n");
  await run("openssl", [
    ..."req -subj /CN=localhost".split(" "), ...NEW_KEY, "-keyout", at("next.key"), "-out", at("request.pem"),
  ]);
  await run("openssl", [
    ..."x509 -req -days 2".split(" "), "-in", at("request.pem"), "-CA", at("root.pem"), "-CAkey", at("root.key"),
    "-set_serial", String(serial), "-extfile", at("names"), "-out", at("next.pem"),
  ]);
  await copyFile(at("next.key"), at("moving.key"));
  await rename(at("moving.key"), at("leaf.key"));
  await rename(at("next.pem"), at("leaf.pem"));
}

/** A `fetch` that believes `ca`. */
const trusting = (ca) => (url, { method, headers, body, signal }) =>
  new Promise((resolve, reject) => {
    const asking = request(url, { method, headers, signal, ca }, (answer) => {
      const stream = answer.statusCode === 204 ? null : Readable.toWeb(answer);
      resolve(new Response(stream, { status: answer.statusCode }));
    });
    asking.on("error", reject).end(body);
  });

test("clients connect by wss and HTTP streaming, and a new certificate needs no restart", async (t) => {
  const ca = await authority();
  await issue(17);
  const gateway = await start(t, {
    http_server: { tls: { enabled: true, cert_pem: at("leaf.pem"), key_pem: at("leaf.key") } },
    http_stream: { enabled: true },
    channel: { namespaces: [{ name: "room", allow_subscribe_for_client: true, allow_publish_for_subscriber: true }] },
  });
  assert.match(gateway.http, /^https:/);
  class Trusting extends WebSocket {
    constructor(url, protocols) {
      super(url, protocols ?? [], { ca });
    }
  }
  const serial = async () => {
    const socket = connect({ port: gateway.port, host: "127.0.0.1", ca, ALPNProtocols: ["http/1.1"] });
    await once(socket, "secureConnect");
    assert.equal(socket.alpnProtocol, "http/1.1");
    const { serialNumber } = socket.getPeerCertificate();
    socket.destroy();
    return parseInt(serialNumber, 16);
  };

  const ann = await connected(t, gateway.websocket, { websocket: Trusting });
  const room = await subscribed(ann, "room:tls");
  const streaming = await connected(t, [endpoint("http_stream", gateway.port, "https")], {
    fetch: trusting(ca),
    emulationEndpoint: `${gateway.http}/emulation`,
  });
  const streamed = await subscribed(streaming, "room:tls");
  const echo = async (text) => {
    for (const speaker of [room, streamed]) {
      const reaches = [room, streamed].map((listener) => next(listener, "publication"));
      await speaker.publish(text);
      assert.deepEqual((await Promise.all(reaches)).map(({ data }) => data), [text, text]);
    }
  };
  await echo("x".repeat(60_000)); // several TLS records each way

  await issue(18);
  await until(async () => (await serial()) === 18, "the new certificate is served", 30_000);
  await connected(t, gateway.websocket, { websocket: Trusting });
  await echo("the old connection lives on");

  await writeFile(at("leaf.pem"), "half a cert");
  await echo("a broken file changes nothing");
  assert.equal(await serial(), 18);
});
