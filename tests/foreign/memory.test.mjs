// Twenty rounds of everything bad leave the gateway's memory where it was.

import assert from "node:assert/strict";
import test from "node:test";

import { bystander, until } from "./harness/clients.mjs";
import { start } from "./harness/gateway.mjs";
import { TEXT, frame, open } from "./harness/raw.mjs";
import { token, unsignedToken } from "./harness/tokens.mjs";
import { violations } from "./harness/violations.mjs";

const words = ["", "{}", "nonsense", "{".repeat(60_000), `{"id":1,"connect":{"token":"${unsignedToken({ sub: "ann" })}"}}`];
const hello = JSON.stringify({ id: 1, connect: { token: token({ sub: "ann" }) } });

/** Every kind of bad input once, before connect and after; each on a connection that is gone afterwards. */
async function round(t, gateway) {
  const bad = [...Object.values(violations).map(([, bytes]) => bytes), ...words.map((text) => frame(TEXT, text))];
  for (const bytes of bad) {
    for (const before of [[], [frame(TEXT, hello)]]) {
      const raw = await open(t, gateway.port);
      raw.write(Buffer.concat([...before, bytes]));
      await raw.closed();
      raw.socket.destroy();
    }
  }
  await until(async () => (await gateway.api("info")).nodes[0].num_clients === 1, "only the onlooker is left");
}

test("twenty rounds of bad input leave the live bytes within one percent", async (t) => {
  const gateway = await start(t);
  const onlooker = await bystander(t, gateway);
  const live = () => gateway.metric("suona_allocated_bytes");
  for (let n = 0; n < 3; n++) await round(t, gateway); // tables and pools grow to their size
  const before = await live();
  assert.ok(before > 0);
  for (let n = 0; n < 20; n++) await round(t, gateway);
  await onlooker.stillHears();
  const after = await live();
  assert.ok(after < before * 1.01, `${before} live bytes became ${after}`);
});
