// The tokens of the stock client by every way: whose key is believed where, and what happens when their time is over.

import assert from "node:assert/strict";
import test from "node:test";

import { next, subscribed, until } from "./harness/clients.mjs";
import { start } from "./harness/gateway.mjs";
import { HMAC_SECRET, inSeconds, token } from "./harness/tokens.mjs";
import { ALL, WAYS } from "./harness/transports.mjs";

const PREVIOUS = "the key of last month, which some tokens are still signed with";
const SUBSCRIPTIONS = "a key for subscriptions, which opens no door whatsoever";
const PREVIOUS_SUBSCRIPTIONS = "the key for subscriptions of last month, long enough too";

/** A gateway that believes its keys of last month until `until`, a second of Unix time; 0 is for ever. */
const believing = (hmac_previous_secret_key_valid_until) =>
  start(test, {
    ...ALL,
    client: {
      token: { hmac_previous_secret_key: PREVIOUS, hmac_previous_secret_key_valid_until },
      subscription_token: {
        enabled: true,
        hmac_secret_key: SUBSCRIPTIONS,
        hmac_previous_secret_key: PREVIOUS_SUBSCRIPTIONS,
        hmac_previous_secret_key_valid_until,
      },
      expired_close_delay: "1s",
      expired_sub_close_delay: "1s",
    },
  });
const gateway = await believing(0);
const strict = await believing(inSeconds(-60));

/** A token for ann, with which she connects, or subscribes to `channel`. */
const signed = (secret, claims = {}) => token({ sub: "ann", ...claims }, { secret });

/** The code with which a client is sent away for good. */
async function refusal(client) {
  const gone = next(client, "disconnected");
  client.connect();
  return (await gone).code;
}

/** The code with which a subscription is refused. */
async function refused(client, channel, secret) {
  const subscription = client.newSubscription(channel, { token: signed(secret, { channel }) });
  const gone = next(subscription, "unsubscribed");
  subscription.subscribe();
  return (await gone).code;
}

for (const way of WAYS) {
  test(`${way.name}: the key before opens the door as long as it may`, async (t) => {
    await way.connected(t, gateway, { token: signed(PREVIOUS) });
    const ann = await way.connected(t, strict, { token: signed(HMAC_SECRET) });
    assert.equal(await refusal(way.client(t, strict, { token: signed(PREVIOUS) })), 3500);
    assert.equal(await refused(ann, "closed:1", PREVIOUS_SUBSCRIPTIONS), 103);
  });

  test(`${way.name}: where subscriptions have keys of their own, no other key is good for them`, async (t) => {
    const ann = await way.connected(t, gateway);
    await subscribed(ann, "closed:1", { token: signed(SUBSCRIPTIONS, { channel: "closed:1" }) });
    await subscribed(ann, "closed:2", { token: signed(PREVIOUS_SUBSCRIPTIONS, { channel: "closed:2" }) });
    assert.equal(await refused(ann, "closed:3", HMAC_SECRET), 103);
    assert.equal(await refused(ann, "closed:4", PREVIOUS), 103);
    for (const secret of [SUBSCRIPTIONS, PREVIOUS_SUBSCRIPTIONS]) {
      assert.equal(await refusal(way.client(t, gateway, { token: signed(secret) })), 3500);
    }
  });

  test(`${way.name}: with expired tokens the client fetches new ones, once`, async (t) => {
    const asked = [];
    const fetching = (secret, claims) => ({
      token: signed(secret, { ...claims, exp: inSeconds(-10) }),
      getToken: async () => {
        asked.push(claims);
        return signed(secret, { ...claims, exp: inSeconds(60) });
      },
    });
    const ann = await way.connected(t, gateway, fetching(HMAC_SECRET, {}));
    await subscribed(ann, "closed:1", fetching(SUBSCRIPTIONS, { channel: "closed:1" }));
    assert.deepEqual(asked, [{}, { channel: "closed:1" }]);
  });

  test(`${way.name}: tokens that expire are renewed where they are, and who has no new one ends`, async (t) => {
    const brief = (secret, claims, getToken) => ({ token: signed(secret, { ...claims, exp: inSeconds(2) }), getToken });
    const fetched = [];
    const renewing = (secret, claims) =>
      brief(secret, claims, async () => {
        fetched.push(claims);
        return signed(secret, { ...claims, exp: inSeconds(60) });
      });
    const never = () => new Promise(() => {});
    const here = { channel: "closed:renewed" };
    const gone = { channel: "closed:gone" };

    const ann = await way.connected(t, gateway, renewing(HMAC_SECRET, {}));
    const renewed = await subscribed(ann, here.channel, renewing(SUBSCRIPTIONS, here));
    const forgotten = await subscribed(ann, gone.channel, brief(SUBSCRIPTIONS, gone, never));
    const idle = await way.connected(t, gateway, brief(HMAC_SECRET, {}, never));
    const breaks = [];
    ann.on("connecting", ({ code }) => breaks.push(code));
    renewed.on("subscribing", ({ code }) => breaks.push(code));

    const [ends, over] = await Promise.all([next(idle, "connecting"), next(forgotten, "subscribing")]);
    assert.deepEqual([ends.code, over.code], [3005, 2501]);
    await until(() => fetched.length === 2, "both are renewed");
    await ann.rpc("none", way.encode(null)).catch(() => {}); // answered after that
    assert.deepEqual(breaks, []);
  });
}

test("the user may stand in another claim, as deep as it lies", async (t) => {
  const own = await start(t, { ...ALL, client: { token: { user_id_claim: "account.name" } } });
  for (const way of WAYS) {
    const ann = await way.connected(t, own, { token: token({ sub: "nobody", account: { name: `ann-${way.slug}` } }) });
    await subscribed(ann, "room:claims");
  }
  const { presence } = await own.api("presence", { channel: "room:claims" });
  const users = Object.values(presence).map(({ user }) => user);
  assert.deepEqual(users.sort(), WAYS.map(({ slug }) => `ann-${slug}`).sort());
});
