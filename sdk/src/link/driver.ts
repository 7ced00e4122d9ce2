import type { Loss, Platform, Socket, Undo } from "../platform/platform.js";
import type { LinkInput, LinkOutput } from "./signals.js";
import { attempt } from "./attempt.js";
import { Clock, type Moment } from "./moment.js";

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
const NO_ADDRESS = "no address to dial";

/** Carries out what a machine wants of a platform, and tells it what happens there. It has no rules of its own. */
export class Driver<Input, Output extends { is: string }> {
  private readonly clock = new Clock();
  /** Of the dial that counts, and the socket that came of it. */
  private generation = 0;
  private socket: Socket | undefined;
  private draining = false;
  private undoWake: Undo = () => undefined;
  private undoWatch: Undo | undefined;

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
      this.undoWatch = platform.watch({
        hidden: () => this.handle({ is: "hidden" }),
        shown: () => this.handle({ is: "shown" }),
        network: (online) => this.handle({ is: "network", online }),
      });
    }
    this.handle({ is: "start" });
  }

  /** Closes and leaves nothing behind: no timer, no listener. */
  stop(reason: string, code?: number): void {
    this.handle({ is: "stop", reason, code });
    if (this.undoWatch) this.undoWatch();
    this.undoWatch = undefined;
  }

  handle(input: Input | LinkInput): void {
    this.take(input);
    this.drain();
  }

  /** The same, but what the machine wants waits for the end of this turn: what is asked for together leaves together. */
  soon(input: Input | LinkInput): void {
    this.take(input);
    void Promise.resolve().then(() => this.drain());
  }

  /** Hands a frame to the current socket. False if there is none. */
  send(frame: string | ArrayBuffer): boolean {
    const { socket } = this;
    if (socket) socket.send(frame);
    return !!socket;
  }

  /** The time of the machine. */
  now(): number {
    return this.clock.read(this.platform.now());
  }

  private take(input: Input | LinkInput): void {
    this.machine.handle(input, { now: this.now(), luck: this.platform.random() });
  }

  /** Carries out what the machine wants. What it is told meanwhile only adds to that. */
  private drain(): void {
    if (this.draining) return;
    this.draining = true;
    for (let output = this.machine.poll(); output; output = this.machine.poll()) {
      const order = output as LinkOutput;
      if (order.is === "dial") this.dial(order.generation);
      else if (order.is === "close") this.close(order.code, order.reason);
      else this.tell(output);
    }
    this.draining = false;
    this.sleep();
  }

  private dial(generation: number): void {
    const { url } = this.dialing;
    this.generation = generation;
    attempt<unknown>(
      () => (typeof url === "function" ? url() : url),
      (raw) => this.lost(generation, { reason: `${NO_ADDRESS}: ${sentence(raw)}`, raw }),
      (found) => this.open(generation, found),
    );
  }

  private open(generation: number, url: unknown): void {
    if (generation !== this.generation) return; // given up meanwhile
    if (typeof url !== "string" || !url) return this.lost(generation, { reason: NO_ADDRESS });
    const { protocols, headers, openTimeout: timeout = 10_000 } = this.dialing;
    this.socket = this.platform.open(
      { url, protocols, headers, timeout },
      {
        opened: () => this.handle({ is: "opened", generation }),
        received: (frame) => this.handle({ is: "received", generation, frame }),
        lost: (loss) => this.lost(generation, loss),
      },
    );
  }

  private lost(generation: number, loss: Loss): void {
    if (generation === this.generation) this.socket = undefined;
    this.handle({ is: "lost", generation, loss });
  }

  private close(code: number, reason: string): void {
    const { socket } = this;
    this.generation = 0;
    this.socket = undefined;
    if (socket) socket.close(code, reason);
  }

  /** One timer for everything. */
  private sleep(): void {
    this.undoWake();
    const ms = this.machine.deadline() - this.now();
    if (ms === Infinity) return;
    this.undoWake = this.platform.after(Math.min(Math.max(ms, 0), LONGEST_SLEEP), () => this.handle({ is: "woke" }));
  }
}

/** What was thrown, in words. */
export function sentence(raw: unknown): string {
  return Object(raw).message || `${raw}`;
}
