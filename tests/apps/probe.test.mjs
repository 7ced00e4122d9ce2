// The probe page of the native example: what it writes down, and that the scripted platform of the SDK's tests plays it.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

import { WebSocket } from "ws";

import { proxyTo } from "../foreign/harness/proxy.mjs";
import { NATIVE, usingComponents, withPackages } from "./harness/npm.mjs";
import { until } from "./harness/until.mjs";
import { launch } from "./harness/wechat.mjs";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
/** Written anew by `RECORD=1`. */
const RECORDING = join(ROOT, "sdk/test/phones/harness.txt");
const require = createRequire(import.meta.url);
const { Recorder, masked, quoted } = require(join(NATIVE, "pages/probe/recorder.js"));

/** A recorder, the clock in its hands, and the lines it has. */
function recording() {
  const made = { time: Date.UTC(2026, 0, 2), heard: [] };
  const recorder = new Recorder(() => made.time, (words) => made.heard.push(words));
  const pass = (ms) => {
    for (const end = made.time + ms; made.time < end; recorder.tick()) made.time += Math.min(500, end - made.time);
  };
  const lines = () => recorder.transcript({}).split("\n").slice(4).filter(Boolean);
  return Object.assign(made, { recorder, pass, lines });
}

test("the recorder writes what came and what was done, with the time since it began", () => {
  const { recorder, pass, lines, heard } = recording();
  recorder.begin("open");
  recorder.did("dial 1 wss://example.org");
  pass(250);
  recorder.came("open 1");
  pass(31_000);
  recorder.note("the network is wifi");
  recorder.came("shown");
  recorder.end();
  assert.deepEqual(lines(), [
    "experiment open",
    "< 0ms dial 1 wss://example.org",
    "> 250ms open 1",
    "# the network is wifi",
    "> 31.25s shown",
    "end",
  ]);
  assert.deepEqual(recorder.tail(2), ["> 31.25s shown", "end"]);
  assert.deepEqual(heard, ["open 1", "shown"]);
  const head = recorder.transcript({ brand: "none" }).split("\n").slice(1, 4);
  assert.deepEqual(head, ["machine phone", 'about {"brand":"none"}', "started 2026-01-02T00:00:00.000Z"]);
});

test("where no timer fired for long, the code stood still: from when, and what came first when it went on", () => {
  const made = recording();
  made.pass(1000);
  made.recorder.came("hidden");
  made.pass(4000);
  made.time += 25_000;
  made.recorder.came("shown");
  made.time += 3;
  made.recorder.tick();
  made.pass(2400);
  assert.deepEqual(made.lines(), ["> 1s hidden", "> 5.5s suspended", "> 30s shown", "> 30.003s resumed"]);
});

test("a clock that is set back is noted, and time goes on", () => {
  const made = recording();
  made.pass(2000);
  made.time -= 3_600_000;
  made.recorder.came("open 1");
  made.time += 100;
  made.recorder.came("shown");
  assert.deepEqual(made.lines(), ["> 2s clock -3600s", "> 2s open 1", "> 2.1s shown"]);
});

test("of addresses only the host is left, wherever they stand", () => {
  assert.equal(masked("fail wss://me:pass@h.example:8090/a?token=secret, try https://x/?t=1"), "fail wss://h.example:8090 try https://x");
  assert.equal(quoted('it said "no"\nhttps://h/?key=1'), '"it said \\"no\\" https://h"');
  assert.equal(quoted({ errno: 600003, url: "wss://h/?key=1" }), '"{\\"errno\\":600003,\\"url\\":\\"wss://h\\"}"');
  assert.equal(quoted(undefined), '""');
  assert.equal(masked("x".repeat(1000)).length, 200);
});

test("the recorder keeps so many lines and counts the rest", () => {
  const { recorder, lines } = recording();
  for (let n = 1; n <= 4100; n++) recorder.came(`message 1 ${n} text`);
  assert.equal(lines().length, 4001);
  assert.equal(lines().at(-1), "# 100 lines came after these and were not kept");
});

/** The server as the README says to start it, and the line to it. */
async function server(t) {
  return proxyTo(t, await port(t));
}

/** Where that server listens. */
async function port(t) {
  const child = spawn("node", ["tests/apps/probe/server.mjs"], { cwd: ROOT, env: { ...process.env, PORT: "0" } });
  t.after(() => child.kill());
  let said = "";
  child.stdout.setEncoding("utf8").on("data", (text) => (said += text));
  await until(() => /127\.0\.0\.1:\d+/.test(said), "the server says where it is");
  return Number(said.match(/127\.0\.0\.1:(\d+)/)[1]);
}

test("the probe's server lives through orders and addresses that make no sense, and keeps few silent lines", async (t) => {
  const at = await port(t);
  const line = new WebSocket(`ws://127.0.0.1:${at}/`);
  t.after(() => line.terminate());
  const heard = [];
  line.on("message", (data) => heard.push(data.toString()));
  await once(line, "open");
  line.send("close me");
  await until(() => heard.some((text) => text.startsWith("note: not closed")), "it says that this is no close");
  const upgrade = (path) => {
    const socket = connect(at, "127.0.0.1");
    t.after(() => socket.destroy());
    const headers = "Host: x\r\nConnection: Upgrade\r\nUpgrade: websocket";
    socket.write(`GET ${path} HTTP/1.1\r\n${headers}\r\n\r\n`);
    return socket.on("error", () => {});
  };
  const [answer] = await once(upgrade("//"), "data");
  assert.match(answer.toString(), /^HTTP\/1\.1 404 /);
  const oldest = upgrade("/silent");
  await once(oldest, "connect");
  for (let count = 0; count < 50; count += 1) upgrade("/silent");
  oldest.resume();
  await once(oldest, "close");
  line.send("still there");
  await until(() => heard.includes("still there"), "it goes on");
});

