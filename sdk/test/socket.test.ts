import assert from "node:assert/strict";
import { mock, test } from "node:test";
import type { Habits } from "../src/platform/platform.js";
import { en } from "../src/en.js";
import { ReliableSocket, SuonaError, type SocketOptions, type SocketStatus } from "../src/socket.js";
import { Device } from "./device.js";
import { settled, Timeline } from "./timeline.js";

function rig(options: Partial<SocketOptions> = {}, habits?: Habits) {
  const timeline = new Timeline();
  const device = new Device(timeline, habits);
  const heard: unknown[] = [];
  const socket = new ReliableSocket({ url: "wss://example.org/any", platform: device, ...options });
  socket.messages.on((frame) => heard.push(frame));
  return { timeline, device, socket, heard };
}

/** What became of a send, as soon as it is known. */
function outcome(sent: Promise<void>): { is: string } {
  const result = { is: "pending" };
  sent.then(
    () => (result.is = "sent"),
    (refusal: SuonaError) => (result.is = refusal.code ?? refusal.name),
  );
  return result;
}

const heartbeat = { send: "ping", reply: "pong", every: 10_000, patience: 5000 };

test("it sends and hears text and bytes", async () => {
  const { device, socket, heard } = rig();
  socket.start();
  device.last.opened();
  const pool = new Uint8Array([9, 1, 2, 9]);
  await Promise.all([socket.send("hello"), socket.send(pool.buffer), socket.send(pool.subarray(1, 3))]);
  device.last.receive("text");
  device.last.receive(new Uint8Array([7]).buffer);
  assert.deepEqual(device.last.sent, ["hello", pool.buffer, new Uint8Array([1, 2]).buffer]);
  assert.deepEqual(heard, ["text", new Uint8Array([7]).buffer]);
});

test("what is no frame is refused to its sender alone", async () => {
  const { device, socket } = rig();
  socket.start();
  device.last.opened();
  await assert.rejects(socket.send({ text: "?" } as unknown as string), { code: "not-sendable" });
  assert.deepEqual(device.last.sent, []);
});

test("messages sent before the connection is open go out in order when it opens", async () => {
  const { device, socket } = rig();
  const before = outcome(socket.send("before the start"));
  socket.start();
  const during = outcome(socket.send("while it opens"));
  await settled();
  assert.deepEqual([before.is, during.is, socket.status.value.pending], ["pending", "pending", 2]);
  device.last.opened();
  await settled();
  assert.deepEqual([before.is, during.is, socket.status.value.pending], ["sent", "sent", 0]);
  assert.deepEqual(device.last.sent, ["before the start", "while it opens"]);
});

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

test("what waits longer than its time expires by the wall clock, suspension included, and is never sent", async () => {
  const { timeline, device, socket } = rig({ queue: { ttl: 60_000 } });
  socket.start();
  device.hide();
  device.suspend();
  const bid = outcome(socket.send("bid 500"));
  await timeline.pass(20 * 60_000);
  device.show();
  device.resume();
  device.last.opened();
  await settled();
  assert.equal(bid.is, "expired");
  assert.deepEqual(device.last.sent, []);
  socket.close();
});

test("the queue is bounded in messages and in bytes, and makes room again", async () => {
  const { device, socket } = rig({ queue: { count: 3, bytes: 20 } });
  socket.start();
  const sent = ["12345", "1234", "1", "1", "1"].map((text) => outcome(socket.send(text)));
  await settled();
  assert.deepEqual(
    sent.map(({ is }) => is),
    ["pending", "pending", "pending", "outbox-full", "outbox-full"],
  );
  const heavy = outcome(rig({ queue: { bytes: 20 } }).socket.send(new ArrayBuffer(21)));
  device.last.opened();
  device.last.lose();
  const again = outcome(socket.send("12345"));
  await settled();
  assert.deepEqual([heavy.is, again.is], ["outbox-full", "pending"]);
  socket.close();
});

test("a close refuses what waits, and what comes after, with a hint; a start takes it all back", async () => {
  const { device, socket } = rig({ words: en });
  socket.start();
  const waiting = outcome(socket.send("one"));
  socket.close();
  const late = socket.send("two");
  await settled();
  assert.equal(waiting.is, "stopped");
  await assert.rejects(
    late,
    (refusal: SuonaError) => refusal instanceof Error && refusal.code === "stopped" && refusal.hint === en.faults.stopped.hint,
  );
  assert.deepEqual([device.timers, device.watchers], [0, 0]);
  socket.start();
  device.last.opened();
  await socket.send("three");
  assert.deepEqual(device.last.sent, ["three"]);
  socket.close();
  assert.deepEqual([device.timers, device.watchers], [0, 0]);
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

test("listeners that throw or reject are reported, and stop nothing", async () => {
  const faults: unknown[] = [];
  const { device, socket, heard } = rig({ onError: (error) => faults.push((error as Error).message) });
  const undo = socket.messages.on(() => {
    throw new Error("thrown");
  });
  socket.messages.on(() => Promise.reject(new Error("rejected")));
  socket.status.each(({ online }) => {
    if (online) throw new Error("status");
  });
  const late: unknown[] = [];
  socket.messages.on((frame) => late.push(frame));
  socket.start();
  device.last.opened();
  device.last.receive("one");
  undo();
  undo();
  device.last.receive("two");
  await settled();
  assert.deepEqual(faults, ["status", "thrown", "rejected", "rejected"]);
  assert.deepEqual(
    [heard, late],
    [
      ["one", "two"],
      ["one", "two"],
    ],
  );
  socket.close();
});

test("faults that nobody asked for go to the console, and are no unhandled rejections", async () => {
  const errors = mock.method(console, "error", () => undefined);
  const { device, socket } = rig();
  socket.messages.on(() => Promise.reject(new Error("nobody listens")));
  socket.start();
  device.last.opened();
  device.last.receive("one");
  void socket.send(7 as unknown as string);
  await settled();
  errors.mock.restore();
  assert.equal(errors.mock.callCount(), 1);
  assert.equal(socket.status.value.online, true);
  socket.close();
});

test("the status says what happens and why, at once and from then on", async () => {
  const { timeline, device, socket } = rig();
  const told: SocketStatus[] = [];
  const undo = socket.status.each((status) => told.push(status));
  socket.start();
  device.last.opened();
  device.last.lose({ code: 1006, reason: "abnormal closure" });
  await timeline.pass(1000);
  undo();
  socket.close();
  assert.deepEqual(
    told.map(({ online, state }) => `${online} ${state.at}`),
    ["false offline", "false opening", "true online", "false waiting", "false opening"],
  );
  assert.equal(told[3]?.state.reason, "lost while online");
  assert.equal(told[3]?.state.loss?.reason, "abnormal closure");
});

test("the status counts what waits", async () => {
  const { device, socket } = rig();
  const pending: number[] = [];
  socket.status.on((status) => pending.push(status.pending));
  void socket.send("one");
  void socket.send("two");
  socket.start();
  device.last.opened();
  void socket.send("three");
  socket.close();
  assert.deepEqual(pending, [1, 2, 2, 2, 1, 0, 0]);
});

test("giving up after the allowed retries refuses what waits", async () => {
  const { timeline, device, socket } = rig({ maxAttempts: 1 });
  device.dialled = (line) => line.lose({ code: 1006 });
  socket.start();
  const sent = outcome(socket.send("hello"));
  await timeline.pass(10_000);
  assert.deepEqual([socket.status.value.state.at, sent.is, device.sockets.length], ["offline", "stopped", 2]);
  assert.equal(device.timers, 0);
});
