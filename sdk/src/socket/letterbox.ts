import type { Frame } from "../platform/platform.js";

/** Something to send, and whom to tell what became of it. */
export interface Letter {
  readonly frame: Frame;
  settle(refusal?: Refusal): void;
}

/** Why something was not sent. */
export type Refusal = "outbox-full" | "expired" | "stopped" | "not-sendable";

/** How much may wait for the connection, and for how long. */
export interface QueueLimits {
  /** Messages. Default 100. */
  readonly count?: number;
  /** Bytes; text takes two a character. Default 262,144. */
  readonly bytes?: number;
  /** Milliseconds by the wall clock, suspension included. Default 30,000. */
  readonly ttl?: number;
}

interface Waiting {
  readonly letter: Letter;
  readonly bytes: number;
  readonly expires: number;
}

/** What waits to be sent, oldest first, within bounds. */
export class Letterbox {
  private readonly waiting: Waiting[] = [];
  private bytes = 0;

  constructor(private readonly limits: QueueLimits = {}) {}

  get count(): number {
    return this.waiting.length;
  }

  /** When the oldest expires. */
  get due(): number {
    return this.count ? this.waiting[0]!.expires : Infinity;
  }

  /** Puts it at the end. False if there is no room. */
  post(letter: Letter, time: number): boolean {
    const { count = 100, bytes = 262_144, ttl = 30_000 } = this.limits;
    const { frame } = letter;
    const size = typeof frame === "string" ? frame.length * 2 : frame.byteLength;
    if (this.count >= count || this.bytes + size > bytes) return false;
    this.bytes += size;
    this.waiting.push({ letter, bytes: size, expires: time + ttl });
    return true;
  }

  /** Takes out the oldest. */
  take(): Letter | undefined {
    const first = this.waiting.shift();
    if (!first) return undefined;
    this.bytes -= first.bytes;
    return first.letter;
  }
}
