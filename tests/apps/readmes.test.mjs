// Every command in the examples' READMEs, in both languages: run as it stands, but for ports, or by scripts/test.
import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { test } from "node:test";
import { promisify, stripVTControlCharacters } from "node:util";

import { browser, visitor } from "./harness/browser.mjs";
import { usingComponents, withPackages } from "./harness/npm.mjs";
import { BACKEND, DEVICE, GATEWAY, run } from "./harness/program.mjs";
import { until } from "./harness/until.mjs";
import { launch } from "./harness/wechat.mjs";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const EXAMPLES = ["backend", "demo", "device", "miniprogram", "uniapp"];
const read = (file) => readFileSync(`${ROOT}/${file}`, "utf8");
const commands = (file) => [...read(file).matchAll(/^```sh\n(.*?)^```$/gms)].flatMap(([, code]) => code.trim().split("\n"));

/** So many commands follow what installs and builds. */
function steps(example, count) {
  const all = commands(`examples/${example}/README.md`).filter((line) => !/^npm (ci|run build)/.test(line));
  assert.equal(all.length, count, "each of them is run");
  return all;
}

/** The READMEs say `cargo run --release`; here runs what `cargo build` made. */
const BINARIES = { suona: GATEWAY, "suona-example-backend": BACKEND, "suona-example-device": DEVICE };
function started(t, command, env) {
  const [, name, args] = command.match(/^cargo run --release -p (\S+) -- (.*)$/);
  return run(t, BINARIES[name], args.split(" "), env);
}

