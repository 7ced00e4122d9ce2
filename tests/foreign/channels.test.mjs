// npm `centrifuge` subscribes, publishes, looks back and sees who is there.

import assert from "node:assert/strict";
import test from "node:test";

import { client, connected, heard, next, range, subscribed, until } from "./harness/clients.mjs";
import { API_KEY, start } from "./harness/gateway.mjs";
import { inSeconds, token } from "./harness/tokens.mjs";

const gateway = await start(test);
const as = (user, claims = {}) => ({ token: token({ sub: user, ...claims }) });

async function refusal(subscription) {
  const gone = next(subscription, "unsubscribed");
  subscription.subscribe();
  return (await gone).code;
}

test("what a backend publishes is heard, byte for byte as JSON means it", async (t) => {
  const ann = await connected(t, gateway.websocket);
  const items = heard(await subscribed(ann, "open:values"));
  const values = [{ 唢呐: "号", n: 1.5 }, "text", 0, false, null, [], "line\nbreak"];
  await gateway.publish("open:values", ...values);
  await until(() => items.length === values.length, "all of it is heard");
  assert.deepEqual(items, values);
});

test("a pretty-printed payload does not break the framing", async (t) => {
  const ann = await connected(t, gateway.websocket);
  const items = heard(await subscribed(ann, "open:pretty"));
  const response = await fetch(`${gateway.http}/api/publish`, {
    method: "POST",
    headers: { "X-API-Key": API_KEY },
    body: '{\n "channel": "open:pretty",\n "data": {\n  "a": [\n 1,\n 2 ]\n }\n}',
  });
  assert.equal(response.status, 200);
  await until(() => items.length === 1, "it is heard");
  assert.deepEqual(items, [{ a: [1, 2] }]);
});

test("several subscriptions travel in the first frame, behind connect", async (t) => {
  const ann = client(t, gateway.websocket);
  const channels = range(1, 20).map((n) => ann.newSubscription(`news:pipelined-${n}`));
  for (const channel of channels) channel.subscribe();
  ann.connect();
  await Promise.all(channels.map((channel) => channel.ready(5000)));
});

test("a channel without permission opens with a subscription token alone", async (t) => {
  const ann = await connected(t, gateway.websocket, as("ann"));
  assert.equal(await refusal(ann.newSubscription("closed:1")), 103);
  const info = { seat: 7 };
  await subscribed(ann, "closed:2", { token: token({ sub: "ann", channel: "closed:2", info, exp: inSeconds(60) }) });
});

test("a forged subscription token is refused with 103, the connection lives on", async (t) => {
  const ann = await connected(t, gateway.websocket, as("ann"));
  const forged = token({ sub: "ann", channel: "closed:1" }, { secret: "guessed" });
  assert.equal(await refusal(ann.newSubscription("closed:1", { token: forged })), 103);
  assert.equal(ann.state, "connected");
});

test("somebody else's subscription token ends the connection with 3500", async (t) => {
  const ann = await connected(t, gateway.websocket, as("ann"));
  const gone = next(ann, "disconnected");
  ann.newSubscription("closed:1", { token: token({ sub: "bob", channel: "closed:1" }) }).subscribe();
  assert.equal((await gone).code, 3500);
});

test("an unknown namespace is refused with 102", async (t) => {
  const ann = await connected(t, gateway.websocket);
  assert.equal(await refusal(ann.newSubscription("nowhere:1")), 102);
});

test("publishing needs the permission, and reaches everybody with the publisher's name", async (t) => {
  const ann = await connected(t, gateway.websocket, as("ann", { info: { name: "Ann" } }));
  const bob = await connected(t, gateway.websocket, as("bob"));
  const atAnn = await subscribed(ann, "room:talk");
  const atBob = await subscribed(bob, "room:talk");
  const reaches = next(atBob, "publication");
  await atAnn.publish({ say: "你好" });
  const { data, info, offset } = await reaches;
  assert.deepEqual(data, { say: "你好" });
  assert.deepEqual([info.user, info.connInfo, offset], ["ann", { name: "Ann" }, 1]);
  await assert.rejects((await subscribed(ann, "open:talk")).publish({}), { code: 103 });
});

