import type { Platform, Socket, Undo } from "../platform/platform.js";
import type { LinkInput, LinkOutput } from "./signals.js";
import { attempt } from "./attempt.js";
import { type Moment, steadyClock } from "./moment.js";

/** A link, or a machine that is one and more. */
export interface Machine<Input, Output> {
  handle(input: Input | LinkInput, moment: Moment): void;
  poll(): Output | LinkOutput | undefined;
  /** The time at which to hand in `woke`; `Infinity` for never. */
  deadline(): number;
}

/** What is dialled. */
export interface Dialing {
  /** The address, or what finds it: asked at each dial, and free to throw, reject or take its time. */
  readonly url: string | (() => string | Promise<string>);
  /** Sub-protocols to offer. A server that echoes none of them is refused by most devices. */
  readonly protocols?: string[];
  /** Headers of the handshake, where the platform can send any. */
  readonly headers?: Record<string, string>;
  /** The link's own limit for opening. Default 10,000 ms. */
  readonly openTimeout?: number;
}

/** Timers are set no further ahead: longer ones overflow on some devices. */
const LONGEST_SLEEP = 3_600_000;

/** Carries out what a machine wants of a platform, and tells it what happens there. It has no rules of its own. */
export class Driver<Input, Output extends { is: string }> {
  /** Of the dial that counts, and the socket that came of it. */
  private generation = 0;
  private socket: Socket | undefined;
  private draining = false;
  private undoWake: Undo = () => undefined;
  private undoWatch: Undo | undefined;
  /** The time of the machine. */
  readonly now = steadyClock(() => this.platform.now());

  /** `tell` hears each output but `dial` and `close`, in order, and must not throw. */
  constructor(
    private readonly machine: Machine<Input, Output>,
    private readonly platform: Platform,
    private readonly dialing: Dialing,
    private readonly tell: (output: Output | LinkOutput) => void,
  ) {}

  /** Follows the app's life, and dials. */
  start(): void {
    const { platform } = this;
    if (platform.watch && !this.undoWatch) {
      this.undoWatch = platform.watch((event) => this.handle(event));
      // Nobody listened until now, and whoever starts it is at the front.
      this.take({ is: "shown" });
    }
    this.handle({ is: "start" });
  }

  /** Closes and leaves nothing behind: no timer, no listener. */
  stop(reason: string, code?: number): void {
    // First, since whoever hears of the end may start again.
    if (this.undoWatch) this.undoWatch();
    this.undoWatch = undefined;
    this.handle({ is: "stop", reason, code });
  }

  handle(input: Input | LinkInput): void {
    this.take(input);
    this.drain();
  }

  /** Tells the machine. What it wants of that waits for the next {@link drain}. */
  take(input: Input | LinkInput): void {
    this.machine.handle(input, { now: this.now(), luck: this.platform.random() });
  }

  /** Carries out what the machine wants. What it is told meanwhile only adds to that. */
  drain(): void {
    if (this.draining) return;
    this.draining = true;
    try {
      for (let output; (output = this.machine.poll()); ) {
        const order = output as LinkOutput;
        if (order.is === "dial") this.dial(order.generation);
        else if (order.is === "close") this.close(order.code, order.reason);
        else this.tell(output);
      }
    } finally {
      // A platform of the app's own may throw: the next input finds the rest.
      this.draining = false;
      this.sleep();
    }
  }

  /** Hands a frame to the current socket. */
  send(frame: string | ArrayBuffer): void {
    if (this.socket) this.socket.send(frame);
  }

  private dial(generation: number): void {
    const { url } = this.dialing;
    this.generation = generation;
    attempt<unknown>(
      () => (typeof url === "function" ? url() : url),
      (raw) => this.open(generation, undefined, raw),
      (found) => this.open(generation, found),
    );
  }

  /** `raw`: what was thrown instead of an address. */
  private open(generation: number, url: unknown, raw?: unknown): void {
    if (generation !== this.generation) return; // given up meanwhile
    if (typeof url !== "string" || !url) {
      return this.handle({ is: "lost", generation, loss: { reason: "no address to dial", raw } });
    }
    const { protocols, headers, openTimeout: timeout = 10_000 } = this.dialing;
    this.socket = this.platform.open({ url, protocols, headers, timeout }, (event) =>
      this.handle(Object.assign({ generation }, event)),
    );
  }

  private close(code: number, reason: string): void {
    this.generation = 0;
    if (this.socket) this.socket.close(code, reason);
    this.socket = undefined;
  }

  /** One timer for everything. */
  private sleep(): void {
    this.undoWake();
    const ms = this.machine.deadline() - this.now();
    if (!(ms < Infinity)) return; // nor for a time that is none
    this.undoWake = this.platform.after(Math.min(ms, LONGEST_SLEEP), () => this.handle({ is: "woke" }));
  }
}
