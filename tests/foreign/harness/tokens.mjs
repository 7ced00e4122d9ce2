// Mints JSON Web Tokens with nothing but node:crypto, good ones and bad ones.

import { createHmac, sign } from "node:crypto";

export const HMAC_SECRET = "a secret of these tests, long enough for HS512: 0123456789abcdef0123456789abcdef";

/** A token signed with the shared secret. */
export function token(claims, { alg = "HS256", secret = HMAC_SECRET } = {}) {
  const input = `${encoded({ alg, typ: "JWT" })}.${encoded(claims)}`;
  const signature = createHmac(`sha${alg.slice(2)}`, secret).update(input).digest("base64url");
  return `${input}.${signature}`;
}

/** A token signed with an RSA, EC or Ed25519 private key, which is called `kid`. */
export function signedToken(claims, alg, key, kid) {
  const input = `${encoded({ alg, typ: "JWT", kid })}.${encoded(claims)}`;
  const hash = alg === "EdDSA" ? null : `sha${alg.slice(2)}`;
  const signature = sign(hash, Buffer.from(input), { key, dsaEncoding: "ieee-p1363" });
  return `${input}.${signature.toString("base64url")}`;
}

/** A token that nobody signed. */
export function unsignedToken(claims) {
  return `${encoded({ alg: "none", typ: "JWT" })}.${encoded(claims)}.`;
}

/** A second of the wall clock, as claims count them: up to one second earlier than from now, so `1` may have passed at once. */
export function inSeconds(seconds) {
  return Math.floor(Date.now() / 1000) + seconds;
}

function encoded(part) {
  return Buffer.from(JSON.stringify(part)).toString("base64url");
}
