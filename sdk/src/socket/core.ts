import type { Machine } from "../link/driver.js";
import { Link, type LinkInput, type LinkOptions, type LinkOutput } from "../link/link.js";
import { Clock, type Moment } from "../link/moment.js";
import type { Frame, Habits } from "../platform/platform.js";
import { Letterbox, type Letter, type QueueLimits, type Refusal } from "./letterbox.js";

/** How a server of any kind is asked whether it is still there. Times are in milliseconds. */
export interface Heartbeat {
  /** What is sent. */
  readonly send: Frame;
  /**
   * The text that answers it, and is then kept from the app; `null` if the server answers nothing. Without it any message
   * is answer enough, and all are handed on.
   */
  readonly reply?: string | null;
  /** The time between two. Default 15,000. */
  readonly every?: number;
  /** Silence after one was due, before the line is taken for dead. Default 10,000; at least 3,000. */
  readonly patience?: number;
}

/** The rules of a {@link ReliableSocket}. */
export interface SocketRules extends LinkOptions {
  /** Without it a line that died silently is noticed only when the device notices. */
  readonly heartbeat?: Heartbeat;
  /** What may wait for the connection. */
  readonly queue?: QueueLimits;
}

export type SocketInput = { is: "post"; letter: Letter };

export type SocketOutput = { is: "transmit"; letter: Letter } | { is: "refuse"; letter: Letter; why: Refusal };

/** How long the link itself waits for the answer to its probe. */
const PROBE = 3000;

/** A link with heartbeats and a letterbox; without a clock, dice or sockets, like the link. */
export class SocketCore implements Machine<SocketInput, SocketOutput> {
  readonly letters: Letterbox;
  private readonly link: Link;
  private readonly clock = new Clock();
  private readonly outputs: (LinkOutput | SocketOutput)[] = [];
  private readonly heartbeat: Heartbeat | undefined;
  private readonly every: number;
  private readonly answered: boolean;
  private time = 0;
  /** Closed, or given up, and not started again. */
  private over = false;
  /** When the next heartbeat is due; nothing while not online. */
  private beatAt: number | undefined;

  constructor(rules: SocketRules, habits: Habits) {
    const { heartbeat, queue } = rules;
    this.heartbeat = heartbeat;
    this.every = heartbeat ? (heartbeat.every ?? 15_000) : Infinity;
    this.answered = heartbeat !== undefined && heartbeat.reply !== null;
    this.letters = new Letterbox(queue);
    this.link = new Link(Object.assign({}, rules, { probes: this.answered }), habits);
  }

  handle(input: LinkInput | SocketInput, moment: Moment): void {
    this.time = this.clock.read(moment.now);
    if (input.is === "post") this.post(input.letter);
    else this.link.handle(input, moment);
    for (let output = this.link.poll(); output; output = this.link.poll()) this.pass(output, moment);
    while (this.letters.due <= this.time) this.refuse("expired");
    if (this.beatAt !== undefined && this.beatAt <= this.time) this.beat();
  }

  /** What waited comes last: what the app sends on hearing of the new connection, such as who it is, goes ahead of it. */
  poll(): LinkOutput | SocketOutput | undefined {
    const output = this.outputs.shift();
    if (output || this.beatAt === undefined) return output;
    const letter = this.letters.take();
    return letter && { is: "transmit", letter };
  }

  deadline(): number | undefined {
    const due = this.clock.wall(Math.min(this.letters.due, this.beatAt ?? Infinity));
    const at = Math.min(due, this.link.deadline() ?? Infinity);
    return at === Infinity ? undefined : at;
  }

  private post(letter: Letter): void {
    if (this.beatAt !== undefined) this.outputs.push({ is: "transmit", letter });
    else if (this.over) this.outputs.push({ is: "refuse", letter, why: "closed" });
    else if (!this.letters.post(letter, this.time)) this.outputs.push({ is: "refuse", letter, why: "queue-full" });
  }

  private pass(output: LinkOutput, moment: Moment): void {
    if (output.is === "probe") return this.beat();
    if (output.is === "heard" && this.heartbeat && output.frame === this.heartbeat.reply) return;
    this.outputs.push(output);
    if (output.is !== "state") return;
    const { at } = output.state;
    this.over = at === "offline";
    this.beatAt = at === "online" ? this.time + this.every : undefined;
    if (at === "online") {
      this.link.handle({ is: "settled" }, moment);
      this.link.handle({ is: "expect", silence: this.silence() }, moment);
    }
    while (this.over && this.letters.count) this.refuse("closed");
  }

  /** After this the link probes, and then waits a little longer. */
  private silence(): number {
    const { patience = 10_000 } = this.heartbeat ?? {};
    return this.answered ? this.every + Math.max(0, patience - PROBE) : Infinity;
  }

  private beat(): void {
    if (this.beatAt === undefined || !this.heartbeat) return;
    this.beatAt = this.time + this.every;
    this.outputs.push({ is: "transmit", letter: { frame: this.heartbeat.send, settle: () => undefined } });
  }

  private refuse(why: Refusal): void {
    const letter = this.letters.take();
    if (letter) this.outputs.push({ is: "refuse", letter, why });
  }
}
