// How much npm `centrifuge` may say at once, by every way, and what it means to say more.

import assert from "node:assert/strict";
import test from "node:test";

import { bystander, next, subscribed } from "./harness/clients.mjs";
import { start } from "./harness/gateway.mjs";
import { token } from "./harness/tokens.mjs";
import { ALL, STREAMS, WAYS } from "./harness/transports.mjs";

const gateway = await start(test, ALL);
/** The limit of every way. */
const LIMIT = 65536;
const as = (user, options) => ({ token: token({ sub: user }), ...options });

/** A payload whose command is `bytes` long at least. */
const long = (way, bytes) => way.encode("x".repeat(bytes));

for (const way of WAYS) {
  test(`${way.name}: what is just short enough is heard`, async (t) => {
    const room = await subscribed(await way.connected(t, gateway), `room:${way.slug}`);
    const reaches = next(room, "publication");
    await room.publish(long(way, LIMIT - 512));
    assert.equal(way.decode((await reaches).data).length, LIMIT - 512);
  });
}

for (const way of WAYS.filter((way) => !STREAMS.includes(way))) {
  test(`${way.name}: what is longer ends the connection with 1009, and the client stays away`, async (t) => {
    const other = await bystander(t, gateway);
    const ann = await way.connected(t, gateway);
    const gone = next(ann, "disconnected");
    ann.publish("room:long", long(way, LIMIT)).catch(() => {}); // it ends with the connection
    const { code, reason } = await gone;
    // So the library calls 1009.
    assert.deepEqual([code, reason], [3, "message size limit exceeded"]);
    await other.stillHears();
  });
}

for (const way of STREAMS) {
  test(`${way.name}: what is longer is refused with 413, and the connection lives`, async (t) => {
    const statuses = [];
    const watched = async (...request) => {
      const answer = await fetch(...request);
      if (request[0].endsWith("/emulation")) statuses.push(answer.status);
      return answer;
    };
    // The library takes no notice of 413, but waits for the reply that does not come.
    const ann = await way.connected(t, gateway, { fetch: watched, timeout: 2000 });
    const room = await subscribed(ann, `room:${way.slug}-long`);
    await assert.rejects(room.publish(long(way, LIMIT)), { code: 1, message: "timeout" });
    assert.deepEqual(statuses.filter((status) => status !== 204), [413]);
    await room.publish(long(way, 1));
    assert.equal(ann.state, "connected");
  });
}
