// ReliableSocket as it is published, on a phone of our own making, against the real gateway, over a line that fails.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { once } from "node:events";
import test from "node:test";
import { start } from "../../../tests/foreign/harness/gateway.mjs";
import { proxyTo } from "../../../tests/foreign/harness/proxy.mjs";
import { phone } from "./phone.mjs";
import { until } from "./until.mjs";

const QUICK = { firstWait: 20, longestWait: 200, heartbeat: { send: "header", reply: "header", every: 100, patience: 3000 } };

/** A door for hand-written clients: everybody hears `lot:7`, heartbeats are answered. */
const DOOR = {
  channel: { namespaces: [{ name: "lot", allow_subscribe_for_client: true }] },
  plain: [
    {
      path: "/bids",
      identify: { from: "anonymous" },
      channels: ["lot:7"],
      greeting: "SUCCESS",
      heartbeat: { request: "header", reply: "header" },
    },
  ],
};

function dialled(t, device, url, options = {}) {
  const { ReliableSocket } = device.load("socket.js");
  const { wxPlatform } = device.load("wx.js");
  const socket = new ReliableSocket({ url, platform: wxPlatform(), ...QUICK, ...options });
  const heard = [];
  const states = [];
  socket.messages.on((frame) => heard.push(frame));
  socket.status.each(({ state }) => states.push(state));
  socket.start();
  t.after(() => socket.close());
  return { socket, heard, states, greetings: () => heard.filter((frame) => frame === "SUCCESS").length };
}

const bids = (port) => `ws://127.0.0.1:${port}/bids`;

test("it hears, and what it sends before the open is answered after it", async (t) => {
  const gateway = await start(t, DOOR);
  const { socket, heard } = dialled(t, phone(t), bids(gateway.port));
  await socket.send("no heartbeat");
  await until(() => heard.length === 2, "the greeting and the answer come");
  await gateway.publish("lot:7", { price: "一百" });
  await until(() => heard.length === 3, "the bid comes");
  assert.equal(heard[0], "SUCCESS");
  assert.match(heard[1], /"code":107/);
  assert.deepEqual(JSON.parse(heard[2]), { price: "一百" });
});

test("a line that is cut is dialled again, for as long as it takes", async (t) => {
  const gateway = await start(t, DOOR);
  const network = await proxyTo(t, gateway.port);
  const { socket, heard, states, greetings } = dialled(t, phone(t), bids(network.port));
  await until(() => greetings() === 1, "it is greeted");
  network.cut();
  await until(() => states.filter(({ at }) => at === "waiting").length >= 5, "it tries and tries");
  const sent = socket.send("sent meanwhile");
  network.mend();
  await sent;
  await until(() => greetings() === 2, "it is greeted again");
  await until(() => heard.some((frame) => /"code":107/.test(frame)), "what was sent meanwhile arrives");
});

test("a line that falls silent is noticed without any event, and replaced", async (t) => {
  const gateway = await start(t, DOOR);
  const network = await proxyTo(t, gateway.port);
  const device = phone(t);
  const { states, greetings } = dialled(t, device, bids(network.port));
  await until(() => greetings() === 1, "it is greeted");
  network.silence();
  await until(() => states.some(({ at, reason }) => at === "waiting" && /no answer/.test(reason)), "it notices");
  network.reset();
  network.mend();
  await until(() => greetings() === 2, "it is greeted again");
  await gateway.publish("lot:7", "after");
});

test("a change of the network finds out that the line is dead", async (t) => {
  const gateway = await start(t, DOOR);
  const network = await proxyTo(t, gateway.port);
  const device = phone(t);
  const slow = { heartbeat: { send: "header", every: 600_000 } };
  const { states, greetings } = dialled(t, device, bids(network.port), slow);
  await until(() => greetings() === 1, "it is greeted");
  network.silence();
  device.network({ isConnected: true, networkType: "5g" });
  await until(() => states.some(({ reason }) => /no answer/.test(reason)), "it notices");
  network.reset();
  network.mend();
  await until(() => greetings() === 2, "it is greeted again");
});

