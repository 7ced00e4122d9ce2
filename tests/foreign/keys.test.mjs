// Tokens whose keys an identity provider publishes.

import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { createServer } from "node:http";
import test from "node:test";

import { client, connected, next, subscribed, until } from "./harness/clients.mjs";
import { start } from "./harness/gateway.mjs";
import { open } from "./harness/raw.mjs";
import { signedToken, token } from "./harness/tokens.mjs";
import { ALL, WAYS } from "./harness/transports.mjs";

const keys = {
  rsa: { alg: "RS256", ...generateKeyPairSync("rsa", { modulusLength: 2048 }) },
  p256: { alg: "ES256", ...generateKeyPairSync("ec", { namedCurve: "P-256" }) },
  p384: { alg: "ES384", ...generateKeyPairSync("ec", { namedCurve: "P-384" }) },
  ed: { alg: "EdDSA", ...generateKeyPairSync("ed25519") },
};

/** A token signed with one of the keys. */
const signed = (kid, claims = { sub: "ann" }) => signedToken(claims, keys[kid].alg, keys[kid].privateKey, kid);

/** An identity provider that publishes some of the keys; `answer` may replace what it says. */
async function provider(t, published) {
  const made = { published, fetches: 0, answer: undefined };
  const server = createServer((_, response) => {
    made.fetches++;
    if (made.answer) return made.answer(response);
    const jwks = made.published.map((kid) => ({ kid, use: "sig", ...keys[kid].publicKey.export({ format: "jwk" }) }));
    response.end(JSON.stringify({ keys: jwks }));
  });
  await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
  t.after(() => server.close().closeAllConnections());
  made.url = `http://127.0.0.1:${server.address().port}/keys`;
  return made;
}

/** A gateway that believes the provider, once it has fetched its keys. */
async function believing(t, { url }) {
  return start(t, { ...ALL, client: { token: { jwks_public_endpoint: url } } });
}

test("by every way, each kind of published key opens the door, and subscriptions too", async (t) => {
  const idp = await provider(t, Object.keys(keys));
  const gateway = await believing(t, idp);
  for (const way of WAYS) {
    for (const kid of Object.keys(keys)) {
      const ann = await way.connected(t, gateway, { token: signed(kid) });
      await subscribed(ann, "closed:1", { token: signed(kid, { sub: "ann", channel: "closed:1" }) });
    }
  }
  // Once, or once more for a client that came while they were being fetched.
  assert.ok(idp.fetches <= 2, `${idp.fetches} fetches`);
});

test("the configured secret is not believed beside them, and neither is a stranger's key", async (t) => {
  const gateway = await believing(t, await provider(t, ["rsa"]));
  const forged = [token({ sub: "ann" }), signedToken({ sub: "ann" }, "ES256", keys.p256.privateKey, "rsa")];
  for (const way of WAYS) {
    for (const bad of forged) {
      const stranger = way.client(t, gateway, { token: bad });
      const gone = next(stranger, "disconnected");
      stranger.connect();
      assert.equal((await gone).code, 3500);
    }
  }
});

test("a key that is published later lets its client in, who waits for it", async (t) => {
  const idp = await provider(t, ["rsa"]);
  const gateway = await believing(t, idp);
  const ann = await connected(t, gateway.websocket, { token: signed("rsa") });
  idp.published = ["rsa", "p256"];
  const bob = client(t, gateway.websocket, { token: signed("p256", { sub: "bob" }), timeout: 20_000 });
  const in_ = next(bob, "connected");
  bob.connect();
  await ann.rpc("none", null).catch(() => {}); // who is known is served meanwhile
  await in_;
  assert.ok(idp.fetches <= 3, `${idp.fetches} fetches`);
});

test("many strangers with keys of their own invention cause few fetches, and are refused", async (t) => {
  const idp = await provider(t, ["rsa"]);
  const gateway = await believing(t, idp);
  const gone = Array.from({ length: 50 }, async (_, number) => {
    const raw = await open(t, gateway.port);
    raw.send({ id: 1, connect: { token: signedToken({}, "ES256", keys.p256.privateKey, `mine-${number}`) } });
    return raw.closed();
  });
  assert.deepEqual(new Set((await Promise.all(gone)).map(({ code }) => code)), new Set([3500]));
  assert.ok(idp.fetches <= 3, `${idp.fetches} fetches`);
});

test("while the provider is down known keys stay good, and unknown ones are a temporary error", async (t) => {
  const idp = await provider(t, ["rsa"]);
  const gateway = await believing(t, idp);
  await connected(t, gateway.websocket, { token: signed("rsa") });
  idp.answer = (response) => response.writeHead(503).end();
  await connected(t, gateway.websocket, { token: signed("rsa", { sub: "bob" }) });
  const raw = await open(t, gateway.port);
  raw.send({ id: 1, connect: { token: signed("p256") } });
  const [{ error }] = await raw.replies();
  assert.deepEqual([error.code, error.temporary], [100, true]);
  const carol = client(t, gateway.websocket, { token: signed("p256", { sub: "carol" }), timeout: 20_000 });
  carol.connect();
  idp.answer = undefined;
  idp.published = ["p256"];
  await until(() => carol.state === "connected", "she comes again until the provider is back", 30_000);
});
