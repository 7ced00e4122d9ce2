import type { Frame, Habits, Loss } from "../platform/platform.js";
import { backoff, Clock, type Moment } from "./moment.js";
import type { LinkInput, LinkOptions, LinkOutput } from "./signals.js";

export type { LinkInput, LinkOptions, LinkOutput, LinkState } from "./signals.js";

type Phase =
  | { at: "offline" }
  | { at: "hidden" }
  | { at: "waiting"; due: number }
  | { at: "opening"; giveUp: number }
  | { at: "online"; since: number; settled: boolean; heard: number; silence: number; probe?: Probe };

/** `late`: it was sent because the time of one before was over while the code stood still. */
interface Probe {
  readonly giveUp: number;
  readonly late: boolean;
}

/** A connection counts as held after this long. */
const HELD = 5000;
/** A socket that was told to close is given this long to do so. */
const CLOSING = 1000;
/** Dials at once, for the user or the network, keep this distance. */
const HASTE = 1000;
/** Background after which a suspending platform has killed the socket. */
const DEAD_AFTER = 5000;
/** What a probe may take, and what may be left to a dial begun on another network. */
const PROBE = 3000;
/** The same after a change of network: most likely the old path is gone. */
const SHORT_PROBE = 2000;
/** A wake-up later than this tells that the code was suspended. */
const LATE = 1000;
/** One socket, and one that is closing. */
const SOCKETS = 2;

/**
 * The reliable connection: when to dial, how long to wait, when to take a silent line for dead. It knows nothing of what
 * is spoken on it, and opens no socket, reads no clock and rolls no dice but those it was given.
 */
export class Link {
  private readonly clock = new Clock();
  private time = 0;
  private luck = 0;
  private phase: Phase = { at: "offline" };
  private generation = 0;
  private closing: { readonly generation: number; readonly until: number }[] = [];
  private hiddenAt: number | undefined;
  private lastDial = -Infinity;
  private notBefore = -Infinity;
  private attempt = 0;
  private dials = 0;
  private readonly outputs: LinkOutput[] = [];

  constructor(
    private readonly options: LinkOptions,
    private readonly habits: Habits,
  ) {}

  /** Takes one thing that happened, and whatever is due by then. */
  handle(input: LinkInput, moment: Moment): void {
    this.time = this.clock.read(moment.now);
    this.luck = moment.luck;
    this.closing = this.closing.filter((socket) => socket.until > this.time);
    this.take(input);
    this.settleWhatIsDue();
  }

  /** What is to be done next. */
  poll(): LinkOutput | undefined {
    return this.outputs.shift();
  }

  /** The wall-clock time at which to hand in `woke`. */
  deadline(): number | undefined {
    const due = Math.min(this.phaseDue(), this.hideDue());
    return due === Infinity ? undefined : this.clock.wall(due);
  }

  private take(input: LinkInput): void {
    switch (input.is) {
      case "start":
        return this.start();
      case "stop":
        return this.end(input.reason, input.code);
      case "refuse":
        return this.end(input.reason);
      case "opened":
        return this.opened(input.generation);
      case "received":
        return this.received(input.generation, input.frame);
      case "lost":
        return this.lost(input.generation, input.loss, input.final);
      case "hidden":
        return this.hidden();
      case "shown":
        return this.shown();
      case "network":
        return this.network(input.online);
      case "drop":
        return this.drop(input.reason, input.wait);
      case "expect":
        if (this.phase.at === "online") this.phase.silence = input.silence;
        return;
      case "settled":
        if (this.phase.at === "online") this.phase.settled = true;
        return;
      case "woke":
    }
  }

  private start(): void {
    if (this.phase.at === "offline") {
      this.attempt = this.dials = 0;
      this.plan(this.time, "starting");
    } else if (this.phase.at === "waiting") {
      this.hurry("asked to dial at once");
    }
  }

