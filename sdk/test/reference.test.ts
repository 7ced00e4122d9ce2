import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { test } from "node:test";
import { entries } from "../scripts/entries.mjs";
import { privateNames } from "../scripts/private-names.mjs";
import { reference } from "../scripts/reference.mjs";

const written = readFileSync(join(resolve(import.meta.dirname, ".."), "docs/api.md"), "utf8");

test("the reference is what the doc comments make it: if not, npm run reference", () => {
  assert.equal(written, reference());
});

test("the reference has every entry, and what is inherited", () => {
  for (const { name } of entries)
    assert.ok(written.includes(name === "index" ? "\n## suona\n" : `\n## suona/${name}\n`), name);
  assert.match(written, /### createSuona\n\nA client of/);
  assert.match(written, /`onHide\?: "keep"/); // of the link, offered by createSuona
  assert.doesNotMatch(written, /`private |\{@link|Method in keyof Methods\]: \(data: never\) => unknown`/);
});

test("no build shortens a name of the reference", () => {
  const shortened = privateNames(join(resolve(import.meta.dirname, ".."), "src"));
  const members = [...written.matchAll(/^- `(?:get )?(\w+)/gm)].map(([, name]) => name!);
  assert.ok(members.includes("subscribed") && members.includes("onHide"));
  assert.deepEqual(members.filter((name) => shortened.test(name)), []);
});
