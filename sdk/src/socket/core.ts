import { Link, type LinkOptions, type LinkOutput } from "../link/link.js";
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
export class SocketCore extends Link<SocketOutput, SocketInput> {
  readonly letters: Letterbox;
  private readonly heartbeat: Heartbeat | undefined;
  private readonly every: number;
  /** Between two heartbeats and an answer that is overdue. */
  private readonly silence: number;
  /** When the next heartbeat is due. */
  private beatAt = Infinity;
  /** It was closed, or gave up: nothing is taken. */
  private over = false;

  constructor(options: SocketRules, habits: Habits) {
    super(options, habits);
    this.letters = new Letterbox(options.queue);
    const { heartbeat } = options;
    const { every: wanted, patience = 10_000, reply } = heartbeat || ({} as Partial<Heartbeat>);
    const every = wanted! > 0 ? wanted! : heartbeat ? 15_000 : Infinity;
    this.heartbeat = heartbeat;
    this.every = every;
    this.silence = reply === null ? Infinity : every + Math.max(0, patience - PROBE);
  }

  post({ letter }: SocketInput): void {
    if (this.phase.at === "online") this.hand(letter);
    else if (!this.letters.post(letter, this.instant)) this.hand(letter, "outbox-full");
  }

  /** What waited comes last: what the app sends on hearing of the new connection, such as who it is, goes ahead of it. */
  override poll(): LinkOutput | SocketOutput | undefined {
    const output = super.poll();
    if (output || this.phase.at !== "online" || !this.letters.count) return output;
    return { is: "letter", letter: this.letters.take()! };
  }

  override deadline(): number {
    return Math.min(super.deadline(), this.letters.due, this.beatAt);
  }

  protected override settleWhatIsDue(): void {
    super.settleWhatIsDue();
    while (this.over && this.letters.count) this.hand(this.letters.take()!, "stopped");
    while (this.letters.due <= this.instant) this.hand(this.letters.take()!, "expired");
    if (this.beatAt <= this.instant) this.beat();
  }

  override emit(output: LinkOutput | SocketOutput): void {
    if (output.is === "probe") return this.beat();
    if (output.is === "heard" && this.heartbeat && output.frame === this.heartbeat.reply) return;
    super.emit(output);
    if (output.is !== "state") return;
    const { at } = output.state;
    const online = at === "online";
    this.over = at === "offline";
    this.beatAt = online ? this.instant + this.every : Infinity;
    // Nobody says when a server of any kind has taken us: it is asked from the first moment on.
    if (online) this.settled({ silence: this.silence });
  }

  private beat(): void {
    this.beatAt = this.instant + this.every;
    this.hand({ frame: this.heartbeat!.send, settle: () => undefined });
  }

  private hand(letter: Letter, why?: Refusal): void {
    this.emit({ is: "letter", letter, why });
  }
}
