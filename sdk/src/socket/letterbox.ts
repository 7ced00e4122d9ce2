import type { Frame } from "../platform/platform.js";

/** Something to send, and whom to tell what became of it. */
export interface Letter {
  readonly frame: Frame;
  /** Until when it may wait. */
  expires?: number;
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

/** What waits to be sent, oldest first, within bounds. */
export class Letterbox {
  private readonly letters: Letter[] = [];

  constructor(private readonly limits: QueueLimits = {}) {}

  get count(): number {
    return this.letters.length;
  }

  /** When the oldest expires. */
  get due(): number {
    return this.count ? this.letters[0]!.expires! : Infinity;
  }

  /** Puts it at the end. False if there is no room. */
  post(letter: Letter, time: number): boolean {
    const { count = 100, bytes = 262_144, ttl = 30_000 } = this.limits;
    const left = this.letters.reduce((room, other) => room - bytesOf(other), bytes - bytesOf(letter));
    if (left < 0 || this.count >= count) return false;
    letter.expires = time + ttl;
    return !!this.letters.push(letter);
  }

  /** Takes out the oldest. */
  take(): Letter | undefined {
    return this.letters.shift();
  }
}

function bytesOf({ frame }: Letter): number {
  return typeof frame === "string" ? frame.length * 2 : frame.byteLength;
}
