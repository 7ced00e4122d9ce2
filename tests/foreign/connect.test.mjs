// npm `centrifuge` gets in with a good token, and is told the documented reason with a bad one.

import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import test from "node:test";

import { client, connected, next } from "./harness/clients.mjs";
import { start } from "./harness/gateway.mjs";
import { open } from "./harness/raw.mjs";
import { inSeconds, signedToken, token, unsignedToken } from "./harness/tokens.mjs";

const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 });
const ec = generateKeyPairSync("ec", { namedCurve: "P-256" });
const pem = ({ publicKey }) => publicKey.export({ type: "spki", format: "pem" });
const gateway = await start(test, {
  client: { token: { rsa_public_key: pem(rsa), ecdsa_public_key: pem(ec) } },
});

for (const alg of ["HS256", "HS384", "HS512"]) {
  test(`a token signed with ${alg} opens the door`, async (t) => {
    const ann = client(t, gateway.websocket, { token: token({ sub: "ann", exp: inSeconds(60) }, { alg }) });
    const opened = next(ann, "connected");
    ann.connect();
    const { client: id, transport } = await opened;
    assert.match(id, /^[0-9a-f-]{36}$/);
    assert.equal(transport, "websocket");
  });
}

test("tokens signed with RS256 and ES256 open the door", async (t) => {
  await connected(t, gateway.websocket, { token: signedToken({ sub: "ann" }, "RS256", rsa.privateKey) });
  await connected(t, gateway.websocket, { token: signedToken({ sub: "ann" }, "ES256", ec.privateKey) });
});

async function refusal(t, options) {
  const stranger = client(t, gateway.websocket, options);
  const gone = next(stranger, "disconnected");
  stranger.connect();
  return (await gone).code;
}

test("a token signed with another secret ends with 3500", async (t) => {
  assert.equal(await refusal(t, { token: token({ sub: "ann" }, { secret: "guessed" }) }), 3500);
});

test("a token that nobody signed ends with 3500", async (t) => {
  assert.equal(await refusal(t, { token: unsignedToken({ sub: "ann" }) }), 3500);
});

test("a public key used as a shared secret ends with 3500", async (t) => {
  assert.equal(await refusal(t, { token: token({ sub: "ann" }, { secret: pem(rsa) }) }), 3500);
});

test("a token that is both forged and expired is forged", async (t) => {
  assert.equal(await refusal(t, { token: token({ sub: "ann", exp: 1 }, { secret: "guessed" }) }), 3500);
});

test("what is no token at all ends with 3500", async (t) => {
  assert.equal(await refusal(t, { token: "open sesame" }), 3500);
});

test("a subscription token does not open the door", async (t) => {
  assert.equal(await refusal(t, { token: token({ sub: "ann", channel: "news:1" }) }), 3500);
});

test("no credentials at all end with 3501", async (t) => {
  assert.equal(await refusal(t, { token: "" }), 3501);
});

test("insecure lets a client in without a token, and still refuses a forged one", async (t) => {
  const open = await start(t, { client: { insecure: true } });
  await connected(t, open.websocket, { token: "" });
  const stranger = client(t, open.websocket, { token: token({ sub: "ann" }, { secret: "guessed" }) });
  const gone = next(stranger, "disconnected");
  stranger.connect();
  assert.equal((await gone).code, 3500);
});

test("an origin that is not allowed is refused before the upgrade", async (t) => {
  const strict = await start(t, { client: { allowed_origins: ["https://*.example.com"] } });
  const upgrade = (headers) => open(t, strict.port, "/connection/websocket", headers);
  await upgrade({ Origin: "https://shop.example.com" });
  await upgrade({});
  await assert.rejects(upgrade({ Origin: "https://example.org" }), /403/);
});
