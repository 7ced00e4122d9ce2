// The four systems for clients that were written by hand, with examples/plain.toml, beside pages that know channels.
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";

import { supplier } from "../foreign/harness/miniprogram.mjs";
import { authority } from "./harness/authority.mjs";
import { insist, open } from "./harness/by-hand.mjs";
import { usingComponents, withPackages } from "./harness/npm.mjs";
import { DEVICE, run } from "./harness/program.mjs";
import { until } from "./harness/until.mjs";
import { launch } from "./harness/wechat.mjs";
import { world } from "./harness/world.mjs";

const PLAIN = fileURLToPath(new URL("../../examples/plain.toml", import.meta.url));
const BIDS = "/mxshop/websocket/jjbidsocket";
const whole = { after };
const { backend, gateway, line } = await world(whole, PLAIN);
const ws = gateway.http.replace("http", "ws");
const addresses = { gateway: gateway.websocket, backend: backend.url };

const root = withPackages(whole, { "config.js": `module.exports = ${JSON.stringify(addresses)};` });
/** Somebody with the native example: pages of the other kind. */
const app = launch(whole, root, { usingComponents });

test("quotation: the library that they have hears the page's bids, and the page theirs", async (t) => {
  app.tab("报价");
  await until(() => app.page.shows("复印纸"), "the lots are listed");
  app.page.tap("办公室空调 12 台");
  await until(() => app.page.shows("最高限价"), "the lot is shown");
  const smith = await supplier(t, gateway.port, { connectSocketParams: { url: `${ws}${BIDS}?userid=1_Smith_${Date.now()}` } });
  assert.equal(smith.log.messages[0], "SUCCESS");
  app.page.tap("− 10");
  await until(() => smith.log.messages.some((text) => text.includes("35990")), "the library hears the page's bid");
  await until(() => smith.answers() > 1, "heartbeats are answered");
  const token = await backend.login({ name: "Smith" });
  const { result } = await backend.direct(token, "bid", { lot: "1", price: 35_900 });
  await until(() => app.page.shows("Smith"), "the page shows the bid of the other");
  await until(() => smith.log.messages.includes(JSON.stringify(result.data)), "and so does the library");
  assert.equal(smith.log.messages.filter((text) => text.startsWith("{")).length, 2);
  const refused = await backend.direct(token, "bid", { lot: "1", price: 35_950 });
  assert.deepEqual(refused.error, { code: 1003, message: "要低于 35900 元" });
});

test("quotation: a gateway that loses power is noticed, and greets again", async (t) => {
  const url = `${ws}${BIDS}?userid=2_Jones_${Date.now()}`;
  const jones = await supplier(t, gateway.port, { connectSocketParams: { url } });
  await gateway.kill();
  await until(() => jones.log.closed, "the library notices");
  await gateway.start();
  const greetings = () => jones.log.messages.filter((text) => text === "SUCCESS").length;
  await until(() => greetings() === 2, "it is greeted again");
  const { id } = await backend.rpc("别家", "bid", { lot: "2", price: 64_000 });
  await until(() => jones.log.messages.some((text) => text.includes(`"${id}"`)), "it hears bids again");
});

test("devices: a console names one in its first message, controls it, and hears what becomes of it", async (t) => {
  const keys = ["--serial", "pump-1", "--key", "the-key-of-pump-1"];
  const pump = run(t, DEVICE, ["--gateway", gateway.websocket, "--backend", backend.url, ...keys], authority?.trust);
  await pump.says(/just begun/);
  const hello = { token: await backend.login({ name: "安" }), serial_no: "pump-1" };
  const console = await open(t, { ws, path: "/device", said: [hello, "heartbeat", hello] });
  console.say({ method: "device", serial: "pump-1" });
  const { result } = await console.hears(({ method }) => method === "device", "the state of the device");
  assert.equal(result.title, "一号水泵");
  console.say({ method: "turn", serial: "pump-1", turn: "on" });
  const { command } = await console.hears((message) => message.command?.status === "done", "that it is done");
  assert.equal(command.by, "安");
  await console.hears(({ state }) => state?.running, "that it runs");
  assert.equal(console.heard.filter((text) => text.includes("error")).length, 0);
});

