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

/** Carries out what a machine wants of a platform, and tells it what happens there. It has no rules of its own. */
export class Driver<Input, Output extends { is: string }> {
  /** Sockets by generation; `undefined` while the address is awaited. */
  private readonly sockets = new Map<number, Socket | undefined>();
  private readonly clock = new Clock();
  private current = 0;
  private draining = false;
  private wakeAt = Infinity;
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
    this.machine.handle(input, this.moment());
    this.drain();
  }

  /** The same, but what the machine wants waits for the end of this turn: what is asked for together leaves together. */
  soon(input: Input | LinkInput): void {
    this.machine.handle(input, this.moment());
    void Promise.resolve().then(() => this.drain());
  }

  /** Hands a frame to the current socket. False if there is none. */
  send(frame: string | ArrayBuffer): boolean {
    const socket = this.sockets.get(this.current);
    if (socket) socket.send(frame);
    return !!socket;
  }

  /** The time of the machine. */
  now(): number {
    return this.clock.read(this.platform.now());
  }

  /** The moment of the wall clock at a time of the machine. */
  wall(time: number): number {
    return time - this.clock.lag;
  }

  private moment(): Moment {
    return { now: this.now(), luck: this.platform.random() };
  }

  /** Carries out what the machine wants. What it is told meanwhile only adds to that. */
  private drain(): void {
    if (this.draining) return;
    this.draining = true;
    for (let output = this.machine.poll(); output; output = this.machine.poll()) {
      const order = output as LinkOutput;
      if (order.is === "dial") this.dial(order.generation);
      else if (order.is === "close") this.close(order.generation, order.code, order.reason);
      else this.tell(output);
    }
    this.draining = false;
    this.sleep();
  }

  private dial(generation: number): void {
    this.current = generation;
    this.sockets.set(generation, undefined);
    const { url } = this.dialing;
    attempt<unknown>(
      () => (typeof url === "function" ? url() : url),
      (raw) => this.lost(generation, { reason: `no address to dial: ${sentence(raw)}`, raw }),
      (found) => this.open(generation, found),
    );
  }

  private open(generation: number, url: unknown): void {
    if (!this.sockets.has(generation)) return; // given up meanwhile
    if (typeof url !== "string" || !url) return this.lost(generation, { reason: "no address to dial" });
    const { protocols, headers, openTimeout: timeout = 10_000 } = this.dialing;
    const socket = this.platform.open(
      { url, protocols, headers, timeout },
      {
        opened: () => this.handle({ is: "opened", generation }),
        received: (frame) => this.handle({ is: "received", generation, frame }),
        lost: (loss) => this.lost(generation, loss),
      },
    );
    this.sockets.set(generation, socket);
  }

  private lost(generation: number, loss: Loss): void {
    this.sockets.delete(generation);
    this.handle({ is: "lost", generation, loss });
  }

  private close(generation: number, code: number, reason: string): void {
    const socket = this.sockets.get(generation);
    this.sockets.delete(generation);
    if (socket) socket.close(code, reason);
    else this.lost(generation, {}); // never dialled
  }

  /** One timer for everything. One that would wake too early is left: waking early does no harm. */
  private sleep(): void {
    const at = this.machine.deadline();
    if (this.wakeAt <= at && at < Infinity) return;
    this.undoWake();
    this.wakeAt = Infinity;
    if (at === Infinity) return;
    const now = this.now();
    const ms = Math.min(Math.max(at - now, 0), LONGEST_SLEEP);
    this.wakeAt = now + ms;
    this.undoWake = this.platform.after(ms, () => {
      this.wakeAt = Infinity;
      this.handle({ is: "woke" });
    });
  }
}

/** What was thrown, in words. */
export function sentence(raw: unknown): string {
  return Object(raw).message || `${raw}`;
}
