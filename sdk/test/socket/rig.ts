import type { Habits } from "../../src/platform/platform.js";
import { ReliableSocket, type SocketOptions, type SuonaError } from "../../src/socket.js";
import { Device } from "../device.js";
import { Timeline } from "../timeline.js";

/** A socket on a device in the hands of a test, and what it hears. */
export function rig(options: Partial<SocketOptions> = {}, habits?: Habits) {
  const timeline = new Timeline();
  const device = new Device(timeline, habits);
  const heard: unknown[] = [];
  const socket = new ReliableSocket({ url: "wss://example.org/any", platform: device, ...options });
  socket.messages.on((frame) => heard.push(frame));
  return { timeline, device, socket, heard };
}

/** What became of a send, as soon as it is known. */
export function outcome(sent: Promise<void>): { is: string } {
  const result = { is: "pending" };
  sent.then(
    () => (result.is = "sent"),
    (refusal: SuonaError) => (result.is = refusal.code ?? refusal.name),
  );
  return result;
}

/** One that a test can count. */
export const heartbeat = { send: "ping", reply: "pong", every: 10_000, patience: 5000 };
