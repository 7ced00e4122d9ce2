// Frames that break RFC 6455: each ends its own connection with the right code, and nobody else's.

import assert from "node:assert/strict";
import { connect } from "node:net";
import test from "node:test";

import { bystander, range } from "./harness/clients.mjs";
import { start } from "./harness/gateway.mjs";
import { BINARY, PING, PONG, Raw, frame, open } from "./harness/raw.mjs";
import { token } from "./harness/tokens.mjs";
import { violations } from "./harness/violations.mjs";

const gateway = await start(test);
const onlooker = await bystander(test, gateway);

for (const [what, [code, bytes]] of Object.entries(violations)) {
  test(`${what} ends with ${code}, also after connect`, async (t) => {
    const stranger = await open(t, gateway.port);
    stranger.write(bytes);
    assert.equal((await stranger.closed()).code, code);

    const member = await open(t, gateway.port);
    await member.connect(token({ sub: "ann" }));
    member.write(bytes);
    assert.equal((await member.closed()).code, code);
    await onlooker.stillHears();
  });
}

test("pings are answered with their payload, pongs are not", async (t) => {
  const raw = await open(t, gateway.port);
  await raw.connect(token({ sub: "ann" }));
  raw.write(Buffer.concat([frame(PONG, "unasked"), frame(PING, "a"), frame(PING, "b".repeat(125))]));
  assert.deepEqual(await raw.frame(), { opcode: PONG, payload: Buffer.from("a") });
  assert.deepEqual(await raw.frame(), { opcode: PONG, payload: Buffer.from("b".repeat(125)) });
});

test("a command in fragments, with a ping between, in a binary frame, byte by byte", async (t) => {
  const raw = await open(t, gateway.port);
  const command = Buffer.from(JSON.stringify({ id: 1, connect: { token: token({ sub: "唢呐" }) } }));
  const bytes = Buffer.concat([
    frame(BINARY, command.subarray(0, 10), { fin: false }),
    frame(PING, "between"),
    frame(0, command.subarray(10)),
  ]);
  for (const byte of bytes) {
    raw.write(Buffer.of(byte));
    await new Promise(setImmediate);
  }
  assert.equal((await raw.frame()).opcode, PONG);
  assert.ok((await raw.replies())[0].connect.client);
});

test("a flood of pings is not kept for a peer that never reads the pongs", async (t) => {
  const raw = await open(t, gateway.port);
  await raw.connect(token({ sub: "ann" }));
  raw.socket.pause();
  const flood = Buffer.concat(range(1, 1000).map(() => frame(PING, Buffer.alloc(125))));
  for (let n = 0; n < 100 && !raw.socket.destroyed; n++) raw.write(flood);
  await onlooker.stillHears();
});

test("bytes that are not even HTTP disturb nobody", async (t) => {
  for (const bytes of [Buffer.alloc(4096, 0xff), Buffer.from("\x16\x03\x01\x02\x00"), Buffer.from("GET / HTTP/9.9\r\n\r\n")]) {
    const socket = connect({ port: gateway.port, host: "127.0.0.1" });
    t.after(() => socket.destroy());
    const raw = new Raw(socket);
    raw.write(bytes);
    socket.end();
    await raw.closed();
  }
  await onlooker.stillHears();
});
