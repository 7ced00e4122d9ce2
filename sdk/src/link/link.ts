import type { Frame, Habits, Loss } from "../platform/platform.js";
import { backoff, type Moment } from "./moment.js";
import type { Hears, LinkInput, LinkOptions, LinkOutput } from "./signals.js";

export type { LinkInput, LinkOptions, LinkOutput, LinkState } from "./signals.js";

type Phase =
  | { at: "offline" | "hidden"; due?: undefined }
  | { at: "waiting"; due: number }
  | { at: "opening"; due: number }
  | Online;

interface Online {
  at: "online";
  since: number;
  settled: boolean;
  heard: number;
  silence: number;
  /** When the peer was silent for too long. */
  due: number;
  /** How often it was asked since. A second time if the first was over while the code stood still. */
  probes: number;
}

/** A connection counts as held after this long. */
const HELD = 5000;
/** A socket that was told to close is given this long to do so; dials at once, for user or network, keep this distance. */
const CLOSING = 1000;
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
 * is spoken on it, and opens no socket, reads no clock and rolls no dice but those it was given. What speaks on it
 * extends it, and takes from its outputs those that are meant for the layer above.
 */
export class Link<More = never> implements Hears<LinkInput> {
  instant = 0;
  luck = 0;
  private phase: Phase = { at: "offline" };
  private generation = 0;
  private closing: { readonly generation: number; readonly until: number }[] = [];
  private hiddenAt: number | undefined;
  private tuckAt = Infinity;
  private lastDial = -Infinity;
  private notBefore = -Infinity;
  private attempt = 0;
  private dials = 0;
  private readonly outputs: (LinkOutput | More)[] = [];

  constructor(
    private readonly rules: LinkOptions,
    private readonly habits: Habits,
  ) {}

  /** Takes one thing that happened, and whatever is due by then. */
  handle(input: LinkInput, { now, luck }: Moment): void {
    this.instant = now;
    this.luck = luck;
    this.closing = this.closing.filter(({ until }) => until > now);
    this[input.is](input as never);
    this.settleWhatIsDue();
  }

  /** What is to be done next. */
  poll(): LinkOutput | More | undefined {
    return this.outputs.shift();
  }

  /** The time at which to hand in `woke`; `Infinity` for never. */
  deadline(): number {
    return this.phase.due === undefined ? Infinity : Math.min(this.due(), this.tuckAt);
  }

  start(): void {
    const { at } = this.phase;
    if (at === "waiting") this.hurry("start");
    if (at !== "offline") return;
    this.attempt = this.dials = 0;
    this.plan(this.instant, "start");
  }

  stop({ reason, code }: { reason: string; code?: number }): void {
    if (this.phase.at === "offline") return;
    this.release(reason, code);
    this.enter({ at: "offline" }, reason);
  }

  opened({ generation }: { generation: number }): void {
    if (this.phase.at !== "opening" || generation !== this.generation) return;
    const { instant } = this;
    this.enter(
      { at: "online", since: instant, settled: false, heard: instant, silence: Infinity, due: Infinity, probes: 0 },
      "open",
    );
  }

  received(input: { generation: number; frame: Frame }): void {
    this.opened(input); // some devices forget to tell
    const { phase } = this;
    if (phase.at !== "online" || input.generation !== this.generation) return;
    phase.heard = this.instant;
    phase.probes = 0;
    phase.due = this.instant + phase.silence;
    this.emit({ is: "heard", frame: input.frame });
  }

  lost({ generation, loss, final }: { generation: number; loss: Loss; final?: boolean }): void {
    this.closing = this.closing.filter((socket) => socket.generation !== generation);
    if (!this.connected() || generation !== this.generation) return;
    const told = [loss.code, loss.reason].filter(Boolean).join(" ") || "no reason";
    const reason = `lost while ${this.phase.at}: ${told}`;
    this.leave();
    if (final) this.enter({ at: "offline" }, reason, loss);
    else this.retry(reason, loss.full ? CLOSING : 0, loss);
  }

  hidden(): void {
    if (this.hiddenAt !== undefined) return;
    this.hiddenAt = this.instant;
    const { suspends } = this.habits;
    const { onHide = suspends ? { closeAfter: 4000 } : "keep" } = this.rules;
    // A dial would fail in the background, half-way too.
    const idle = suspends && this.phase.at !== "online";
    this.tuckAt =
      this.instant + (idle || onHide === "close" ? 0 : onHide === "keep" ? Infinity : onHide.closeAfter);
  }

  shown(): void {
    const { suspends } = this.habits;
    const { hiddenAt = this.instant } = this;
    const reason = "shown";
    this.hiddenAt = undefined;
    this.tuckAt = Infinity;
    if (this.connected()) {
      if (!suspends || this.instant - hiddenAt < DEAD_AFTER) return void this.probe(PROBE);
      this.release(reason);
    } else if (this.phase.at === "offline") {
      return;
    }
    this.hurry(reason);
  }

  network({ online }: { online?: boolean }): void {
    const { phase } = this;
    if (phase.at === "online") this.probe(SHORT_PROBE);
    if (online === false) return;
    if (phase.at === "opening") phase.due = Math.min(phase.due, this.instant + PROBE);
    if (phase.at === "waiting") this.hurry("network");
  }

