// Frames that RFC 6455 forbids or nobody could hold, each with the close code that answers it.

import { CLOSE, PING, TEXT, frame } from "./raw.mjs";

const PROTOCOL_ERROR = 1002;
const INVALID_TEXT = 1007;
const TOO_BIG = 1009;

export const violations = {
  "an unmasked frame": [PROTOCOL_ERROR, frame(TEXT, "{}", { masked: false })],
  "reserved bit 1": [PROTOCOL_ERROR, frame(TEXT, "{}", { reserved: 4 })],
  "reserved bit 2": [PROTOCOL_ERROR, frame(TEXT, "{}", { reserved: 2 })],
  "reserved bit 3": [PROTOCOL_ERROR, frame(TEXT, "{}", { reserved: 1 })],
  "a reserved data opcode": [PROTOCOL_ERROR, frame(3, "{}")],
  "a reserved control opcode": [PROTOCOL_ERROR, frame(11, "")],
  "a fragmented ping": [PROTOCOL_ERROR, frame(PING, "", { fin: false })],
  "a fragmented close": [PROTOCOL_ERROR, frame(CLOSE, "", { fin: false })],
  "a ping of 126 bytes": [PROTOCOL_ERROR, frame(PING, Buffer.alloc(126))],
  "a continuation of nothing": [PROTOCOL_ERROR, frame(0, "{}")],
  "a message inside another": [
    PROTOCOL_ERROR,
    Buffer.concat([frame(TEXT, "{", { fin: false }), frame(TEXT, "}")]),
  ],
  "a close frame of one byte": [PROTOCOL_ERROR, frame(CLOSE, Buffer.of(3))],
  "a close code that must not travel": [PROTOCOL_ERROR, frame(CLOSE, Buffer.of(0x03, 0xed))],
  "text that is not UTF-8": [INVALID_TEXT, frame(TEXT, Buffer.of(0xc3, 0x28))],
  "a character cut by the end of the message": [INVALID_TEXT, frame(TEXT, Buffer.of(0xe5, 0x8f))],
  "a close reason that is not UTF-8": [INVALID_TEXT, frame(CLOSE, Buffer.of(0x03, 0xe8, 0xff))],
  "a length with the highest bit": [PROTOCOL_ERROR, frame(TEXT, "", { length: 2n ** 63n })],
  "a length of 2^62": [TOO_BIG, frame(TEXT, "", { length: 2n ** 62n })],
  "a megabyte of {": [TOO_BIG, frame(TEXT, "{".repeat(1 << 20))],
  "a megabyte of { in small pieces": [
    TOO_BIG,
    Buffer.concat([
      frame(TEXT, "{".repeat(1024), { fin: false }),
      ...Array.from({ length: 1023 }, () => frame(0, "{".repeat(1024), { fin: false })),
    ]),
  ],
};
