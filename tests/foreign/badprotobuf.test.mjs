// Bytes that are no Protobuf of the client protocol: the documented close. What stock clients say, `ways` tells.

import assert from "node:assert/strict";
import test from "node:test";

import { start } from "./harness/gateway.mjs";
import { BINARY, frame, open } from "./harness/raw.mjs";

const gateway = await start(test);

const malformed = {
  "a length without its command": Buffer.of(5, 8),
  "a length that never ends": Buffer.alloc(11, 0xff),
  "a length of 2^63": Buffer.of(0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01),
  "a length beyond every limit": Buffer.of(0xff, 0xff, 0xff, 0x7f),
  "bytes that are no fields": Buffer.of(3, 0xff, 0xff, 0xff),
  "a string that is not UTF-8": Buffer.of(8, 0x08, 1, 0x22, 4, 0x0a, 2, 0xc3, 0x28),
  "a pong": Buffer.of(0),
  "nothing at all": Buffer.alloc(0),
  "JSON": Buffer.from('{"id":1,"connect":{}}'),
};

for (const [what, words] of Object.entries(malformed)) {
  test(`${what} ends with 3501`, async (t) => {
    const raw = await open(t, gateway.port, "/connection/websocket?cf_protocol=protobuf");
    raw.write(frame(BINARY, words));
    assert.equal((await raw.closed()).code, 3501);
  });
}
