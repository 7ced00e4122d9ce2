/** Sockets of the class `WebSocket`: browsers, Node, npm `ws`. */

import { frameOf } from "./frame.js";
import type { Frame, Loss, Socket, SocketEvent } from "./platform.js";
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
export function openWebSocket(on: (event: SocketEvent) => void, make: () => WebSocketLike): Socket {
  return new StandardSocket(on, make);
}

class StandardSocket implements Socket {
  private at: "opening" | "open" | "closing" | "lost" = "opening";
  private line: WebSocketLike | undefined;
  /** What an error event said. The close event that always follows says less. */
  private error: unknown;

  constructor(
    private readonly on: (event: SocketEvent) => void,
    make: () => WebSocketLike,
  ) {
    this.attempt(() => this.listen(make()));
  }

  send(frame: Frame): void {
    if (this.at === "open") this.attempt(() => this.line!.send(frame));
  }

  close(code: number, reason: string): void {
    if (this.at === "lost" || this.at === "closing") return;
    this.at = "closing";
    try {
      this.line!.close(code, reason);
    } catch {
      this.attempt(() => this.line!.close()); // a code outside of 1000 and 3000–4999
    }
  }

  private listen(line: WebSocketLike): void {
    this.line = line;
    line.binaryType = "arraybuffer";
    line.onopen = () => this.opened();
    line.onmessage = (event: unknown) => this.received(frameOf(field(event, "data")));
    line.onerror = (event: unknown) => (this.error = field(event, "error") ?? event);
    line.onclose = (event: unknown) => this.lose(lossOf(event, this.error));
  }

  private opened(): void {
    if (this.at !== "opening") return;
    this.at = "open";
    this.on({ is: "opened" });
  }

  private received(frame: Frame | undefined): void {
    if (this.at === "open" && frame !== undefined) this.on({ is: "received", frame });
  }

  /** What is thrown is a loss, told when the call has returned. */
  private attempt(call: () => void): void {
    try {
      call();
    } catch (raw) {
      void Promise.resolve().then(() => this.lose({ reason: wordsOf(raw), raw }));
    }
  }

  private lose(loss: Loss): void {
    if (this.at === "lost") return;
    this.at = "lost";
    this.on({ is: "lost", loss });
  }
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
