import { attempt } from "../link/attempt.js";
import type { Frame } from "../platform/platform.js";
import { wordsOf } from "../platform/task.js";
import { complaints } from "../socket/complain.js";
import type { ReliableSocket } from "../socket.js";

const report = complaints();

interface Outcome {
  success?: (answer: unknown) => unknown;
  fail?: (error: unknown) => unknown;
  complete?: (answer: unknown) => unknown;
}

export interface SendParams extends Outcome {
  data: Frame | ArrayBufferView;
}

export interface CloseParams extends Outcome {
  code?: number;
  reason?: string;
}

type Listener = (event: unknown) => unknown;
type News = "Open" | "Close" | "Error" | "Message";

/** Looks like a mini-program's `SocketTask`, and outlives the sockets behind it. */
export class SocketTaskFacade {
  private readonly listeners: Record<News, Listener[]> = { Open: [], Close: [], Error: [], Message: [] };

  constructor(private readonly socket: ReliableSocket) {}

  // Bound, because code takes them off the task.
  readonly onOpen = (listener: Listener): void => void this.listeners.Open.push(listener);
  readonly onClose = (listener: Listener): void => void this.listeners.Close.push(listener);
  readonly onError = (listener: Listener): void => void this.listeners.Error.push(listener);
  readonly onMessage = (listener: Listener): void => void this.listeners.Message.push(listener);

  readonly send = (params: SendParams): void => {
    this.socket.send(params.data).then(
      () => this.settle(params, "sendSocketMessage:ok"),
      (error: unknown) => this.settle(params, `sendSocketMessage:fail ${wordsOf(error)}`, error),
    );
  };

  /** Leaves the present socket. As with the original, the connection is then opened again. */
  readonly close = (params: CloseParams = {}): void => {
    this.socket.restart("closed by the app");
    this.settle(params, "closeSocket:ok");
  };

  tell(what: News, event: unknown): void {
    for (const listener of this.listeners[what].slice()) attempt(() => listener(event), report);
  }

  /** Calls back as a platform does, at once or when it is known. */
  settle({ success, fail, complete }: Outcome, errMsg: string, error?: unknown): void {
    for (const callback of [error === undefined ? success : fail, complete]) {
      if (callback) attempt(() => callback({ errMsg }), report);
    }
  }
}