test("killed in the background, it is back when the app is, and not before", async (t) => {
  const gateway = await start(t, DOOR);
  const device = phone(t);
  const { states, greetings } = dialled(t, device, bids(gateway.port));
  await until(() => greetings() === 1, "it is greeted");
  device.background();
  await until(() => device.sockets.size === 0, "the system has cut it");
  await gateway.publish("lot:7", "unheard");
  assert.deepEqual([device.dials, states.at(-1).at], [1, "online"]); // the code stands still and knows nothing
  device.foreground();
  await until(() => greetings() === 2, "it is greeted again");
  assert.equal(device.dials, 2);
});

test("a gateway that dies is found again, by everyone, when it is back", async (t) => {
  const first = await start(t, DOOR);
  const clients = Array.from({ length: 10 }, () => dialled(t, phone(t), bids(first.port)));
  await until(() => clients.every(({ greetings }) => greetings() === 1), "all are greeted");
  await first.kill();
  await until(() => clients.every(({ states }) => states.at(-1).at !== "online"), "all notice");
  const second = await start(t, { ...DOOR, http_server: { port: first.port } });
  await until(() => clients.every(({ greetings }) => greetings() === 2), "all are greeted again");
  await second.publish("lot:7", "after");
  await until(() => clients.every(({ heard }) => heard.includes('"after"')), "all hear again");
});

test("a close while the phone still connects leaves nothing open", async (t) => {
  const gateway = await start(t, DOOR);
  const network = await proxyTo(t, gateway.port);
  const device = phone(t);
  network.silence();
  const { socket, heard } = dialled(t, device, bids(network.port));
  socket.close();
  assert.equal(device.sockets.size, 1); // which the phone goes on to open
  network.mend();
  await until(() => device.sockets.size === 0, "it is closed as soon as it can be");
  assert.deepEqual(heard, []);
});

test("with all sockets taken by others it waits, and connects when one is free", async (t) => {
  const gateway = await start(t, DOOR);
  const device = phone(t);
  const others = Array.from({ length: 5 }, () => dialled(t, device, bids(gateway.port)));
  await until(() => others.every(({ greetings }) => greetings() === 1), "the others are greeted");
  const { states, greetings } = dialled(t, device, bids(gateway.port));
  await until(() => states.some(({ loss }) => loss?.full), "it is told that there is no room");
  others[0].socket.close();
  await until(() => greetings() === 1, "it is greeted");
});

for (const [what, url, code] of [
  ["a path where nothing is", (port) => `ws://127.0.0.1:${port}/nothing-here`, "no-websocket"],
  ["Socket.IO's path", (port) => `ws://127.0.0.1:${port}/socket.io/?EIO=4&transport=websocket`, "no-websocket"],
  ["TLS at a port without", (port) => `wss://127.0.0.1:${port}/bids`, "tls"],
  ["something that is no address", () => "nonsense", "bad-address"],
]) {
  test(`${what} is told as ${code}, with what to do`, async (t) => {
    const gateway = await start(t, DOOR);
    const device = phone(t);
    const address = url(gateway.port);
    const { states } = dialled(t, device, address);
    await until(() => states.some(({ loss }) => loss), "the dial fails");
    const { diagnose } = device.load("diagnosis.js");
    const diagnosis = diagnose(states.find(({ loss }) => loss).loss, address);
    assert.equal(diagnosis.code, code);
    assert.ok(diagnosis.hint);
  });
}

test("a server that answers every dial with plain HTTP is told as no-websocket, and a dead port as loopback", async (t) => {
  const server = createServer((request, response) => response.end("hello"));
  server.on("upgrade", (request, socket) => socket.end("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  const device = phone(t);
  const { diagnose } = device.load("diagnosis.js");
  const { states } = dialled(t, device, bids(port));
  const codes = () => states.flatMap(({ loss }) => (loss ? [diagnose(loss, bids(port)).code] : []));
  await until(() => codes().includes("no-websocket"), "the dial fails");
  server.close();
  server.closeAllConnections();
  await until(() => codes().includes("loopback"), "the dial finds nobody");
});