test("devices: a name is no permission", async (t) => {
  const token = await backend.login({ name: "安" });
  for (const hello of [{ token, serial_no: "vault" }, { token, serial_no: "none" }]) {
    const thief = await open(t, { ws, path: "/device", said: [hello] });
    assert.equal(await thief.isClosed(), 1008);
  }
  const stranger = await open(t, { ws, path: "/device", said: [{ token: "guessed", serial_no: "pump-1" }] });
  assert.equal(await stranger.isClosed(), 4501);
  assert.deepEqual(stranger.heard, []);
});

test("devices: one that was written by hand takes commands of a page, and acknowledges them", async (t) => {
  const token = await backend.login({ serial: "pump-1", key: "the-key-of-pump-1" });
  const pump = await open(t, { ws, path: "/device", said: [{ token, serial_no: "pump-1" }, { method: "pending" }] });
  assert.deepEqual(await pump.hears(({ method }) => method === "pending", "that nothing waits"), { method: "pending", result: [] });
  const { id } = await backend.rpc("安", "turn", { serial: "pump-1", turn: "off" });
  const { command } = await pump.hears((message) => message.command?.id === id, "the command");
  pump.say({ method: "acknowledge", id: command.id, status: "done" });
  await until(async () => (await backend.rpc("安", "device", { serial: "pump-1" })).commands[0].status === "done", "it is done");
});

test("devices: who falls silent is dropped, who beats stays, and health probes are answered", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "suona-plain-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const impatient = join(folder, "plain.toml");
  const minutes = readFileSync(PLAIN, "utf8");
  assert.equal(minutes.split('idle_timeout = "60s"').length, 3);
  writeFileSync(impatient, minutes.replaceAll('idle_timeout = "60s"', 'idle_timeout = "1s"'));
  const other = await world(t, impatient);
  const at = { ws: other.gateway.http.replace("http", "ws"), path: "/device" };
  const hello = { token: await other.backend.login({ name: "安" }), serial_no: "pump-1" };
  const [beating, silent] = [await open(t, { ...at, said: [hello] }), await open(t, { ...at, said: [hello] })];
  const beat = setInterval(() => beating.say("heartbeat"), 200);
  t.after(() => clearInterval(beat));
  assert.equal(await silent.isClosed(), 1001);
  await other.backend.rpc("安", "turn", { serial: "pump-1", turn: "on" });
  await beating.hears(({ command }) => command, "a command");
  for (const path of ["/", "/device"]) assert.equal((await fetch(other.gateway.http + path)).status, 200);
});

test("order desk: a page asks, is answered, and is told on its own", async (t) => {
  const desk = await open(t, { ws, path: "/app", said: [{ method: "list" }] });
  const reply = await desk.hears(({ method }) => method === "list", "the orders");
  assert.deepEqual(Object.keys(reply), ["method", "result"]);
  assert.deepEqual(reply.result, await backend.rpc("", "list"));
  app.tab("订单");
  const { id, title } = await backend.order();
  assert.deepEqual(await desk.hears(({ method }) => method === "notify", "the news"), { method: "notify", id });
  await until(() => app.page.shows(title), "the page of the other kind lists it too");
  desk.say({ method: "accept", id });
  const { error } = await desk.hears(({ method }) => method === "accept", "a refusal");
  assert.equal(error.code, 103);
});

test("scan tasks: each task is one message, as text or as bytes", async (t) => {
  const texts = await open(t, { ws, path: "/scan?head=gate" });
  const bytes = await open(t, { ws, path: "/scan/bytes?head=gate" });
  const elsewhere = await open(t, { ws, path: "/scan?head=elsewhere" });
  // The head is a hand-written client itself.
  const token = await backend.login({ serial: "gate", key: "the-key-of-the-gate" });
  const head = await open(t, { ws, path: "/device", said: [{ token, serial_no: "gate" }] });
  for (const code of ["6900000031676", "6900000031676"]) head.say({ method: "scan", code });
  for (const { heard } of [texts, bytes]) await until(() => heard.length === 2, "both tasks come");
  assert.ok(texts.heard.every((message) => typeof message === "string" && message.includes("大米 10 kg")));
  assert.ok(bytes.heard.every((message) => Buffer.isBuffer(message)));
  assert.deepEqual(bytes.heard.map((message) => message.toString("utf8")), texts.heard);
  assert.deepEqual(elsewhere.heard, []);
});

