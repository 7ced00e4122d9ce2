import assert from "node:assert/strict";
import { test } from "node:test";
import { en } from "../src/client/errors.js";
import { zh } from "../src/zh.js";

test("everything that is said in English is said in Chinese", () => {
  assert.deepEqual(Object.keys(zh.hints).sort(), Object.keys(en.hints).sort());
  for (const words of [zh.connecting, ...Object.values(zh.hints)]) assert.match(words, /[\u4e00-\u9fff]/);
});