/** Follows the two commands with which each README begins, on ports of our own. */
async function newcomer(t, [serve, backend]) {
  process.chdir(ROOT);
  const folder = mkdtempSync(join(tmpdir(), "suona-newcomer-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const listen = `127.0.0.1:${await freePort()}`;
  const hooks = `http://${listen}/hooks`;
  const gateway = started(t, serve, {
    SUONA_CLIENT_ALLOWED_ORIGINS: '["*"]',
    SUONA_HTTP_SERVER_PORT: "0",
    SUONA_CLIENT_PROXY_CONNECT_ENDPOINT: `${hooks}/connect`,
    SUONA_CLIENT_PROXY_REFRESH_ENDPOINT: `${hooks}/refresh`,
    SUONA_CHANNEL_PROXY_SUBSCRIBE_ENDPOINT: `${hooks}/subscribe`,
    SUONA_RPC_PROXY_ENDPOINT: `${hooks}/rpc`,
  });
  const [, port] = await gateway.says(/listening on http:\/\/\S+:(\d+)/);
  const http = `http://127.0.0.1:${port}`;
  const env = { BACKEND_LISTEN: listen, BACKEND_GATEWAY: http, BACKEND_DATABASE: join(folder, "backend.sqlite3") };
  await started(t, backend, env).says(/listens at/);
  const addresses = { gateway: `ws://127.0.0.1:${port}/connection/websocket`, backend: `http://${listen}` };
  return {
    addresses,
    device: (command) => started(t, command, { DEVICE_GATEWAY: addresses.gateway, DEVICE_BACKEND: addresses.backend }),
    /** Pastes a line into a shell, and gives the JSON that it prints. */
    async paste(line) {
      const here = line.replace("http://127.0.0.1:3000", addresses.backend).replace("http://127.0.0.1:8000", http);
      const { stdout } = await promisify(execFile)("sh", ["-c", here]);
      return JSON.parse(stdout);
    },
  };
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

for (const example of EXAMPLES) {
  const [english, chinese] = ["README.md", "README.zh-CN.md"].map((name) => `examples/${example}/${name}`);

  test(`${english}: both languages have the same commands, and links and files that exist`, () => {
    assert.deepEqual(commands(chinese), commands(english));
    for (const file of [english, chinese]) {
      const named = [...read(file).matchAll(/`((?:src|pages)\/[\w./-]+|[\w-]+\.js)`/g)].map(([, name]) => name);
      assert.ok(named.length > 3);
      for (const name of named) assert.ok(existsSync(`${ROOT}/examples/${example}/${name}`), name);
      for (const [, link] of read(file).matchAll(/\]\((\w[^)]*|\.\.[^)]*)\)/g)) {
        assert.ok(existsSync(`${ROOT}/examples/${example}/${link.split("#")[0]}`), link);
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

test("the commands of the backend's README make one bid", async (t) => {
  const [serve, backend, login, bid, history, health] = steps("backend", 6);
  const { paste } = await newcomer(t, [serve, backend]);
  assert.equal((await paste(login)).user, "Ann");
  const first = await paste(bid);
  assert.deepEqual(await paste(bid), first);
  let kept;
  await until(async () => (kept = (await paste(history)).result.publications).length, "the gateway has it");
  assert.deepEqual(kept.map(({ data }) => data), [first.result.data]);
  await until(async () => (await paste(health)).outbox.waiting === 0, "nothing waits to be published");
  assert.deepEqual(await paste(health), { outbox: { waiting: 0, refused: 0 }, database: { exhausted: 0 } });
});

test("the commands of the device's README lead to a pump that runs", async (t) => {
  const [serve, backend, pump, turn, look, gate] = steps("device", 6);
  const { device, paste } = await newcomer(t, [serve, backend]);
  const running = device(pump);
  await running.says(/just begun/);
  assert.equal((await paste(turn)).result.data.id, "pump-1-1");
  await running.says(/carried out pump-1-1/);
  await until(async () => (await paste(look)).result.data.state.running, "the pump says that it runs");
  await paste(turn.replace('"turn":"on"', '"turn":"off"'));
  await running.says(/carried out pump-1-2: Off/);
  const head = device(gate);
  head.write("6900000031676");
  await head.says(/scanned 6900000031676/);
});

test("the commands of the native example's README put an order on its page", async (t) => {
  const [serve, backend, order, probe] = steps("miniprogram", 4);
  const { addresses, paste } = await newcomer(t, [serve, backend]);
  const [node, ...args] = probe.split(" ");
  assert.equal(node, "node");
  await run(t, process.execPath, args, { PORT: "0" }).says(/ws:\/\/127\.0\.0\.1:\d+/);
  const root = withPackages(t, { "config.js": `module.exports = ${JSON.stringify(addresses)};` });
  const app = launch(t, root, { usingComponents });
  await until(() => app.page.shows("4 单"), "the orders are listed");
  await paste(order);
  await until(() => app.page.shows("5 单"), "the order is listed");
});

test("the commands of the uni-app example's README lead to a page on which somebody bids", async (t) => {
  const [serve, backend, page, pump, gate] = steps("uniapp", 5);
  const { addresses, device } = await newcomer(t, [serve, backend]);
  const url = await site(t, `${page} -- --port ${await freePort()}`, { VITE_GATEWAY: addresses.gateway, VITE_BACKEND: addresses.backend });
  const web = await visitor(t, await browser(t), url);
  await until(() => web.shows("怎么称呼你"), "the page is made", 60_000);
  await web.write("宏达机电");
  await web.tap("进入");
  await web.tap("供应商报价");
  await web.tap("办公室空调 12 台");
  await until(() => web.shows("最高限价"), "the lot is shown");
  await web.tap("− 10");
  await until(() => web.shows("¥35,990.00"), "the bid is listed");
  for (const command of [pump, gate]) device(command);
  for (const [name, shown] of [["device/device?serial=pump-1", "已停止"], ["scan/scan", "矿泉水"]]) {
    await web.page.goto(`${url}#/pages/${name}`);
    await until(() => web.shows(shown), `${name} shows ${shown}`);
  }
});

/** Runs the command that serves a page under development, until it says where. */
async function site(t, command, env) {
  const [program, ...args] = command.split(" ");
  const child = spawn(program, args, { cwd: ROOT, env: { ...process.env, ...env }, detached: true });
  t.after(() => child.exitCode === null && process.kill(-child.pid));
  let raw = "";
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", (text) => (raw += text));
  const url = () => stripVTControlCharacters(raw).match(/Local: +(http:\S+)/)?.[1];
  const known = until(() => url() || child.exitCode !== null, `"${command}" says where the page is`, 60_000);
  await known.catch((late) => assert.fail(`${late.message}; it said:\n${raw}`));
  return url();
}