  private end(reason: string, code?: number, loss?: Loss): void {
    if (this.phase.at === "offline") return;
    this.release(reason, code);
    this.enter({ at: "offline" }, reason, loss);
  }

  private opened(generation: number): void {
    if (this.phase.at !== "opening" || generation !== this.generation) return;
    this.enter({ at: "online", since: this.time, settled: false, heard: this.time, silence: Infinity }, "open");
  }

  private received(generation: number, frame: Frame): void {
    this.opened(generation); // some devices forget to tell
    if (this.phase.at !== "online" || generation !== this.generation) return;
    this.phase.heard = this.time;
    this.phase.probe = undefined;
    this.outputs.push({ is: "heard", frame });
  }

  private lost(generation: number, loss: Loss, final?: boolean): void {
    this.closing = this.closing.filter((socket) => socket.generation !== generation);
    if (!this.connected() || generation !== this.generation) return;
    const told =
      [loss.code, loss.reason].filter((word) => word !== undefined && word !== "").join(" ") || "no reason told";
    const reason = `${this.phase.at === "online" ? "connection lost" : "could not connect"}: ${told}`;
    this.leave();
    if (final) return this.enter({ at: "offline" }, reason, loss);
    this.retry(reason, loss.full ? CLOSING : 0, loss);
  }

  private hidden(): void {
    if (this.hiddenAt !== undefined) return;
    this.hiddenAt = this.time;
    // A dial would fail in the background, half-way too.
    const idle = this.habits.suspends && this.phase.at !== "online";
    if (idle || this.options.onHide === "close") this.tuck();
  }

  private shown(): void {
    const away = this.time - (this.hiddenAt ?? this.time);
    this.hiddenAt = undefined;
    const reason = "back at the front";
    if (this.connected()) {
      if (!this.habits.suspends || away < DEAD_AFTER) return this.probe(PROBE);
      this.release(reason);
    } else if (this.phase.at === "offline") {
      return;
    }
    this.hurry(reason);
  }

  private network(online?: boolean): void {
    const phase = this.phase;
    if (phase.at === "online") return this.probe(SHORT_PROBE);
    if (online === false) return;
    if (phase.at === "opening") phase.giveUp = Math.min(phase.giveUp, this.time + PROBE);
    if (phase.at === "waiting") this.hurry("the network changed");
  }

  private drop(reason: string, wait?: number): void {
    if (!this.connected()) return;
    this.release(reason);
    this.retry(reason, wait);
  }

  private settleWhatIsDue(): void {
    if (this.hideDue() <= this.time) this.tuck();
    const phase = this.phase;
    if (this.phaseDue() > this.time) return;
    if (phase.at === "waiting") this.dial(`attempt ${this.dials + 1}`);
    else if (phase.at === "opening")
      this.drop(`could not connect: no answer within ${seconds(this.time - this.lastDial)}`);
    else if (phase.at === "online") this.suspect(phase.probe);
  }

  private phaseDue(): number {
    const phase = this.phase;
    switch (phase.at) {
      case "waiting":
        return Math.max(phase.due, this.roomAt());
      case "opening":
        return phase.giveUp;
      case "online":
        // Nothing can be told of a line, and nothing done about it, while the code may stand still.
        if (this.asleep()) return Infinity;
        return phase.probe ? phase.probe.giveUp : phase.heard + phase.silence;
      default:
        return Infinity;
    }
  }

  private hideDue(): number {
    const { onHide = this.habits.suspends ? { closeAfter: 4000 } : "keep" } = this.options;
    if (this.hiddenAt === undefined || typeof onHide === "string") return Infinity;
    return this.connected() || this.phase.at === "waiting" ? this.hiddenAt + onHide.closeAfter : Infinity;
  }

  /** Lies down until the app is shown. */
  private tuck(): void {
    if (this.phase.at === "offline" || this.phase.at === "hidden") return;
    const reason = "in the background";
    this.release(reason);
    this.enter({ at: "hidden" }, reason);
  }