  drop({ reason, wait }: { reason: string; wait?: number }): void {
    if (!this.connected()) return;
    this.release(reason);
    this.retry(reason, wait);
  }

  expect({ silence }: { silence: number }): void {
    if (this.phase.at === "online") this.phase.due = this.phase.heard + (this.phase.silence = silence);
  }

  settled(): void {
    if (this.phase.at === "online") this.phase.settled = true;
  }

  woke(): void {}

  emit(output: LinkOutput | More): void {
    this.outputs.push(output);
  }

  protected settleWhatIsDue(): void {
    if (this.tuckAt <= this.instant) this.tuck();
    const { phase } = this;
    if (this.due() > this.instant) return;
    if (phase.at === "waiting") this.dial(`attempt ${this.dials + 1}`);
    else if (phase.at === "opening")
      this.drop({ reason: `no answer in ${this.instant - this.lastDial} ms` });
    else if (phase.at === "online") this.suspect(phase);
  }

  private due(): number {
    const { at, due = Infinity } = this.phase;
    if (at === "waiting") return Math.max(due, this.roomAt());
    // Nothing can be told of a line, and nothing done about it, while the code may stand still.
    return at === "online" && this.asleep() ? Infinity : due;
  }

  /** Lies down until the app is shown. */
  private tuck(): void {
    this.tuckAt = Infinity;
    if (this.phase.due === undefined) return;
    const reason = "hidden";
    this.release(reason);
    this.enter({ at: "hidden" }, reason);
  }

  /** The peer was silent for too long. */
  private suspect({ probes, due, heard }: Online): void {
    const late = probes === 1 && this.instant - due > LATE;
    if ((probes && !late) || !this.probe(PROBE, late)) {
      this.drop({ reason: `nothing heard for ${this.instant - heard} ms` });
    }
  }

  /** Asks the peer for a sign, unless it has been asked. True if it was asked now. */
  private probe(limit: number, again = false): boolean {
    const { phase } = this;
    const can = phase.at === "online" && phase.settled && this.rules.probes !== false && !this.asleep();
    if (!can || (phase.probes && !again)) return false;
    phase.probes++;
    phase.due = this.instant + limit;
    this.emit({ is: "probe" });
    return true;
  }

  /** Dials again, after `wait` and a random delay. */
  private retry(reason: string, wait = 0, loss?: Loss): void {
    const { reconnect, maxAttempts = Infinity, firstWait, longestWait } = this.rules;
    const tired = this.dials >= maxAttempts;
    if (tired) reason = `gave up after ${this.dials} attempts: ${reason}`;
    if (tired || reconnect === false) return this.enter({ at: "offline" }, reason, loss);
    const due = this.instant + wait + backoff(this.attempt++, this.luck, firstWait, longestWait);
    this.notBefore = wait ? due : this.instant;
    this.plan(due, reason, loss);
  }

  /** Dials as soon as courtesy allows. */
  private hurry(reason: string): void {
    const due = Math.max(this.instant, this.notBefore, this.lastDial + CLOSING);
    if (this.phase.at !== "waiting" || due < this.phase.due) this.plan(due, reason);
  }

  /** Dials when it is due and there is room for a socket, and never while the app sleeps. */
  private plan(due: number, reason: string, loss?: Loss): void {
    if (this.asleep()) this.enter({ at: "hidden" }, reason, loss);
    else if (Math.max(due, this.roomAt()) > this.instant) this.enter({ at: "waiting", due }, reason, loss);
    else this.dial(reason, loss);
  }

  private dial(reason: string, loss?: Loss): void {
    this.dials++;
    this.lastDial = this.instant;
    const { openTimeout = 10_000 } = this.rules;
    this.enter({ at: "opening", due: this.instant + openTimeout }, reason, loss);
    this.emit({ is: "dial", generation: ++this.generation });
  }

  /** When a socket may be opened, going by the sockets that are still closing. */
  private roomAt(): number {
    const { sockets = SOCKETS } = this.habits;
    const oldest = this.closing[this.closing.length - Math.min(SOCKETS, sockets)];
    return oldest ? oldest.until : 0;
  }

  private release(reason: string, code = 1000): void {
    if (!this.connected()) return;
    const { generation } = this;
    this.closing.push({ generation, until: this.instant + CLOSING });
    // At most 123 bytes, and a UTF-16 unit is never more than three.
    this.emit({ is: "close", generation, code, reason: reason.slice(0, 41) });
    this.leave();
  }

  private leave(): void {
    const { phase } = this;
    if (phase.at === "online" && phase.settled && this.instant - phase.since >= HELD) this.attempt = this.dials = 0;
  }

  private enter(phase: Phase, reason: string, loss?: Loss): void {
    this.phase = phase;
    const { at } = phase;
    this.emit({ is: "state", state: { at, until: at === "waiting" ? this.due() : undefined, reason, loss } });
  }

  /** Whether there is a current socket, open or not yet. */
  private connected(): boolean {
    return this.phase.at === "opening" || this.phase.at === "online";
  }

  private asleep(): boolean {
    return this.hiddenAt !== undefined && (this.habits.suspends || this.phase.at === "hidden");
  }
}
