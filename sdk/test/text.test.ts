import assert from "node:assert/strict";
import { test } from "node:test";
import { fromBase64, toBase64 } from "../src/base64.js";
import { encoded } from "../src/platform/url.js";
import { decodeText, encodeText } from "../src/text.js";

const norm = new TextDecoder("utf-8", { ignoreBOM: true });

test("every code point, and every half of one, is encoded as TextEncoder does it", () => {
  const encoder = new TextEncoder();
  for (let first = 0; first <= 0x10ffff; first += 0x400) {
    const text = String.fromCodePoint(...Array.from({ length: 0x400 }, (_, at) => first + at));
    const bytes = encodeText(text);
    assert.deepEqual(new Uint8Array(bytes), encoder.encode(text), first.toString(16));
    assert.equal(decodeText(bytes), norm.decode(bytes), first.toString(16));
  }
});

test("pairs and halves in any order are told apart", () => {
  for (const text of ["", "唢呐", "a😀b", "\ud83d", "\ude00\ud83d", "\ud83d\ud83d\ude00", "x\ud83d"]) {
    assert.deepEqual(new Uint8Array(encodeText(text)), new TextEncoder().encode(text));
  }
});

test("invalid bytes become as many replacement characters as in a browser", () => {
  const edges = [
    0x00, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc1, 0xc2, 0xdf, 0xe0, 0xe1, 0xec, 0xed, 0xee, 0xef, 0xf0,
    0xf1, 0xf3, 0xf4, 0xf5, 0xff,
  ];
  for (const a of edges) {
    for (const b of edges) {
      for (const c of edges) {
        for (const d of [0x41, 0x80, 0xbf, 0xc2]) {
          const bytes = new Uint8Array([a, b, c, d]);
          assert.equal(decodeText(bytes.buffer), norm.decode(bytes), bytes.join(" "));
        }
      }
    }
  }
});

test("a character that is cut off at the end is one replacement", () => {
  for (const character of ["é", "唢", "😀"]) {
    const whole = new TextEncoder().encode(character);
    for (let end = 1; end < whole.length; end++) {
      assert.equal(decodeText(whole.slice(0, end).buffer), "\ufffd");
    }
  }
});

test("a megabyte of text comes back", () => {
  const text = "唢呐 long connections 😀".repeat(40_000);
  assert.equal(decodeText(encodeText(text)), text);
});

test("base64 is that of the standard, in both directions", () => {
  for (let length = 0; length < 70; length++) {
    const bytes = Uint8Array.from({ length }, (_, at) => (at * 37 + length * 11) & 0xff);
    const text = Buffer.from(bytes).toString("base64");
    assert.equal(toBase64(bytes.buffer), text);
    assert.deepEqual(new Uint8Array(fromBase64(text)), bytes);
    assert.deepEqual(new Uint8Array(fromBase64(text.replace(/=/g, ""))), bytes);
  }
  assert.deepEqual(new Uint8Array(fromBase64("aGk\n=")), new Uint8Array([0x68, 0x69]));
});

test("an address is encoded where phones need it, and only there", () => {
  assert.equal(encoded("wss://h/p?a=b%20c&d=[1]#x"), "wss://h/p?a=b%20c&d=[1]#x");
  assert.equal(encoded("wss://h/唢 呐|😀"), "wss://h/%E5%94%A2%20%E5%91%90%7C%F0%9F%98%80");
  assert.throws(() => encoded("wss://h/\ud83d"), URIError);
});
