// npm `websocket-heartbeat-miniprogram` on a plain door for as long as a supplier looks at a lot. The runner starts the
// files by their names, and this one takes the longest.

import assert from "node:assert/strict";
import test from "node:test";

import { until } from "./harness/clients.mjs";
import { start } from "./harness/gateway.mjs";
import { supplier } from "./harness/miniprogram.mjs";
import { quotation } from "./harness/quotation.mjs";

test("it keeps the connection for two minutes at the pace of the real system", async (t) => {
  const gateway = await start(t, quotation({ idle_timeout: "5s" }));
  const { log, answers } = await supplier(t, gateway.port, { pingTimeout: 2000, pongTimeout: 3000 });
  await until(() => answers() >= 60, "sixty heartbeats are answered", 170_000);
  assert.deepEqual([log.opened, log.closed], [1, 0]);
});