/** What plays a recording to the SDK, and says what the SDK did. */
async function played(file) {
  const child = spawn("npm", ["run", "-s", "phone", "--", file], { cwd: join(ROOT, "sdk") });
  let said = "";
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", (text) => (said += text));
  const [code] = await once(child, "close");
  return { code, said };
}

/** The code of the app stands still, as it does in the background. */
function standStill(ms) {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

test("the page tries everything, shows what to do, and hands over a transcript that the SDK lives through", async (t) => {
  const network = await server(t);
  const config = { gateway: "ws://127.0.0.1:9", backend: "http://127.0.0.1:9", probe: "ws://nobody" };
  const root = withPackages(t, { "config.js": `module.exports = ${JSON.stringify(config)};` });
  const app = launch(t, root, { usingComponents });
  app.wx.api.setStorageSync("probe", "what was recorded before the app was ended");
  app.tab("探针");
  const { page } = app;
  assert.ok(page.shows("上次的记录还在"));
  await until(() => !page.isDisabled("复制记录"), "it can be copied");
  page.tap("复制记录");
  assert.equal(app.wx.clipboard, "what was recorded before the app was ended");
  const choose = async (button, title) => {
    await until(() => page.texts[0] === title && page.shows("这一项需要你动手"), `${title} is next`, 120_000);
    page.tap(button);
  };
  page.write("ws://127.0.0.1:9");
  page.tap("开始");
  await until(() => page.shows("连不上这台服务器"), "it says that nobody is there");
  page.write(`ws://127.0.0.1:${network.port}/`);
  page.tap("开始");

  await choose("开始", "离开 3 秒");
  await until(() => page.shows("按 Home 键"), "it asks the user to go");
  app.background();
  assert.match(app.wx.api.getStorageSync("probe"), /\nexperiment away-3s\n/);
  standStill(3000);
  app.foreground();

  for (const title of ["离开 6 秒", "离开 30 秒", "锁屏 10 秒"]) await choose("跳过", title);
  await choose("开始", "打开转发面板");
  await until(() => page.shows("转发给朋友"), "it asks for what this phone does not notice");
  page.tap("继续");

  await choose("开始", "飞行模式");
  await until(() => page.shows("打开飞行模式"), "it asks for the network to go");
  network.silence();
  app.wx.tell("NetworkStatusChange", { isConnected: false, networkType: "none" });
  await until(() => page.shows("关闭飞行模式"), "it asks for the network to come back");
  network.mend();
  app.wx.tell("NetworkStatusChange", { isConnected: true, networkType: "wifi" });

  await choose("跳过", "切换网络");
  await until(() => page.shows("都做完了"), "all are done");
  page.tap("复制记录");
  page.tap("发送文件");
  const { clipboard, files, sent } = app.wx;
  assert.equal(files.get(sent), clipboard);
  if (process.env.RECORD) writeFileSync(RECORDING, clipboard);

  const told = clipboard.split(/\n(?=experiment )/).slice(1);
  const { experiments } = require(join(NATIVE, "pages/probe/experiments.js"));
  const skipped = ["away-6s", "away-30s", "locked-10s", "network-switch"];
  const tried = experiments.map(({ id }) => id).filter((id) => !skipped.includes(id));
  assert.deepEqual(told.map((each) => each.match(/^experiment (\S+)/)[1]), tried);
  const about = (id) => told[tried.indexOf(id)];
  assert.match(about("open"), /# a ping was answered/);
  assert.match(about("server-closes-4001"), /^> \S+ close \d+ 4001 "kicked"$/m);
  assert.match(about("refused"), /^> \S+ error \d+ "Unexpected server response: 404"$/m);
  assert.match(about("protocol"), /^> \S+ error \d+ "Server sent no subprotocol"$/m);
  assert.match(about("closed-early"), /^> \S+ open (\d+)$\n< \S+ close \1 1000 "done"$/m);
  assert.match(about("six"), /^> \S+ fail \d+ "createSocketTask:fail exceed max concurrent count"$/m);
  assert.match(about("sizes"), /^> \S+ message \d+ 1048576 text$/m);
  assert.match(about("away-3s"), /hidden$(?:\n> .*)*\n> \S+ suspended$\n> \S+ shown$(?:\n.*)*\n> \S+ resumed$/m);
  assert.match(about("airplane"), /^> \S+ sent \d+$(?:\n.*)*\n> \S+ network online wifi$/m);

  const file = join(mkdtempSync(join(tmpdir(), "suona-probe-")), "phone.txt");
  t.after(() => rmSync(dirname(file), { recursive: true }));
  writeFileSync(file, clipboard);
  const { code, said } = await played(file);
  assert.equal(code, 0, said);
  assert.equal(said.match(/^# connected at the end, \d+ dials$/gm).length, tried.length);
});
