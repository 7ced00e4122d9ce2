// The device of the examples, as cargo built it, and the pages that control it: through breaks, and over a gateway's dead body.
import assert from "node:assert/strict";
import { after, test } from "node:test";

import { WebSocket } from "ws";

import { createSuona } from "../../sdk/dist/esm/index.js";
import { nodePlatform } from "../../sdk/dist/esm/platform/node.js";
import { authority } from "./harness/authority.mjs";
import { built } from "./harness/build.mjs";
import { DEVICE, run } from "./harness/program.mjs";
import { until } from "./harness/until.mjs";
import { launch } from "./harness/wechat.mjs";
import { world } from "./harness/world.mjs";

const whole = { after };
const { backend, gateway, line } = await world(whole);
const phone = await line();
const weixin = await built(whole, "mp-weixin", { gateway: phone.websocket, backend: backend.url });
const app = launch(whole, weixin);

/** Runs the device until the test is over. */
function device(t, more = [], { by = gateway, serial = "pump-1", key = "the-key-of-pump-1", trust = authority?.trust } = {}) {
  const addresses = ["--gateway", by.websocket, "--backend", backend.url];
  return run(t, DEVICE, [...addresses, "--serial", serial, "--key", key, "--report-every", "0.5", ...more], trust);
}

/** The mini-program at the page of the device. */
async function atDevice(t) {
  t.after(() => app.back());
  app.page.tap("设备控制");
  await until(() => app.page.shows("bar"), "the device is shown");
  return app.page;
}

/** What has become of all commands, oldest first. */
async function commands() {
  const { commands } = await backend.rpc("张三", "device", { serial: "pump-1" });
  return commands.reverse();
}

/** Who else hears of the device, and what the connection tells of each subscription. */
async function onlooker(t, name) {
  const token = await backend.login({ name });
  const suona = createSuona({ url: gateway.websocket, platform: nodePlatform(WebSocket), token });
  t.after(() => suona.close());
  const told = [];
  const news = [];
  suona.channel("device:pump-1").on({
    subscribed: (how) => told.push(how),
    message: ({ command }) => command && news.push(`${command.id} ${command.status}`),
  });
  suona.start();
  await until(() => told.length, "the onlooker hears the device");
  return { told, news };
}

test("devices: the device carries out what a mini-program page tells it, and the page sees it happen", async (t) => {
  const pump = device(t);
  const page = await atDevice(t);
  await until(() => page.shows("已停止"), "it stands still");
  page.tap("启动");
  await until(() => page.shows("已执行") && page.shows("运行中") && page.shows("2.4 bar"), "it runs");
  page.tap("停止");
  await until(() => page.shows("已停止") && page.shows("0.0 bar"), "it stands still again");
  assert.deepEqual((await commands()).map(({ turn, status }) => [turn, status]), [["on", "done"], ["off", "done"]]);
  assert.equal(pump.count("carried out"), 2);
});

test("devices: a command waits for a device that is away, and a device that cannot says why", async (t) => {
  const page = await atDevice(t);
  page.tap("启动");
  await until(() => page.shows("等待设备…"), "the command waits");
  device(t, ["--broken", "水压不足"]);
  await until(() => page.shows("未执行 水压不足"), "the page says why not");
  assert.equal((await commands()).at(-1).status, "failed");
});

test("devices: with the gateway killed every acknowledged command reaches the device, and each subscriber is told of one gap", async (t) => {
  const cable = await line();
  const pump = device(t, [], { by: cable });
  const ann = await onlooker(t, "安");
  await pump.says(/just begun/);
  const page = await atDevice(t);
  const before = (await commands()).length;
  await until(() => page.shows("已停止"), "it stands still");

  const token = await backend.login({ name: "安" });
  const tell = async (turn) => {
    const answer = await backend.direct(token, "turn", { serial: "pump-1", turn });
    assert.equal(answer.result?.data.by, "安", JSON.stringify(answer));
  };
  const isPublished = async () => (await backend.health()).outbox.waiting === 0;

  // The gateway has the first two commands, on a line that is dead but not closed, and will take them with it.
  cable.silence();
  for (const turn of ["on", "off"]) await tell(turn);
  await until(isPublished, "the gateway has them");
  // The backend has the third, and before it can say so the gateway is gone. The others it keeps for the next one.
  const loads = () => backend.asked.filter(({ method, user }) => method === "device" && user.startsWith("微信用户")).length;
  const loaded = loads();
  backend.beforeAnswer = ({ method }) => method === "turn" && gateway.kill();
  page.tap("启动");
  await until(() => page.shows("正在连接…"), "the page warns");
  backend.beforeAnswer = () => {};
  for (const turn of ["off", "on", "off"]) await tell(turn);
  await gateway.start();
  cable.reset();
  cable.mend();

  const mine = async () => (await commands()).slice(before);
  await until(async () => (await mine()).every(({ status }) => status === "done"), "all of them are carried out", 30_000);
  await until(isPublished, "all is published");
  const done = await mine();
  assert.deepEqual(done.map(({ turn }) => turn), ["on", "off", "on", "off", "on", "off"]);
  for (const { id } of done) assert.equal(pump.count(`carried out ${id}:`), 1, id);

  await until(() => page.shows("已停止") && !page.shows("等待设备…") && !page.shows("正在连接…"), "the page is level");
  const ended = (await commands()).filter(({ status }) => status === "done");
  assert.equal(page.texts.filter((text) => text === "已执行").length, ended.length);
  const last = `${done.at(-1).id} done`;
  await until(() => ann.news.includes(last), "the onlooker is level");
  assert.deepEqual(ann.told, ["fresh", "gap"]);
  assert.equal(pump.count("something was missed"), 1);
  assert.equal(loads(), loaded + 1); // the page loads anew where there is a gap, and only there
});

test("scan tasks: what the scanning head reads is a task on every phone", async (t) => {
  const head = device(t, [], { serial: "gate", key: "the-key-of-the-gate" });
  t.after(() => app.back());
  app.page.tap("扫码任务");
  head.write("6900000031676");
  await until(() => app.page.shows("大米 10 kg"), "what was typed is listed");
  device(t, ["--scan-every", "0.2"], { serial: "gate", key: "the-key-of-the-gate" });
  await until(() => app.page.shows("抽纸 12 包") && app.page.shows("X-1"), "what passes by is listed");
});

test("devices: a device with a wrong key is told so, and ends", async (t) => {
  const stranger = device(t, [], { key: "guessed" });
  assert.equal(await stranger.exited, 1);
  assert.match(stranger.said, /there is no such device, or its key is another/);
  assert.doesNotMatch(stranger.said, /guessed/);
});

if (authority) {
  test("devices: a device that does not know the authority talks to nobody", async (t) => {
    const stranger = device(t, [], { trust: {} });
    // At its log-in or at its dial, whichever comes first.
    await stranger.says(/no connection: .*\((tls|token-failed)\)/);
    assert.doesNotMatch(stranger.said, /connected|just begun/);
  });
}
