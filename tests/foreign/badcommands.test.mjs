// Commands that break the client protocol: the documented error or close, and nobody else notices.

import assert from "node:assert/strict";
import test from "node:test";

import { bystander, until } from "./harness/clients.mjs";
import { start } from "./harness/gateway.mjs";
import { TEXT, frame, open } from "./harness/raw.mjs";
import { inSeconds, token, unsignedToken } from "./harness/tokens.mjs";

const gateway = await start(test, {
  client: { ping_interval: "2s", pong_timeout: "1s", stale_close_delay: "1s" },
});
const onlooker = await bystander(test, gateway);
const good = (user) => token({ sub: user });

async function member(t, user) {
  const raw = await open(t, gateway.port);
  await raw.connect(good(user));
  return raw;
}

async function endOf(raw) {
  const { code, reason } = await raw.closed();
  await onlooker.stillHears();
  assert.match(reason, /\w/);
  return code;
}

const firstWords = {
  "an empty message": "",
  "a blank line": "\n",
  "a pong": "{}",
  "a command before connect": '{"id":1,"subscribe":{"channel":"news:1"}}',
  "connect without an id": `{"connect":{"token":"${good("ann")}"}}`,
  "no credentials": '{"id":1,"connect":{}}',
  "no command": '{"id":1}',
  "an array": "[]",
  "half an object": '{"id":1,"connect":{',
  "many open braces": "{".repeat(60_000),
  "many open brackets": '{"id":1,"connect":{"data":' + "[".repeat(60_000),
  "an id that is too big": '{"id":4294967296,"connect":{}}',
  "a negative id": '{"id":-1,"connect":{}}',
};

for (const [what, words] of Object.entries(firstWords)) {
  test(`${what} first ends with 3501`, async (t) => {
    const raw = await open(t, gateway.port);
    raw.write(frame(TEXT, words));
    assert.equal(await endOf(raw), 3501);
  });
}

const laterWords = {
  "a second connect": `{"id":2,"connect":{"token":"${good("ann")}"}}`,
  "an unasked pong": "{}",
  "subscribe without a channel": '{"id":2,"subscribe":{}}',
  "no command": '{"id":2}',
  "an unknown command": '{"id":2,"dance":{}}',
  "half an object": '{"id":2,"rpc":{',
  "a blank line between commands": '{"id":2,"rpc":{"method":"m"}}\n\n{"id":3,"rpc":{"method":"m"}}',
};

for (const [what, words] of Object.entries(laterWords)) {
  test(`${what} after connect ends with 3501`, async (t) => {
    const raw = await member(t, "ann");
    raw.write(frame(TEXT, words));
    assert.equal(await endOf(raw), 3501);
  });
}

test("commands before a bad line are still carried out", async (t) => {
  const raw = await member(t, "ann");
  raw.send({ id: 2, subscribe: { channel: "room:1" } });
  await raw.replies();
  raw.write(frame(TEXT, '{"id":3,"publish":{"channel":"room:1","data":"last words"}}\nnonsense'));
  assert.equal(await endOf(raw), 3501);
  const history = { channel: "room:1", limit: 10 };
  await until(async () => (await gateway.api("history", history)).publications.length === 1, "it was published");
});

test("an unknown namespace is 102, a name too long 107, and the connection lives", async (t) => {
  const raw = await member(t, "ann");
  raw.send({ id: 2, subscribe: { channel: "nowhere:1" } }, { id: 3, subscribe: { channel: `open:${"x".repeat(255)}` } });
  raw.send({ id: 4, subscribe: { channel: "open:号" } }, { id: 5, subscribe: { channel: "$open:private" } });
  raw.send({ id: 6, subscribe: { channel: "open:1" } }, { id: 7, subscribe: { channel: "open:1" } });
  const outcomes = [];
  while (outcomes.length < 6) outcomes.push(...(await raw.replies()));
  assert.deepEqual(
    outcomes.map(({ id, error }) => [id, error?.code]),
    [[2, 102], [3, 107], [4, 107], [5, 103], [6, undefined], [7, 105]],
  );
});

test("an expired token is error 109, and nothing more is heard on that line", async (t) => {
  const raw = await open(t, gateway.port);
  raw.send({ id: 1, connect: { token: token({ sub: "ann", exp: inSeconds(-10) }) } });
  assert.deepEqual(await raw.replies(), [{ id: 1, error: { code: 109, message: "token expired" } }]);
  raw.send({ id: 2, connect: { token: good("ann") } });
  assert.equal(await endOf(raw), 3501);
});

test("forged and unsigned tokens end with 3500", async (t) => {
  const [head, , signature] = good("ann").split(".");
  const elevated = `${head}.${good("root").split(".")[1]}.${signature}`;
  for (const bad of [elevated, unsignedToken({ sub: "ann" }), good("ann").slice(0, -2), "a.b.c", "."]) {
    const raw = await open(t, gateway.port);
    raw.send({ id: 1, connect: { token: bad } });
    assert.equal(await endOf(raw), 3500, bad);
  }
});

test("who never connects is stale", async (t) => {
  assert.equal(await endOf(await open(t, gateway.port)), 3502);
});

test("who never answers a ping is gone after the pong timeout", async (t) => {
  const raw = await member(t, "ann");
  assert.equal(await endOf(raw), 3012);
});

test("one connection of a user too many ends with 3504", async (t) => {
  const narrow = await start(t, { client: { user_connection_limit: 3 } });
  for (let n = 0; n < 3; n++) await (await open(t, narrow.port)).connect(good("ann"));
  await (await open(t, narrow.port)).connect(good("bob"));
  const raw = await open(t, narrow.port);
  raw.send({ id: 1, connect: { token: good("ann") } });
  assert.equal((await raw.closed()).code, 3504);
});

test("a second pong for the same ping ends with 3501", async (t) => {
  const raw = await member(t, "ann");
  assert.equal(await raw.text(), "{}");
  raw.write(frame(TEXT, "{}\n{}"));
  assert.equal(await endOf(raw), 3501);
});

test("a client that never reads is slow, and the others keep their pace", async (t) => {
  const steady = await start(t);
  const witness = await bystander(t, steady);
  const raw = await open(t, steady.port);
  await raw.connect(good("sleeper"));
  raw.send({ id: 2, subscribe: { channel: "room:flood" } });
  await raw.replies();
  raw.socket.pause();
  const present = async () => (await steady.api("presence_stats", { channel: "room:flood" })).num_clients;
  const heavy = "x".repeat(500_000);
  for (let n = 0; n < 100 && (await present()); n++) await steady.publish("room:flood", heavy);
  await until(async () => (await present()) === 0, "the sleeper is gone");
  await witness.stillHears();
  raw.socket.resume();
  const { code } = await raw.closed();
  assert.ok(code === 3008 || code === undefined, `it ended with ${code}`);
  assert.equal(await steady.metric("suona_closes_total", { code: "3008" }), 1);
});
