/** When something happens, and the dice for it: a machine has neither a clock nor dice of its own. */
export interface Moment {
  /** Milliseconds since 1970, as {@link Clock} gives them. */
  readonly now: number;
  /** `0 <= luck < 1`. */
  readonly luck: number;
}

/** Wall-clock time that jumps over a suspension but never runs backwards, whatever the user does to the clock. */
export class Clock {
  private last = -Infinity;
  /** What to take from a time of this clock for that of the wall. */
  lag = 0;

  /** The time of machines at a moment of the wall clock. */
  read(now: number): number {
    if (now < this.last) this.lag += this.last - now;
    this.last = now;
    return now + this.lag;
  }
}

/**
 * A delay drawn from zero up to a bound that doubles with each attempt until the ceiling. All of it is random: jitter
 * merely added on top vanishes at the ceiling, and then every client of a restarted server comes back in one instant.
 */
export function backoff(attempt: number, luck: number, first = 500, ceiling = 20_000): number {
  return Math.floor(luck * Math.min(ceiling, first * Math.pow(2, attempt)));
}
