/** Sockets of the class `WebSocket`: browsers, Node, npm `ws`. */

import { frameOf } from "./frame.js";
import type { Frame, Loss, Socket, SocketEvents } from "./platform.js";
import { field, wordsOf } from "./task.js";

/** The part of a `WebSocket` that is used. */
export interface WebSocketLike {
  binaryType: string;
  onopen: ((event: never) => void) | null;
  onmessage: ((event: never) => void) | null;
  onerror: ((event: never) => void) | null;
  onclose: ((event: never) => void) | null;
  send(frame: Frame): void;
  close(code?: number, reason?: string): void;
}

/** Dials by `make`, which may throw: for an address that is none, or `ws:` from a page that came by `https:`. */
export function openWebSocket(on: SocketEvents, make: () => WebSocketLike): Socket {
  let state: "opening" | "open" | "closing" | "lost" = "opening";
  /** What an error event said. The close event that always follows says less. */
  let error: unknown;
  const lose = (loss: Loss): void => {
    if (state === "lost") return;
    state = "lost";
    on.lost(loss);
  };
  const loseLater = (raw: unknown): void => void Promise.resolve().then(() => lose({ reason: wordsOf(raw), raw }));
  const socket = attempt(make, loseLater);
  if (!socket) return { send: () => undefined, close: () => undefined };
  socket.binaryType = "arraybuffer";
  socket.onopen = () => {
    if (state !== "opening") return;
    state = "open";
    on.opened();
  };
  socket.onmessage = (event: unknown) => {
    const frame = frameOf(field(event, "data"));
    if (state === "open" && frame !== undefined) on.received(frame);
  };
  socket.onerror = (event: unknown) => {
    error = field(event, "error") ?? event;
  };
  socket.onclose = (event: unknown) => lose(lossOf(event, error));
  return {
    send(frame) {
      if (state === "open") attempt(() => socket.send(frame), loseLater);
    },
    close(code, reason) {
      if (state === "lost" || state === "closing") return;
      state = "closing";
      attempt(
        () => socket.close(code, reason),
        () => attempt(() => socket.close(), loseLater), // a code outside of 1000 and 3000–4999
      );
    },
  };
}

function lossOf(close: unknown, error: unknown): Loss {
  const code = field(close, "code");
  const reason = field(close, "reason") || wordsOf(error);
  return {
    code: typeof code === "number" ? code : undefined,
    reason: typeof reason === "string" ? reason : undefined,
    raw: error ?? close,
  };
}

function attempt<T>(call: () => T, failed: (error: unknown) => void): T | undefined {
  try {
    return call();
  } catch (error) {
    failed(error);
    return undefined;
  }
}
