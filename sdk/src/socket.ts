/** A connection to any WebSocket server that comes back by itself: text and bytes, without channels. */

import { Driver, type Dialing } from "./link/driver.js";
import type { LinkOutput, LinkState } from "./link/link.js";
import { frameOf } from "./platform/frame.js";
import type { Frame, Platform, Undo } from "./platform/platform.js";
import { SocketCore, type SocketInput, type SocketOutput, type SocketRules } from "./socket/core.js";
import type { Refusal } from "./socket/letterbox.js";

export type { Heartbeat } from "./socket/core.js";
export type { QueueLimits, Refusal } from "./socket/letterbox.js";

/** What to dial, and how to behave. */
export interface SocketOptions extends Dialing, SocketRules {
  /** Where it runs, such as `wxPlatform()`. */
  readonly platform: Platform;
  /** Hears what a listener of the app threw or rejected with. It stops nothing. */
  readonly onFault?: (fault: unknown) => void;
}

/** A function of the app. What it throws or rejects with goes to `onFault`. */
export type Listener<T> = (value: T) => unknown;

/** What a page shows. */
export interface SocketStatus {
  readonly online: boolean;
  /** What the connection does, and why. */
  readonly state: LinkState;
  /** How many messages wait to be sent. */
  readonly pending: number;
}

/** Why a message was not sent. */
export class NotSent extends Error {
  constructor(
    /** Stable: a program may compare it. */
    readonly code: Refusal,
    /** What to do. */
    readonly hint: string,
  ) {
    super(`not sent: ${code}`);
  }
}

const hints: Readonly<Record<Refusal, string>> = {
  "queue-full": "Too much waits already: send less while offline, or raise `queue`.",
  expired: "No connection within `queue.ttl`: ask the user whether to send it again.",
  closed: "The connection was ended: call start().",
};

/** One connection, kept open. Call {@link start} when its listeners are attached. */
export class ReliableSocket {
  private readonly core: SocketCore;
  private readonly driver: Driver<SocketInput, SocketOutput>;
  private readonly messages: Listener<Frame>[] = [];
  private readonly changes: Listener<SocketStatus>[] = [];
  private state: LinkState = { at: "offline", reason: "not started" };

  constructor(private readonly options: SocketOptions) {
    this.core = new SocketCore(options, options.platform.habits);
    this.driver = new Driver(this.core, options.platform, options, (output) => this.told(output));
  }

  /** Dials. While it waits for the next attempt, dials at once. */
  start(): void {
    this.driver.start();
  }

  /** Hears every message but the replies to heartbeats. */
  onMessage(listener: Listener<Frame>): Undo {
    return add(this.messages, listener);
  }

  /** Hears the status whenever the connection changes, and now. */
  onStatus(listener: Listener<SocketStatus>): Undo {
    this.call([listener], this.status);
    return add(this.changes, listener);
  }

  get status(): SocketStatus {
    return { online: this.state.at === "online", state: this.state, pending: this.core.letters.count };
  }

  /**
   * Sends, now or when the connection is back. Resolves when the device has taken it, which is no sign that it arrived;
   * rejects with {@link NotSent}. Nobody needs to catch that.
   */
  send(data: Frame | ArrayBufferView): Promise<void> {
    const sent = new Promise<void>((resolve, reject) => {
      const frame = frameOf(data);
      if (frame === undefined) throw new TypeError("send takes text, an ArrayBuffer or a view of one");
      const settle = (why?: Refusal): void => (why ? reject(new NotSent(why, hints[why])) : resolve());
      this.driver.handle({ is: "post", letter: { frame, settle } });
    });
    sent.then(undefined, () => undefined);
    return sent;
  }

  /** Gives this connection up and dials again: for an app that knows better than the heartbeat. */
  restart(reason = "the app asked for a new connection"): void {
    this.driver.handle({ is: "drop", reason });
  }

  /** Closes for good: what waits is refused, no timer is left. {@link start} opens it again. */
  close(code = 1000, reason = "closed by the app"): void {
    this.driver.stop(reason, code);
  }

  private told(output: LinkOutput | SocketOutput): void {
    switch (output.is) {
      case "heard":
        return this.call(this.messages, output.frame);
      case "state":
        this.state = output.state;
        return this.call(this.changes, this.status);
      case "transmit":
        return output.letter.settle(this.driver.send(output.letter.frame) ? undefined : "closed");
      case "refuse":
        output.letter.settle(output.why);
    }
  }

  private call<T>(listeners: Listener<T>[], value: T): void {
    const { onFault = () => undefined } = this.options;
    for (const listener of listeners.slice()) {
      new Promise((done) => done(listener(value))).then(undefined, onFault);
    }
  }
}

function add<T>(listeners: Listener<T>[], listener: Listener<T>): Undo {
  const entry: Listener<T> = (value) => listener(value);
  listeners.push(entry);
  return () => {
    const at = listeners.indexOf(entry);
    if (at >= 0) listeners.splice(at, 1);
  };
}
