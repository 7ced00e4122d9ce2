// npm `centrifuge` by every way and a backend that decides: who connects, who hears and says what, and for how long.

import assert from "node:assert/strict";
import test from "node:test";

import { backend } from "./harness/backend.mjs";
import { next, subscribed, until } from "./harness/clients.mjs";
import { start } from "./harness/gateway.mjs";
import { inSeconds } from "./harness/tokens.mjs";
import { ALL, WAYS } from "./harness/transports.mjs";

/** What the backend says of people, whose names are those that they connect as. */
const people = {
  ann: (user) => ({ user, info: { name: "Ann" }, data: { welcome: "Ann" }, channels: [`desk:${user}`] }),
  bob: (user) => ({ user }),
  brief: (user) => ({ user, expire_at: inSeconds(2) }),
};
let lives = () => ({ result: { expire_at: inSeconds(600) } });

const office = await backend(test, {
  connect({ data }, headers) {
    const name = headers.authorization ?? data.as;
    if (name.startsWith("banned")) return { disconnect: { code: 4501, reason: "banned" } };
    const person = people[name.split("-")[0]];
    return person ? { result: person(name) } : { error: { code: 1001, message: "log in first" } };
  },
  refresh: () => lives(),
  subscribe({ channel, user, data }) {
    if (channel === "desk:brief") return { result: { expire_at: inSeconds(2) } };
    if (channel !== `desk:${user}` && data?.password !== "let me in") return { error: { code: 1002, message: "no" } };
    return { result: { data: { for: user }, override: { presence: { value: channel !== "desk:hidden" } } } };
  },
  sub_refresh: () => ({ result: { expired: true } }),
  publish({ data, user }) {
    if (data.rude) return { error: { code: 1003, message: "be nice" } };
    return { result: { data: { ...data, by: user } } };
  },
  rpc: ({ method, user, data }) =>
    method === "fail" ? { error: { code: 1004, message: "it failed" } } : { result: { data: { method, user, data } } },
});
const gateway = await start(test, {
  ...ALL,
  client: {
    proxy: {
      connect: office.webhook("connect", { enabled: true, emulated_headers: ["Authorization"] }),
      refresh: office.webhook("refresh", { enabled: true }),
    },
  },
  channel: {
    proxy: {
      subscribe: office.webhook("subscribe"),
      publish: office.webhook("publish"),
      sub_refresh: office.webhook("sub_refresh"),
    },
    namespaces: [
      {
        name: "desk",
        subscribe_proxy_enabled: true,
        publish_proxy_enabled: true,
        sub_refresh_proxy_enabled: true,
        history_size: 100,
        history_ttl: "300s",
        force_recovery: true,
        presence: true,
        allow_presence_for_subscriber: true,
      },
    ],
  },
  rpc: { proxy: office.webhook("rpc"), without_namespace: { proxy_enabled: true } },
});

for (const way of WAYS) {
  const as = (who) => ({ token: "", data: { as: `${who}-${way.slug}` } });
  const bob = `bob-${way.slug}`;
  const asked = (kind) => office.questions(kind).filter(({ user }) => user?.endsWith(way.slug));

  test(`${way.name}: the backend says who connects, by the connect data or by a header`, async (t) => {
    for (const options of [as("ann"), { token: "", headers: { Authorization: `ann-${way.slug}` } }]) {
      const ann = way.client(t, gateway, options);
      const comes = next(ann, "connected");
      const hears = next(ann, "subscribed");
      ann.connect();
      assert.deepEqual(way.decode((await comes).data), { welcome: "Ann" });
      assert.equal((await hears).channel, `desk:ann-${way.slug}`);
      ann.disconnect();
      const { transport, protocol, encoding, name } = office.questions("connect").at(-1);
      const expected = [way.transport, way.protocol, "json", "js"];
      assert.deepEqual([transport, protocol, encoding, name], expected);
    }
  });

  test(`${way.name}: whom the backend does not let in hears its words`, async (t) => {
    for (const [who, code, reason] of [
      ["nobody", 1001, "log in first"],
      ["banned", 4501, "banned"],
    ]) {
      const refused = way.client(t, gateway, as(who));
      const gone = next(refused, "disconnected");
      refused.connect();
      const context = await gone;
      assert.deepEqual([context.code, context.reason], [code, reason]);
    }
  });

  test(`${way.name}: the backend says who subscribes, and what comes with it`, async (t) => {
    const client = await way.connected(t, gateway, as("bob"));
    const own = client.newSubscription(`desk:${bob}`);
    const comes = next(own, "subscribed");
    own.subscribe();
    assert.deepEqual(way.decode((await comes).data), { for: bob });
    const { clients } = await own.presence();
    assert.deepEqual(Object.values(clients).map(({ user }) => user), [bob]);

    const other = client.newSubscription("desk:ann");
    const refused = next(other, "unsubscribed");
    other.subscribe();
    assert.equal((await refused).code, 1002);
    const hidden = await subscribed(client, "desk:hidden", { data: way.encode({ password: "let me in" }) });
    assert.deepEqual(await hidden.presenceStats(), { numClients: 0, numUsers: 0 });
  });

  test(`${way.name}: the backend says who publishes, and what`, async (t) => {
    const desk = await subscribed(await way.connected(t, gateway, as("bob")), `desk:${bob}`);
    const items = way.heard(desk);
    await desk.publish(way.encode({ say: "hello" }));
    await until(() => items.length === 1, "it is heard");
    assert.deepEqual(items, [{ say: "hello", by: bob }]);
    await assert.rejects(desk.publish(way.encode({ rude: true })), { code: 1003, message: "be nice" });
  });

  test(`${way.name}: the backend answers requests, side by side`, async (t) => {
    const client = await way.connected(t, gateway, as("bob"));
    const replies = await Promise.all([1, 2, 3].map((n) => client.rpc(`list-${n}`, way.encode({ n }))));
    assert.deepEqual(
      replies.map(({ data }) => way.decode(data)),
      [1, 2, 3].map((n) => ({ method: `list-${n}`, user: bob, data: { n } })),
    );
    await assert.rejects(client.rpc("fail", way.encode({})), { code: 1004, message: "it failed" });
  });

  test(`${way.name}: a connection lives on as long as the backend says`, async (t) => {
    lives = () => ({ result: { expire_at: inSeconds(2) } });
    const brief = await way.connected(t, gateway, as("brief"));
    await until(() => asked("refresh").length >= 1, "the backend is asked when it expires");
    assert.equal(brief.state, "connected");
    lives = () => ({ result: { expired: true } });
    const ends = await next(brief, "connecting");
    assert.deepEqual([ends.code, ends.reason], [3005, "connection expired"]);
  });

  test(`${way.name}: a subscription that the backend gives up ends, and begins anew`, async (t) => {
    const client = await way.connected(t, gateway, as("bob"));
    const brief = await subscribed(client, "desk:brief");
    const ends = await next(brief, "subscribing");
    assert.equal(ends.code, 2501);
    assert.equal(asked("sub_refresh")[0].channel, "desk:brief");
    assert.equal(client.state, "connected");
  });
}
