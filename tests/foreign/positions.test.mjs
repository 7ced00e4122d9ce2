// A subscriber that stands where the stream no longer is finds out although nothing is published: the gateway checks.

import assert from "node:assert/strict";
import test from "node:test";

import { next, until } from "./harness/clients.mjs";
import { start } from "./harness/gateway.mjs";
import { token } from "./harness/tokens.mjs";
import { ALL, WAYS } from "./harness/transports.mjs";

const kept = { history_size: 10, history_ttl: "300s", force_recovery: true, allow_subscribe_for_client: true };
const gateway = await start(test, {
  ...ALL,
  client: { channel_position_check_delay: "4s" },
  channel: {
    namespaces: [
      // Whatever nobody looks at for two seconds begins anew, so between two checks.
      { name: "brief", ...kept, history_ttl: "1s", history_meta_ttl: "2s" },
      { name: "lasting", ...kept },
    ],
  },
});

const told = ({ code, reason }) => [code, reason];
const begins = (listener) => next(listener, "subscribed", { within: 30_000 });
const ends = (listener, event) => next(listener, event, { within: 20_000 });

// Side by side, since all of them wait for the same seconds.
test.describe("a lost place in a stream", { concurrency: true }, () => {
  for (const way of WAYS) {
    test(`${way.name}: a subscription is ended with 2500, begins anew and is told of the gap`, async (t) => {
      const ann = await way.connected(t, gateway);
      const [brief, lasting] = ["brief", "lasting"].map((name) => ann.newSubscription(`${name}:${way.slug}`));
      const breaks = [];
      lasting.on("subscribing", (context) => breaks.push(context));
      ann.on("connecting", (context) => breaks.push(context));
      const items = way.heard(brief);
      for (const one of [lasting, brief]) {
        const first = begins(one);
        one.subscribe();
        await first;
        await gateway.publish(one.channel, 1);
      }
      await until(() => items.length === 1, "the first is heard");
      breaks.length = 0;

      const lost = ends(brief, "subscribing");
      const back = begins(brief);
      assert.deepEqual(told(await lost), [2500, "insufficient state"]);
      const { wasRecovering, recovered } = await back;
      assert.deepEqual([wasRecovering, Boolean(recovered)], [true, false]);
      await gateway.publish(brief.channel, 2);
      await until(() => items.length === 2, "the next is heard");
      assert.deepEqual(items, [1, 2]);
      assert.deepEqual(breaks, [], "a stream that lasts is left alone, and so is the connection");
    });

    test(`${way.name}: with a server-side subscription the connection ends with 3010 and comes back`, async (t) => {
      const channel = `brief:server-side-${way.slug}`;
      const ann = way.client(t, gateway, { token: token({ sub: "ann", channels: [channel] }) });
      const items = way.heard(ann, channel);
      const first = begins(ann);
      ann.connect();
      await first;
      await gateway.publish(channel, 1);
      await until(() => items.length === 1, "the first is heard");

      const lost = ends(ann, "connecting");
      const back = begins(ann);
      assert.deepEqual(told(await lost), [3010, "insufficient state"]);
      const { wasRecovering, recovered } = await back;
      assert.deepEqual([wasRecovering, Boolean(recovered)], [true, false]);
      await gateway.publish(channel, 2);
      await until(() => items.length === 2, "the next is heard");
      assert.deepEqual(items, [1, 2]);
    });
  }
});
