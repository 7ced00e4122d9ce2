import assert from "node:assert/strict";
import { mock, test } from "node:test";
import type { SocketStatus } from "../../src/socket.js";
import { settled } from "../timeline.js";
import { rig } from "./rig.js";

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
