import { Link, type LinkInput, type LinkOptions, type LinkOutput } from "../link/link.js";
import type { Moment } from "../link/moment.js";
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

/** A letter is to be sent, or will not be: `why`. */
export type SocketOutput = { is: "letter"; letter: Letter; why?: Refusal };

/** How long the link itself waits for the answer to its probe. */
const PROBE = 3000;

/** A link with heartbeats and a letterbox; without a clock, dice or sockets, like the link. */
export class SocketCore extends Link<SocketOutput> {
  readonly letters: Letterbox;
  private at: "offline" | "online" | "between" = "between";
  /** When the next heartbeat is due. */
  private beatAt = Infinity;

  constructor(
    private readonly options: SocketRules,
    habits: Habits,
  ) {
    super(Object.assign({}, options, { probes: !!options.heartbeat && options.heartbeat.reply !== null }), habits);
    this.letters = new Letterbox(options.queue);
  }

  override handle(input: LinkInput | SocketInput, moment: Moment): void {
    super.handle(input as LinkInput, moment);
  }

  post({ letter }: SocketInput): void {
    if (this.at === "online") this.emit({ is: "letter", letter });
    else if (this.at === "offline") this.emit({ is: "letter", letter, why: "closed" });
    else if (!this.letters.post(letter, this.instant)) this.emit({ is: "letter", letter, why: "queue-full" });
  }

  /** What waited comes last: what the app sends on hearing of the new connection, such as who it is, goes ahead of it. */
  override poll(): LinkOutput | SocketOutput | undefined {
    const output = super.poll();
    const letter = !output && this.at === "online" ? this.letters.take() : undefined;
    return letter ? { is: "letter", letter } : output;
  }

  override deadline(): number {
    return Math.min(super.deadline(), this.letters.due, this.beatAt);
  }

  protected override settleWhatIsDue(): void {
    super.settleWhatIsDue();
    while (this.letters.due <= this.instant) this.refuse("expired");
    if (this.beatAt <= this.instant) this.beat();
  }

  override emit(output: LinkOutput | SocketOutput): void {
    const { heartbeat } = this.options;
    if (output.is === "probe") return this.beat();
    if (output.is === "heard" && heartbeat && output.frame === heartbeat.reply) return;
    super.emit(output);
    if (output.is !== "state") return;
    const { at } = output.state;
    this.at = at === "online" || at === "offline" ? at : "between";
    this.beatAt = Infinity;
    if (at === "online") this.attend(heartbeat);
    while (at === "offline" && this.letters.count) this.refuse("closed");
  }

  /** Nobody says when a server of any kind has taken us: it is asked from the first moment on. */
  private attend(heartbeat?: Heartbeat): void {
    if (!heartbeat) return this.settled({});
    const { every = 15_000, patience = 10_000, reply } = heartbeat;
    this.beatAt = this.instant + every;
    this.settled({ silence: reply === null ? undefined : every + Math.max(0, patience - PROBE) });
  }

  private beat(): void {
    const { send: frame, every = 15_000 } = this.options.heartbeat!;
    this.beatAt = this.instant + every;
    this.emit({ is: "letter", letter: { frame, settle: () => undefined } });
  }

  private refuse(why: Refusal): void {
    this.emit({ is: "letter", letter: this.letters.take()!, why });
  }
}
