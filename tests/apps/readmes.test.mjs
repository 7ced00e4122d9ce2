// Every command in the examples' READMEs, in both languages: run as it stands, but for ports, or by scripts/test.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { test } from "node:test";
import { stripVTControlCharacters } from "node:util";

import { launch } from "../foreign/harness/gateway.mjs";
import { browser, visitor } from "./harness/browser.mjs";
import { until } from "./harness/until.mjs";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const read = (file) => readFileSync(`${ROOT}/${file}`, "utf8");
const commands = (readme) => [...read(readme).matchAll(/^```sh\n(.*?)^```$/gms)].flatMap(([, code]) => code.trim().split("\n"));

/** Runs a command as it stands, with these variables, until it says something that matches, coloured or not. */
async function says(t, command, env, pattern) {
  const [program, ...args] = command.split(" ");
  const child = spawn(program, args, { cwd: ROOT, env: { ...process.env, ...env }, detached: true });
  t.after(() => child.exitCode === null && process.kill(-child.pid));
  let raw = "";
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", (text) => (raw += text));
  const said = () => stripVTControlCharacters(raw);
  const matches = until(() => pattern.test(said()) || child.exitCode !== null, `"${command}" says ${pattern}`, 60_000);
  await matches.catch((late) => assert.fail(`${late.message}; it said:\n${said()}`));
  assert.match(said(), pattern);
  return said().match(pattern)[1];
}

/** A free port, for who comes before whom it has to know. */
async function freePort() {
  const { createServer } = await import("node:net");
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
}

for (const example of ["uniapp", "miniprogram"]) {
  const [english, chinese] = ["README.md", "README.zh-CN.md"].map((name) => `examples/${example}/${name}`);

  test(`${english}: both languages have the same commands, and links and files that exist`, () => {
    assert.deepEqual(commands(chinese), commands(english));
    for (const readme of [english, chinese]) {
      const named = [...read(readme).matchAll(/`((?:src|pages)\/[\w./-]+|[\w-]+\.js)`/g)].map(([, file]) => file);
      assert.ok(named.length > 3);
      for (const file of named) assert.ok(existsSync(`${ROOT}/examples/${example}/${file}`), file);
      for (const [, link] of read(readme).matchAll(/\]\((\w[^)]*)\)/g)) {
        assert.ok(existsSync(`${ROOT}/examples/${example}/${link}`), link);
      }
    }
  });

  test(`${english}: what it installs and builds, scripts/test does too`, () => {
    const done = read("scripts/test") + read("tests/apps/harness/npm.mjs");
    for (const command of commands(english).filter((line) => line.startsWith("npm"))) {
      const [, verb, folder] = command.match(/^npm (ci|run [\w:-]+) --prefix (\S+)$/);
      if (verb !== "ci") assert.ok(JSON.parse(read(`${folder}/package.json`)).scripts[verb.slice(4)], command);
      else if (folder === "examples/miniprogram") assert.match(done, /"npm", \["ci"/);
      else assert.match(done, new RegExp(`npm_packages ${folder}$`, "m"));
    }
  });
}

test("the commands of the uni-app example's README lead to a page on which somebody bids", async (t) => {
  const [serve, backend, page] = commands("examples/uniapp/README.md").slice(3, 6);
  const [, args] = serve.match(/^cargo run --release -- (.*)$/);
  const port = await freePort();
  const hooks = `http://127.0.0.1:${port}/hooks`;
  const env = {
    SUONA_CLIENT_ALLOWED_ORIGINS: '["*"]',
    SUONA_HTTP_SERVER_PORT: "0",
    SUONA_CHANNEL_PROXY_SUBSCRIBE_ENDPOINT: `${hooks}/subscribe`,
    SUONA_RPC_PROXY_ENDPOINT: `${hooks}/rpc`,
  };
  process.chdir(ROOT);
  const gateway = launch(args.split(" "), { env });
  t.after(() => gateway.kill());
  await gateway.listening();
  await says(t, backend, { GATEWAY: gateway.http, PORT: `${port}` }, /listens at (\S+)/);
  const addresses = { VITE_GATEWAY: gateway.websocket, VITE_BACKEND: `http://127.0.0.1:${port}` };
  const url = await says(t, page, addresses, /Local: +(http:\S+)/);
  const web = await visitor(t, await browser(t), url);
  await until(() => web.shows("怎么称呼你"), "the page is made", 60_000);
  await web.write("宏达机电");
  await web.tap("进入");
  await web.tap("供应商报价");
  await web.tap("办公室空调 12 台");
  await until(() => web.shows("最高限价"), "the lot is shown");
  await web.tap("− 10");
  await until(() => web.shows("¥35,990.00"), "the bid is listed");
});