  /** The peer was silent for too long. */
  private suspect(probe?: Probe): void {
    if (this.phase.at !== "online") return;
    const late = !!probe && !probe.late && this.time - probe.giveUp > LATE;
    if (late || !probe) this.probe(PROBE, late);
    if (this.phase.probe === probe) this.drop(`nothing heard for ${seconds(this.time - this.phase.heard)}`);
  }

  private probe(limit: number, late = false): void {
    const phase = this.phase;
    if (phase.at !== "online" || !phase.settled || this.options.probes === false || this.asleep()) return;
    if (phase.probe && !late) return;
    phase.probe = { giveUp: this.time + limit, late };
    this.outputs.push({ is: "probe" });
  }

  /** Dials again, after `wait` and a random delay. */
  private retry(reason: string, wait = 0, loss?: Loss): void {
    const { reconnect = true, maxAttempts = Infinity, firstWait, longestWait } = this.options;
    if (!reconnect) return this.enter({ at: "offline" }, reason, loss);
    if (this.dials >= maxAttempts) {
      return this.enter({ at: "offline" }, `gave up after ${this.dials} attempts: ${reason}`, loss);
    }
    const due = this.time + wait + backoff(this.attempt++, this.luck, firstWait, longestWait);
    this.notBefore = wait ? due : this.time;
    this.plan(due, reason, loss);
  }

  /** Dials as soon as courtesy allows. */
  private hurry(reason: string): void {
    const due = Math.max(this.time, this.notBefore, this.lastDial + HASTE);
    if (this.phase.at !== "waiting" || due < this.phase.due) this.plan(due, reason);
  }

  /** Dials when it is due and there is room for a socket, and never while the app sleeps. */
  private plan(due: number, reason: string, loss?: Loss): void {
    if (this.asleep()) this.enter({ at: "hidden" }, reason, loss);
    else if (Math.max(due, this.roomAt()) > this.time) this.enter({ at: "waiting", due }, reason, loss);
    else this.dial(reason, loss);
  }

  private dial(reason: string, loss?: Loss): void {
    this.generation++;
    this.dials++;
    this.lastDial = this.time;
    this.enter({ at: "opening", giveUp: this.time + this.openTimeout() }, reason, loss);
    this.outputs.push({ is: "dial", generation: this.generation });
  }

  /** When a socket may be opened, going by the sockets that are still closing. */
  private roomAt(): number {
    const room = Math.min(SOCKETS, this.habits.sockets ?? SOCKETS);
    return this.closing[this.closing.length - room]?.until ?? this.time;
  }

  private release(reason: string, code = 1000): void {
    if (!this.connected()) return;
    const { generation } = this;
    this.closing.push({ generation, until: this.time + CLOSING });
    // At most 123 bytes, and a UTF-16 unit is never more than three.
    this.outputs.push({ is: "close", generation, code, reason: reason.slice(0, 41) });
    this.leave();
  }

  private leave(): void {
    const phase = this.phase;
    if (phase.at === "online" && phase.settled && this.time - phase.since >= HELD) this.attempt = this.dials = 0;
  }

  private enter(phase: Phase, reason: string, loss?: Loss): void {
    this.phase = phase;
    const until = phase.at === "waiting" ? this.clock.wall(this.phaseDue()) : undefined;
    this.outputs.push({ is: "state", state: { at: phase.at, until, reason, loss } });
  }

  /** Whether there is a current socket, open or not yet. */
  private connected(): boolean {
    return this.phase.at === "opening" || this.phase.at === "online";
  }

  private asleep(): boolean {
    return this.hiddenAt !== undefined && (this.habits.suspends || this.phase.at === "hidden");
  }

  private openTimeout(): number {
    return this.options.openTimeout ?? 10_000;
  }
}

function seconds(ms: number): string {
  return `${Math.round(ms / 100) / 10} s`;
}
