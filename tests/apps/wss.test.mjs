// Quotation and devices once more, with TLS wherever phones, browsers, devices, gateway and backend talk to each other: a
// full chain from an authority of our own. Node reads what it trusts when it starts, so these tests run in one of its own.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

import { founded } from "./harness/authority.mjs";

const HERE = fileURLToPath(new URL(".", import.meta.url));

/** Those of these tests that are about bids and devices. */
const ABOUT = "--test-name-pattern=quotation|bid|device|acknowledged";

for (const [file, count] of Object.entries({ "uniapp.test.mjs": 5, "device.test.mjs": 5, "plain.test.mjs": 6 })) {
  test(`${file}: bids and devices over wss, with a chain of three`, async (t) => {
    const folder = mkdtempSync(join(tmpdir(), "suona-authority-"));
    t.after(() => rmSync(folder, { recursive: true }));
    // The runner's own variable would have the child tell its results to us instead of judging them itself.
    const { NODE_TEST_CONTEXT, ...env } = { ...process.env, ...founded(folder) };
    const args = ["--test", "--test-reporter=tap", ABOUT, file];
    const options = { cwd: HERE, env, maxBuffer: 1 << 24 };
    const { stdout } = await promisify(execFile)(process.execPath, args, options).catch((failure) => failure);
    assert.match(stdout, new RegExp(`^# pass ${count}$`, "m"), stdout);
    assert.match(stdout, /^# fail 0$/m, stdout);
  });
}
