/** When something happens, and the dice for it: a machine has neither a clock nor dice of its own. */
export interface Moment {
  /** Milliseconds since 1970, as {@link steadyClock} gives them. */
  readonly now: number;
  /** `0 <= luck < 1`. */
  readonly luck: number;
}

/** Time of the wall clock that jumps over a suspension but never runs backwards, whatever the user does to that clock. */
export function steadyClock(wall: () => number): () => number {
  let last = -Infinity;
  let lag = 0;
  return () => {
    const now = wall();
    if (now < last) lag += last - now;
    last = now;
    return now + lag;
  };
}

/**
 * A delay drawn from zero up to a bound that doubles with each attempt until the ceiling. All of it is random: jitter
 * merely added on top vanishes at the ceiling, and then every client of a restarted server comes back in one instant.
 */
export function backoff(attempt: number, luck: number, first = 500, ceiling = 20_000): number {
  return Math.floor(luck * Math.min(ceiling, first * Math.pow(2, attempt)));
}
