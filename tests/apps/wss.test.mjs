// Quotation and devices once more, with TLS wherever phones, browsers, devices, gateway and backend talk to each other: a
// full chain from an authority of our own. Node reads what it trusts when it starts, so these tests run in one of its own.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

import { founded } from "./harness/authority.mjs";

const HERE = fileURLToPath(new URL(".", import.meta.url));

/** What tests are about stands at the beginning of their names. */
const KINDS = ["quotation", "devices", "order desk", "scan tasks", "log-in", "project"];
/** Those that are about bids and devices. */
const ABOUT = /^(quotation|devices): /;

for (const file of ["uniapp.test.mjs", "miniprogram.test.mjs", "device.test.mjs", "plain.test.mjs"]) {
  test(`${file}: quotation and devices over wss, with a chain of three`, async (t) => {
    const names = [...readFileSync(join(HERE, file), "utf8").matchAll(/^ *test\(["`](.+?)["`],/gm)].map(([, name]) => name);
    // None is left out because nobody can tell what it is about.
    assert.deepEqual(names.filter((name) => !KINDS.includes(name.split(": ")[0])), []);
    const count = names.filter((name) => ABOUT.test(name)).length;
    assert.ok(count);
    const folder = mkdtempSync(join(tmpdir(), "suona-authority-"));
    t.after(() => rmSync(folder, { recursive: true }));
    // The runner's own variable would have the child tell its results to us instead of judging them itself.
    const { NODE_TEST_CONTEXT, ...env } = { ...process.env, ...founded(folder) };
    const args = ["--test", "--test-reporter=tap", `--test-name-pattern=${ABOUT}`, file];
    const options = { cwd: HERE, env, maxBuffer: 1 << 24 };
    const { stdout } = await promisify(execFile)(process.execPath, args, options).catch((failure) => failure);
    assert.match(stdout, /^# fail 0$/m, stdout);
    // Some are written once and run twice.
    assert.ok(Number(stdout.match(/^# pass (\d+)$/m)?.[1]) >= count, stdout);
  });
}
