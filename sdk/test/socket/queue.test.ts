import assert from "node:assert/strict";
import { test } from "node:test";
import { en } from "../../src/en.js";
import type { SuonaError } from "../../src/socket.js";
import { settled } from "../timeline.js";
import { outcome, rig } from "./rig.js";

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

test("giving up after the allowed retries refuses what waits", async () => {
  const { timeline, device, socket } = rig({ maxAttempts: 1 });
  device.dialled = (line) => line.lose({ code: 1006 });
  socket.start();
  const sent = outcome(socket.send("hello"));
  await timeline.pass(10_000);
  assert.deepEqual([socket.status.value.state.at, sent.is, device.sockets.length], ["offline", "stopped", 2]);
  assert.equal(device.timers, 0);
});