/** How lines break: in between, or at the gateway, which remembers nothing afterwards. */
const BREAKS = {
  "a cut": {
    begin: (network) => network.cut(),
    end: (network) => network.mend(),
  },
  "a power cut at the gateway": {
    begin: () => gateway.kill(),
    end: () => gateway.start(),
  },
};

/** A line that can be cut, and where its doors are. */
async function doors(t) {
  const network = await line();
  return { network, ws: network.websocket.replace("/connection/websocket", "") };
}

for (const [name, { begin, end }] of Object.entries(BREAKS)) {
  test(`devices: after ${name} a console dials twice, says twice who it is, asks anew, and hears everything once on each line`, async (t) => {
    const { network, ws } = await doors(t);
    const hello = { token: await backend.login({ name: "安" }), serial_no: "pump-1" };
    const before = await open(t, { ws, path: "/device", said: [hello] });
    await begin(network);
    await before.isClosed();
    const { id } = await backend.rpc("别人", "turn", { serial: "pump-1", turn: "on" });
    await end(network);
    // Its error and its close each dial, and its lock does not lock.
    const said = [hello, hello, { method: "device", serial: "pump-1" }];
    const consoles = await Promise.all([1, 2].map(() => open(t, { ws, path: "/device", said })));
    for (const console of consoles) {
      const { result } = await console.hears(({ method }) => method === "device", "the state of the device");
      assert.equal(result.commands[0].id, id);
    }
    await backend.rpc("device:pump-1", "acknowledge", { id, status: "done" });
    await backend.rpc("device:pump-1", "report", { running: true, pressure: 2.4 });
    for (const console of consoles) {
      await console.hears(({ state }) => state, "what the device says");
      assert.equal(console.heard.filter((text) => text.includes('"done"') && text.startsWith('{"command"')).length, 1);
    }
  });

  test(`order desk: after ${name} a page that dials without a pause is let in, asks anew, and is told again`, async (t) => {
    const { network, ws } = await doors(t);
    const at = { ws, path: "/app", said: [{ method: "list" }, { method: "list", limit: 1 }] };
    const before = await open(t, at);
    await before.hears(({ method }) => method === "list", "the orders");
    await begin(network);
    await before.isClosed();
    const dialling = insist(t, at);
    const { id } = await backend.order();
    await end(network);
    const desk = await dialling;
    await until(() => desk.heard.filter((text) => text.includes('"list"')).length === 2, "both questions are answered");
    // In the order in which they were asked.
    const [first, second] = desk.heard.filter((text) => text.includes('"list"')).map((text) => JSON.parse(text).result);
    assert.deepEqual([first.list[0].id, second.list.map((order) => order.id)], [id, [id]]);
    const next = await backend.order();
    await desk.hears((message) => message.method === "notify" && message.id === next.id, "the news");
  });

  test(`scan tasks: after ${name} a page hears each new task once, and asks the backend for the others`, async (t) => {
    const { network, ws } = await doors(t);
    const at = { ws, path: "/scan?head=gate" };
    const before = await open(t, at);
    await backend.scan("6900000007919");
    await until(() => before.heard.length === 1, "the first task comes");
    await begin(network);
    await before.isClosed();
    await backend.scan("6900000015838");
    const dialling = insist(t, at);
    await end(network);
    const page = await dialling;
    const { result } = await backend.direct(await backend.login({ name: "安" }), "tasks", { head: "gate", limit: 2 });
    assert.deepEqual(result.data.map(({ code }) => code), ["6900000015838", "6900000007919"]);
    await backend.scan("6900000023757");
    await until(() => page.heard.some((text) => text.includes("6900000023757")), "the next task comes");
    assert.equal(new Set(page.heard).size, page.heard.length);
  });
}
