import assert from "node:assert/strict";
import { test } from "node:test";
import { settled } from "../timeline.js";
import { heartbeat, outcome, rig } from "./rig.js";

test("each new connection begins with what says who one is, ahead of what waited", async () => {
  const { timeline, device, socket } = rig();
  socket.opened.on((time) => socket.send(`who I am, time ${time}`));
  void socket.send("what I want");
  socket.start();
  device.last.opened();
  assert.deepEqual(device.last.sent, ["who I am, time 1", "what I want"]);
  device.last.lose();
  void socket.send("what I want now");
  await timeline.pass(1000);
  device.last.opened();
  assert.deepEqual(device.last.sent, ["who I am, time 2", "what I want now"]);
  socket.close();
});

test("heartbeats go out at their interval, and their replies are kept from the app", async () => {
  const { timeline, device, socket, heard } = rig({ heartbeat });
  socket.start();
  device.last.opened();
  device.last.arrived = (frame) => frame === "ping" && device.last.receive("pong");
  await timeline.pass(35_000);
  assert.deepEqual(device.last.sent, ["ping", "ping", "ping"]);
  device.last.receive("SUCCESS");
  assert.deepEqual(heard, ["SUCCESS"]);
  assert.equal(device.sockets.length, 1);
  socket.close();
  await timeline.pass(60_000);
  assert.equal(device.last.sent.length, 3);
});

test("a line that died silently is dialled anew, without waiting for its close event", async () => {
  const { timeline, device, socket } = rig({ heartbeat });
  socket.start();
  device.last.opened();
  await timeline.pass(14_900);
  assert.equal(device.sockets.length, 1);
  await timeline.pass(1000); // the patience, and up to half a second of luck
  assert.equal(device.sockets.length, 2);
  assert.ok(device.sockets[0]?.closed);
  device.last.opened();
  assert.equal(socket.status.value.online, true);
  device.sockets[0]?.lose({ code: 1006 }); // late
  device.sockets[0]?.receive("late");
  assert.deepEqual([socket.status.value.online, device.sockets.length], [true, 2]);
  socket.close();
});

test("without a reply to name, any message answers a heartbeat and all are heard", async () => {
  const { timeline, device, socket, heard } = rig({ heartbeat: { send: "header", every: 2000, patience: 3000 } });
  socket.start();
  device.last.opened();
  device.last.arrived = () => device.last.receive("header");
  await timeline.pass(9000);
  assert.equal(device.sockets.length, 1);
  assert.deepEqual(heard, ["header", "header", "header", "header"]);
  socket.close();
});

test("a server that answers no heartbeat is not taken for dead", async () => {
  const { timeline, device, socket } = rig({ heartbeat: { send: "heartbeat", reply: null, every: 30_000 } });
  socket.start();
  device.last.opened();
  await timeline.pass(3_600_000);
  device.network(true);
  await timeline.pass(10_000);
  assert.equal(device.sockets.length, 1);
  assert.equal(device.last.sent.length, 120);
  socket.close();
});

test("back at the front after a while the old line is left and a new one dialled at once", async () => {
  const { timeline, device, socket } = rig({ heartbeat, onHide: "keep" });
  socket.start();
  device.last.opened();
  await timeline.pass(2000);
  device.hide();
  device.suspend();
  await timeline.pass(10_000);
  device.show();
  device.resume();
  await timeline.pass(0);
  assert.equal(device.sockets.length, 2);
  socket.close();
});

test("a restart leaves the line for a new one, and what is sent meanwhile waits", async () => {
  const { timeline, device, socket } = rig();
  socket.start();
  device.last.opened();
  socket.restart();
  const sent = outcome(socket.send("hello"));
  await timeline.pass(1000);
  device.last.opened();
  await settled();
  assert.deepEqual([device.sockets.length, sent.is], [2, "sent"]);
  assert.deepEqual(device.last.sent, ["hello"]);
  socket.close();
});
