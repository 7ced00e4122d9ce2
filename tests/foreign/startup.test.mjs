// A gateway that cannot start says why in one line, names the fix, and ends with a failure.

import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "node:test";

import { launch, start } from "./harness/gateway.mjs";

async function refused(t, toml, command = "serve") {
  const folder = await mkdtemp(join(tmpdir(), "suona-"));
  t.after(() => rm(folder, { recursive: true }));
  const file = join(folder, "suona.toml");
  await writeFile(file, toml);
  const attempt = launch(command === "serve" ? ["serve", "-c", file] : [command, file]);
  t.after(() => attempt.kill());
  const code = await attempt.exited;
  assert.equal(typeof code, "number", `it ended by ${code}`);
  assert.notEqual(code, 0);
  assert.equal(attempt.stderr.trim().split("\n").length, 1, attempt.stderr);
  assert.doesNotMatch(attempt.stderr, /panicked|RUST_BACKTRACE/);
  return attempt.stderr;
}

test("a wrong key is named, with the nearest right one", async (t) => {
  const line = await refused(t, '[client.token]\nhmac_secret_ky = "s"\n');
  assert.match(line, /hmac_secret_ky\b.*hmac_secret_key\b/);
});

test("a bad duration is named, with what a good one looks like", async (t) => {
  const line = await refused(t, '[client]\nping_interval = "often"\n');
  assert.match(line, /ping_interval/);
  assert.match(line, /often.*"?\d+m?s\b/);
});

test("a file that is no TOML is named with its line", async (t) => {
  assert.match(await refused(t, "[client\n"), /suona\.toml.*\b(1|line)\b/);
});

test("a file that is not there is named", async () => {
  const attempt = launch(["serve", "-c", "/nonexistent/suona.toml"]);
  assert.notEqual(await attempt.exited, 0);
  assert.match(attempt.stderr, /\/nonexistent\/suona\.toml/);
});

test("an unreadable certificate is named", async (t) => {
  const line = await refused(
    t,
    '[http_server]\naddress = "127.0.0.1"\nport = 0\n[http_server.tls]\nenabled = true\ncert_pem = "/nonexistent/cert.pem"\nkey_pem = "/nonexistent/key.pem"\n',
  );
  assert.match(line, /\/nonexistent\/cert\.pem/);
});

test("a certificate that is none is named", async (t) => {
  const line = await refused(
    t,
    '[http_server]\naddress = "127.0.0.1"\nport = 0\n[http_server.tls]\nenabled = true\ncert_pem = "/etc/hostname"\nkey_pem = "/etc/hostname"\n',
  );
  assert.match(line, /\/etc\/hostname/);
});

test("a port in use is named", async (t) => {
  const other = createServer().listen(0, "127.0.0.1");
  t.after(() => other.close());
  await once(other, "listening");
  const { port } = other.address();
  assert.match(await refused(t, `[http_server]\naddress = "127.0.0.1"\nport = ${port}\n`), new RegExp(`${port}`));
});

test("a second gateway on the same port is refused, the first goes on", async (t) => {
  const first = await start(t);
  const line = await refused(t, `[http_server]\naddress = "127.0.0.1"\nport = ${first.port}\n`);
  assert.match(line, new RegExp(`${first.port}.*(in use|already)`));
  assert.ok((await first.api("info")).nodes);
});

test("check says the same without starting", async (t) => {
  assert.match(await refused(t, '[client]\nping_intervall = "25s"\n', "check"), /ping_intervall.*ping_interval\b/);
});
