/** A connection to any WebSocket server that comes back by itself: text and bytes, without channels. */

import { Signal } from "./client/signal.js";
import { SuonaError, type Words } from "./errors.js";
import { Driver, type Dialing } from "./link/driver.js";
import type { LinkOutput, LinkState } from "./link/link.js";
import { frameOf } from "./platform/frame.js";
import type { Frame, Platform } from "./platform/platform.js";
import { complaints } from "./socket/complain.js";
import { SocketCore, type SocketInput, type SocketOutput, type SocketRules } from "./socket/core.js";
import type { Refusal } from "./socket/letterbox.js";

export { SuonaError, type Words } from "./errors.js";
export type { Heartbeat } from "./socket/core.js";
export type { QueueLimits, Refusal } from "./socket/letterbox.js";

/** What to dial, and how to behave. */
export interface SocketOptions extends Dialing, SocketRules {
  /** Where it runs, such as `wxPlatform()`. */
  readonly platform: Platform;
  /** Hears what listeners of the app threw or rejected with, which stops nothing. Default: the console, where there is one. */
  readonly onError?: (error: unknown) => unknown;
  /** Sentences for errors, from `suona/en` or `suona/zh`. Without any they say their codes. */
  readonly words?: Words;
  /** Finds what `error` in the status is: `explain` of `suona/diagnosis`. Without it there are only codes, in `state`. */
  readonly explain?: (state: LinkState, options: SocketOptions) => SuonaError | undefined;
}

/** What a page shows. Told whenever some of it changes. */
export interface SocketStatus {
  readonly online: boolean;
  /** What the connection does, and why. */
  readonly state: LinkState;
  /** How many messages wait to be sent. */
  readonly pending: number;
  /** What is wrong and what to do, while it waits or has given up, if there is an `explain`. */
  readonly error: SuonaError | undefined;
}

/** One connection, kept open. It does nothing before {@link start}. */
export class ReliableSocket {
  /** Every message but the replies to heartbeats. */
  readonly messages: Signal<Frame>;
  /** Each new connection, counted from 1: the place to say who one is. What is sent here goes ahead of what waited. */
  readonly opened: Signal<number>;
  /** What a page shows of the connection. */
  readonly status: Signal<SocketStatus>;
  private readonly core: SocketCore;
  private readonly driver: Driver<SocketInput, SocketOutput>;

  constructor(private readonly options: SocketOptions) {
    const { platform } = options;
    const complain = complaints(options.onError);
    this.messages = new Signal(complain);
    this.opened = new Signal(complain);
    this.status = new Signal(complain);
    this.core = new SocketCore(options, platform.habits);
    this.driver = new Driver(this.core, platform, options, (output) => this.told(output));
    this.show({ at: "offline", reason: "not started" });
  }

  /** Dials. While it waits for the next attempt, dials at once. */
  start(): void {
    this.driver.start();
  }

  /**
   * Sends, now or when the connection is back. Resolves when the device has taken it, which is no sign that it arrived;
   * rejects with a {@link SuonaError}: `outbox-full`, `expired`, `stopped`, `not-sendable`. Nobody needs to catch that.
   */
  send(data: Frame | ArrayBufferView): Promise<void> {
    const sent = new Promise<void>((resolve, reject) => {
      const frame = frameOf(data);
      const settle = (code?: Refusal): void => (code ? reject(new SuonaError({ code }, this.options.words)) : resolve());
      if (frame === undefined) return settle("not-sendable");
      this.driver.handle({ is: "post", letter: { frame, settle } });
      this.show();
    });
    sent.catch(() => undefined);
    return sent;
  }

  /** Gives this connection up and dials again: for an app that knows better than the heartbeat. */
  restart(reason = "restart"): void {
    this.driver.handle({ is: "drop", reason });
  }

  /** Closes for good: what waits is refused, no timer is left. {@link start} opens it again. */
  close(code?: number, reason = "closed"): void {
    this.driver.stop(reason, code);
  }

  private told(output: LinkOutput | SocketOutput): void {
    if (output.is === "heard") this.messages.tell(output.frame);
    else if (output.is === "state") {
      this.show(output.state);
      if (output.state.at === "online") this.opened.tell((this.opened.value || 0) + 1);
    } else {
      const { letter, why } = output as SocketOutput;
      if (!why) this.driver.send(letter.frame);
      letter.settle(why);
      this.show();
    }
  }

  private show(state = this.status.value.state): void {
    const pending = this.core.letters.count;
    const { value } = this.status;
    if (value && state === value.state && pending === value.pending) return;
    const { explain = () => undefined } = this.options;
    this.status.tell({ online: state.at === "online", state, pending, error: explain(state, this.options) });
  }
}
