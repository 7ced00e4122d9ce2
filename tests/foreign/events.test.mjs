// The backend is told who comes and goes, by whatever door: many events at a time, in order, at least once.

import assert from "node:assert/strict";
import test from "node:test";

import { WebSocket } from "ws";

import { backend } from "./harness/backend.mjs";
import { connected, next, range, subscribed, until } from "./harness/clients.mjs";
import { start } from "./harness/gateway.mjs";
import { token } from "./harness/tokens.mjs";
import { ALL, WAYS } from "./harness/transports.mjs";

/** A gateway, the backend that it tells, and what the backend has read so far, each event once. */
async function told(t, { overrides = {}, answer = () => ({}) } = {}) {
  const office = await backend(t, { events: answer });
  const gateway = await start(t, { ...overrides, events: office.webhook("events") });
  const requests = () => office.questions("events");
  const events = () => {
    const byId = new Map(requests().flatMap(({ events }) => events).map((event) => [event.id, event]));
    return [...byId.values()];
  };
  const kinds = (user) => events().filter((event) => event.user === user).map(({ kind }) => kind);
  return { gateway, requests, events, kinds };
}

const LIFE = ["connected", "subscribed", "unsubscribed", "subscribed", "disconnected"];

/** Connects, subscribes, thinks better of it twice, and goes. */
async function live(t, gateway, user) {
  const made = await connected(t, gateway.websocket, { token: token({ sub: user }) });
  const subscription = await subscribed(made, "open:news");
  subscription.unsubscribe();
  subscription.subscribe();
  await subscription.ready(5000);
  made.disconnect();
  return made;
}

test("each client's life is told in its order", async (t) => {
  const { gateway, events, kinds } = await told(t);
  const users = range(1, 20).map((number) => `user${number}`);
  await Promise.all(users.map((user) => live(t, gateway, user)));
  await until(() => users.every((user) => kinds(user).includes("disconnected")), "all are told");
  for (const user of users) assert.deepEqual(kinds(user), LIFE);

  const [came, heard, left, , gone] = events().filter(({ user }) => user === "user7");
  assert.deepEqual([came.transport, came.protocol], ["websocket", "json"]);
  assert.deepEqual([heard.channel, left.channel, left.code], ["open:news", "open:news", 0]);
  assert.deepEqual([gone.code, gone.reason], [1000, "closed by the client"]);
  assert.ok(gone.duration_ms >= 0 && gone.time - came.time < 60_000);
  assert.ok([heard, left, gone].every(({ client }) => client === came.client));
});

test("a backend that fails is told everything, with the same ids", async (t) => {
  let calls = 0;
  const { gateway, requests, kinds } = await told(t, { answer: () => (++calls <= 3 ? 500 : {}) });
  await live(t, gateway, "bob");
  await until(() => calls > 3 && kinds("bob").includes("disconnected"), "it is told in the end");
  assert.deepEqual(kinds("bob"), LIFE);
  const ids = requests().map(({ events }) => events.map(({ id }) => id).join());
  assert.ok(ids.length > 3 && ids.slice(1, 4).every((list) => list === ids[0]), "the first ones came again");
});

test("the server's reasons are told", async (t) => {
  const { gateway, events } = await told(t);
  const carol = await connected(t, gateway.websocket, { token: token({ sub: "carol" }) });
  await subscribed(carol, "open:news");
  await gateway.api("unsubscribe", { user: "carol", channel: "open:news" });
  const gone = next(carol, "disconnected");
  await gateway.api("disconnect", { user: "carol", disconnect: { code: 4501, reason: "banned" } });
  await gone;
  const ends = () => events().filter(({ kind }) => kind === "unsubscribed" || kind === "disconnected");
  await until(() => ends().length === 2, "both are told");
  assert.deepEqual(ends().map(({ code, reason }) => [code, reason]), [[2000, "server unsubscribe"], [4501, "banned"]]);
});

test("by whatever door and way it came, its life is told", async (t) => {
  const plain = [{ path: "/app", channels: ["open:orders"], trust_names: true }];
  const { gateway, events, kinds } = await told(t, { overrides: { ...ALL, plain } });
  const socket = new WebSocket(`ws://127.0.0.1:${gateway.port}/app`);
  await until(() => events().some(({ channel }) => channel === "open:orders"), "the plain client hears orders");
  socket.terminate();
  for (const way of WAYS) {
    const made = await way.connected(t, gateway, { token: token({ sub: way.slug }) });
    const news = await subscribed(made, "open:news");
    news.unsubscribe();
    news.subscribe();
    await news.ready(5000);
    made.disconnect();
    await until(() => kinds(way.slug).includes("disconnected"), `${way.name} is told of`);
    assert.deepEqual(kinds(way.slug), LIFE);
    const [{ transport, protocol }] = events().filter(({ user }) => user === way.slug);
    assert.deepEqual([transport, protocol], [way.transport, way.protocol]);
  }
  const ends = () => events().filter(({ kind }) => kind === "disconnected");
  await until(() => ends().length === 1 + WAYS.length, "all ends are told");
  // Only a WebSocket has words for a farewell.
  assert.deepEqual(ends().map(({ code }) => code), [1006, 1000, 1000, 1006, 1006, 1006]);
});

test("who is sent away by a drain is told of before the end, in few requests", async (t) => {
  const { gateway, requests, events } = await told(t, { overrides: { shutdown: { timeout: "7s" } } });
  await Promise.all(range(1, 300).map(() => connected(t, gateway.websocket)));
  await until(() => events().length === 300, "all are connected");
  const before = requests().length;
  gateway.terminate();
  assert.equal(await gateway.exited, 0);
  const ends = events().filter(({ kind, code }) => kind === "disconnected" && code === 3001);
  assert.ok(ends.length >= 300, `${ends.length} ends`);
  assert.ok(requests().length - before <= 30, `${requests().length - before} requests`);
});
