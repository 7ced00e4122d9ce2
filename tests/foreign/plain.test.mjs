// The other hand-written clients: a device that names itself in its first message, and an anonymous page.

import assert from "node:assert/strict";
import test from "node:test";

import { connected, heard, subscribed, until } from "./harness/clients.mjs";
import { start } from "./harness/gateway.mjs";
import { CLOSE, TEXT, frame, open } from "./harness/raw.mjs";
import { inSeconds, token } from "./harness/tokens.mjs";

const gateway = await start(test, {
  channel: {
    namespaces: [
      { name: "device", allow_subscribe_for_client: true },
      { name: "guarded" },
      { name: "orders", allow_subscribe_for_client: true, allow_subscribe_for_anonymous: true },
    ],
  },
  plain: [
    {
      path: "/device",
      identify: { from: "message", token: "token" },
      channels: ["device:{serial_no}"],
      heartbeat: { request: "heartbeat" },
      idle_timeout: "2s",
    },
    { path: "/guarded", identify: { from: "message", token: "token" }, channels: ["guarded:{serial_no}"] },
    { path: "/orders", identify: { from: "anonymous" }, channels: ["orders:all"] },
  ],
});

async function device(t, hello, path = "/device") {
  const raw = await open(t, gateway.port, path);
  raw.write(frame(TEXT, JSON.stringify(hello)));
  return raw;
}

async function listening(channel, count = 1) {
  await until(async () => (await gateway.api("channels")).channels[channel]?.num_clients === count, `${channel} is heard`);
}

test("a device names itself, hears its channel and may name itself again", async (t) => {
  const hello = { token: token({ sub: "factory", exp: inSeconds(60) }), serial_no: "SN-1" };
  const raw = await device(t, hello);
  await listening("device:SN-1");
  raw.write(frame(TEXT, JSON.stringify(hello)));
  raw.write(frame(TEXT, "heartbeat"));
  await gateway.publish("device:SN-1", { switch: "on" });
  assert.equal(await raw.text(), '{"switch":"on"}');
});

test("a device that beats stays, one that fell silent is dropped", async (t) => {
  const hello = (serial_no) => ({ token: token({ sub: "factory" }), serial_no });
  const beating = await device(t, hello("beats"));
  const silent = await device(t, hello("silent"));
  await listening("device:beats");
  await listening("device:silent");
  const beat = setInterval(() => beating.write(frame(TEXT, "heartbeat")), 200);
  t.after(() => clearInterval(beat));
  await silent.closed();
  await gateway.publish("device:beats", "still here");
  assert.equal(await beating.text(), '"still here"');
  assert.equal((await gateway.api("channels")).channels["device:silent"], undefined);
});

test("a bad token is refused with 1008 and plain words", async (t) => {
  const expired = token({ sub: "factory", exp: inSeconds(-10) });
  const forged = token({ sub: "factory" }, { secret: "guessed" });
  for (const bad of [expired, forged, "", undefined]) {
    const { code, reason } = await (await device(t, { token: bad, serial_no: "SN-1" })).closed();
    assert.equal(code, 1008);
    assert.match(reason, /\w+ \w+/);
  }
});

test("a name is not a permission", async (t) => {
  const raw = await device(t, { token: token({ sub: "factory" }), serial_no: "SN-1" }, "/guarded");
  assert.equal((await raw.closed()).code, 1008);
});

test("a name cannot smuggle another channel in", async (t) => {
  for (const serial_no of ["a:b", "*", "", "x".repeat(65), "a b", "#1"]) {
    const raw = await device(t, { token: token({ sub: "factory" }), serial_no });
    assert.equal((await raw.closed()).code, 1008, serial_no);
  }
});

test("an anonymous page hears bare JSON, one publication a message", async (t) => {
  const raw = await open(t, gateway.port, "/orders");
  await listening("orders:all");
  await gateway.publish("orders:all", { method: "notify", id: 1 }, { method: "notify", id: 2 });
  assert.equal(await raw.text(), '{"method":"notify","id":1}');
  assert.equal(await raw.text(), '{"method":"notify","id":2}');
  raw.write(frame(CLOSE, Buffer.of(0x03, 0xe8)));
  assert.equal((await raw.closed()).code, 1000);
});

test("what a plain door does not understand is answered, and the connection lives", async (t) => {
  const raw = await open(t, gateway.port, "/orders");
  await listening("orders:all");
  raw.write(frame(TEXT, "what is this?"));
  assert.ok(JSON.parse(await raw.text()).error.message);
  await gateway.publish("orders:all", "lives");
  assert.equal(await raw.text(), '"lives"');
});

test("both doors share the hub", async (t) => {
  const raw = await open(t, gateway.port, "/orders");
  const managed = heard(await subscribed(await connected(t, gateway.websocket), "orders:all"));
  await listening("orders:all", 2);
  await gateway.publish("orders:all", { n: 1 });
  assert.equal(await raw.text(), '{"n":1}');
  await until(() => managed.length === 1, "the managed client hears it too");
  assert.deepEqual(managed, [{ n: 1 }]);
});
