import type { Fault } from "../errors.js";
import type { Frame, Habits, Loss } from "../platform/platform.js";
import { backoff, type Moment } from "./moment.js";
import type { Hears, LinkInput, LinkOptions, LinkOutput, Why } from "./signals.js";

export type { LinkInput, LinkOptions, LinkOutput, LinkState } from "./signals.js";

type Phase =
  | { at: "offline" | "hidden"; due?: undefined }
  | { at: "waiting"; due: number }
  | { at: "opening"; due: number }
  | Online;

interface Online {
  at: "online";
  /** When the peer took us. */
  since: number;
  /** The longest that it is silent while all is well. */
  silence: number;
  /** When the peer was silent for too long. */
  due: number;
  /** It was asked for a sign, and gave none yet. */
  asked: boolean;
}

/** A connection counts as held after this long. */
const HELD = 5000;
/** A socket that was told to close counts for so long; dials at once, for user or network, keep this distance. */
const CLOSING = 1000;
/** Background after which a suspending platform has killed the socket. */
const DEAD_AFTER = 5000;
/** What a probe may take, and what may be left to a dial begun on another network. */
const PROBE = 3000;
/** The same after a change of network: most likely the old path is gone. */
const SHORT_PROBE = 2000;

/**
 * The reliable connection: when to dial, how long to wait, when to take a silent line for dead. It knows nothing of what
 * is spoken on it, and opens no socket, reads no clock and rolls no dice but those it was given. What speaks on it
 * extends it, and takes from its outputs those that are meant for the layer above.
 */
export class Link<More = never, MoreInput extends { is: string } = never> implements Hears<LinkInput> {
  instant = 0;
  luck = 0;
  protected phase: Phase = { at: "offline" };
  private generation = 0;
  /** The generation of the current socket, open or not yet; 0 if there is none. */
  private current = 0;
  /** Since when the app is in the background. */
  private hiddenAt: number | undefined;
  private tuckAt = Infinity;
  /** Neither user nor network makes the link dial before. */
  private notBefore = 0;
  /** When the last socket was told to close, and when there is room for another. */
  private releasedAt = 0;
  private roomAt = 0;
  /** How often it dialled again since a connection has held. */
  private attempt = 0;
  private readonly outputs: (LinkOutput | More)[] = [];

  constructor(
    private readonly rules: LinkOptions,
    private readonly habits: Habits,
  ) {}

  /** Takes one thing that happened, and whatever is due by then. */
  handle(input: LinkInput | MoreInput, { now, luck }: Moment): void {
    this.instant = now;
    this.luck = luck;
    this[input.is as LinkInput["is"]](input as never);
    this.settleWhatIsDue();
  }

  /** What is to be done next. */
  poll(): LinkOutput | More | undefined {
    return this.outputs.shift();
  }

  /** The time at which to hand in `woke`; `Infinity` for never. */
  deadline(): number {
    const { due } = this.phase;
    return due === undefined ? Infinity : Math.min(due, this.tuckAt);
  }

  start(): void {
    const { at } = this.phase;
    if (at === "waiting") this.hurry("start");
    if (at !== "offline") return;
    this.attempt = 0;
    this.plan(this.instant, "start");
  }

  stop({ reason, code, fault }: { reason: string; code?: number; fault?: Fault }): void {
    if (this.phase.at === "offline") return;
    this.release(reason, code);
    this.enter({ at: "offline" }, reason, { fault });
  }

  opened({ generation }: { generation: number }): void {
    if (this.phase.at !== "opening" || generation !== this.current) return;
    this.enter({ at: "online", since: Infinity, silence: Infinity, due: Infinity, asked: false }, "open");
  }

  received({ generation, frame }: { generation: number; frame: Frame }): void {
    if (generation !== this.current) return;
    this.opened({ generation }); // some devices forget to tell
    const online = this.phase as Online;
    online.asked = false;
    online.due = this.instant + online.silence;
    this.emit({ is: "heard", frame });
  }

  lost({ generation, loss }: { generation: number; loss: Loss }): void {
    if (generation !== this.current) return;
    const reason = `lost while ${this.phase.at}`;
    this.leave();
    this.retry(reason, { loss });
  }

  hidden(): void {
    if (this.hiddenAt !== undefined) return;
    this.hiddenAt = this.instant;
    const { suspends } = this.habits;
    const { onHide = { closeAfter: suspends ? 4000 : Infinity } } = this.rules;
    const { closeAfter = onHide === "keep" ? Infinity : 0 } = Object(onHide);
    // A dial would fail in the background, half-way too.
    const idle = suspends && this.phase.at !== "online";
    this.tuckAt = this.instant + (idle ? 0 : closeAfter);
  }