test("history is read forwards, backwards, from a position and by the page", async (t) => {
  const ann = await connected(t, gateway.websocket);
  const room = await subscribed(ann, "room:history");
  await gateway.publish("room:history", ...range(1, 10));
  const offsets = async (query) => (await room.history(query)).publications.map(({ offset }) => offset);
  const { epoch, offset, publications } = await room.history({ limit: 0 });
  assert.deepEqual([offset, publications], [10, []]);
  assert.deepEqual(await offsets({ limit: 3 }), [1, 2, 3]);
  assert.deepEqual(await offsets({ limit: 3, since: { offset: 4, epoch } }), [5, 6, 7]);
  assert.deepEqual(await offsets({ limit: 2, reverse: true }), [10, 9]);
  assert.deepEqual(await offsets({ limit: -1, reverse: true, since: { offset: 3, epoch } }), [2, 1]);
  await assert.rejects(room.history({ limit: 1, since: { offset: 4, epoch: "other" } }), { code: 112 });
  await assert.rejects((await subscribed(ann, "open:history")).history({ limit: 1 }), { code: 108 });
});

test("presence shows who is there, joins and leaves tell when it changes", async (t) => {
  const ann = await connected(t, gateway.websocket, as("ann", { info: { name: "Ann" } }));
  const room = await subscribed(ann, "room:people");
  const bob = await connected(t, gateway.websocket, as("bob"));
  const comes = next(room, "join", { accepts: ({ info }) => info.user === "bob" });
  await subscribed(bob, "room:people");
  await comes;

  const { clients } = await room.presence();
  assert.deepEqual(Object.values(clients).map(({ user }) => user).sort(), ["ann", "bob"]);
  assert.deepEqual(Object.values(clients).find(({ user }) => user === "ann").connInfo, { name: "Ann" });
  assert.deepEqual(await room.presenceStats(), { numClients: 2, numUsers: 2 });

  const goes = next(room, "leave");
  bob.disconnect();
  assert.equal((await goes).info.user, "bob");
  assert.deepEqual(await room.presenceStats(), { numClients: 1, numUsers: 1 });
  await assert.rejects((await subscribed(ann, "open:people")).presence(), { code: 108 });
});

test("after unsubscribing nothing more is heard, after subscribing again everything", async (t) => {
  const ann = await connected(t, gateway.websocket);
  const news = await subscribed(ann, "open:leaving");
  const witness = heard(await subscribed(ann, "open:witness"));
  const items = heard(news);
  await gateway.publish("open:leaving", 1);
  await until(() => items.length === 1, "the first is heard");
  news.unsubscribe();
  await until(async () => !("open:leaving" in (await gateway.api("channels", {})).channels), "nobody listens");
  await gateway.publish("open:leaving", 2);
  news.subscribe();
  await news.ready(5000);
  await gateway.publish("open:leaving", 3);
  await gateway.publish("open:witness", "end");
  await until(() => witness.length === 1, "the witness hears the end");
  assert.deepEqual(items, [1, 3]);
});

test("an rpc without a backend is refused with 108", async (t) => {
  const ann = await connected(t, gateway.websocket);
  await assert.rejects(ann.rpc("list", {}), { code: 108 });
});

test("a message without an answer ends the connection with 3508", async (t) => {
  const ann = await connected(t, gateway.websocket);
  const gone = next(ann, "disconnected");
  await ann.send({ hello: 1 });
  assert.equal((await gone).code, 3508);
});

test("server-side subscriptions come with the token", async (t) => {
  const ann = client(t, gateway.websocket, as("ann", { channels: ["news:mine"] }));
  const comes = next(ann, "subscribed");
  ann.connect();
  assert.equal((await comes).channel, "news:mine");
  const reaches = next(ann, "publication");
  await gateway.publish("news:mine", "for you");
  const { channel, data } = await reaches;
  assert.deepEqual([channel, data], ["news:mine", "for you"]);
});