  shown(): void {
    const { suspends } = this.habits;
    const { hiddenAt = this.instant } = this;
    const reason = "shown";
    this.hiddenAt = undefined;
    this.tuckAt = Infinity;
    if (this.current) {
      if (!suspends || this.instant - hiddenAt < DEAD_AFTER) return void this.probe(PROBE);
      this.release(reason);
    } else if (this.phase.at === "offline") {
      return;
    }
    this.hurry(reason);
  }

  network({ online }: { online?: boolean }): void {
    const { phase } = this;
    this.probe(SHORT_PROBE);
    if (online === false) return;
    if (phase.at === "opening") phase.due = Math.min(phase.due, this.instant + PROBE);
    if (phase.at === "waiting") this.hurry("network");
  }

  drop({ reason, wait, fault }: { reason: string; wait?: number; fault?: Fault }): void {
    if (!this.current) return;
    this.release(reason);
    this.retry(reason, { fault }, wait);
  }

  settled({ silence = Infinity }: { silence?: number }): void {
    const { phase } = this;
    if (phase.at !== "online") return;
    phase.since = this.instant;
    phase.silence = silence;
    phase.due = this.instant + silence;
  }

  woke(): void {}

  emit(output: LinkOutput | More): void {
    this.outputs.push(output);
  }

  protected settleWhatIsDue(): void {
    if (this.tuckAt <= this.instant) this.tuck();
    const { at, due = Infinity } = this.phase;
    if (due > this.instant) return;
    if (at === "waiting") this.dial("waited");
    else if (at === "opening" || !this.probe(PROBE)) this.drop({ reason: "no answer", fault: { code: "no-answer" } });
  }

  /** Lies down until the app is shown. */
  private tuck(): void {
    this.tuckAt = Infinity;
    if (this.phase.due === undefined) return;
    const reason = "hidden";
    this.release(reason);
    this.enter({ at: "hidden" }, reason);
  }

  /** Asks the peer for a sign, unless it gives none or has been asked. True if it was asked now. */
  private probe(limit: number): boolean {
    const { phase } = this;
    if (phase.at !== "online" || phase.asked || phase.silence === Infinity) return false;
    phase.asked = true;
    phase.due = this.instant + limit;
    this.emit({ is: "probe" });
    return true;
  }

  /** Dials again, after `wait` and a random delay, and not within a second where the device has too many sockets. */
  protected retry(reason: string, why: Why, wait = 0): void {
    const { reconnect, maxAttempts = reconnect === false ? 0 : Infinity, firstWait, longestWait } = this.rules;
    if (this.attempt >= maxAttempts) return this.enter({ at: "offline" }, `gave up: ${reason}`, why);
    const pause = wait + backoff(this.attempt++, this.luck, firstWait, longestWait);
    const due = this.instant + Math.max(pause, why.loss && why.loss.full ? CLOSING : 0);
    if (wait > 0) this.notBefore = due;
    this.plan(due, reason, why);
  }

  /** Dials as soon as courtesy allows. */
  private hurry(reason: string): void {
    const due = Math.max(this.instant, this.notBefore);
    if (this.phase.at !== "waiting" || due < this.phase.due) this.plan(due, reason);
  }

  /** Dials when it is due and there is room for a socket, and never in the background of a device that suspends. */
  private plan(time: number, reason: string, why?: Why): void {
    const due = Math.max(time, this.roomAt);
    if (this.hiddenAt !== undefined && this.habits.suspends) this.enter({ at: "hidden" }, reason, why);
    else if (due > this.instant) this.enter({ at: "waiting", due }, reason, why);
    else this.dial(reason, why);
  }

  private dial(reason: string, why?: Why): void {
    const { openTimeout = 10_000 } = this.rules;
    this.notBefore = this.instant + CLOSING;
    this.enter({ at: "opening", due: this.instant + openTimeout }, reason, why);
    this.current = ++this.generation;
    this.emit({ is: "dial", generation: this.current });
  }

  private release(reason: string, code = 1000): void {
    if (!this.current) return;
    // One may be closing while the next opens.
    this.roomAt = this.releasedAt + CLOSING;
    this.releasedAt = this.instant;
    // At most 123 bytes, and a UTF-16 unit is never more than three.
    this.emit({ is: "close", generation: this.current, code, reason: reason.slice(0, 41) });
    this.leave();
  }

  private leave(): void {
    const { phase } = this;
    if (phase.at === "online" && this.instant - phase.since >= HELD) this.attempt = 0;
    this.current = 0;
  }

  protected enter(phase: Phase, reason: string, { loss, fault }: Why = {}): void {
    this.phase = phase;
    const { at, due } = phase;
    this.emit({ is: "state", state: { at, until: at === "waiting" ? due : undefined, reason, loss, fault } });
  }
}
