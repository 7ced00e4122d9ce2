/** When something happens, and the dice for it: a machine has neither a clock nor dice of its own. */
export interface Moment {
  /** Wall-clock time in milliseconds. */
  readonly now: number;
  /** `0 <= luck < 1`. */
  readonly luck: number;
}

/** Wall-clock time that jumps over a suspension but never runs backwards, whatever the user does to the clock. */
export class Clock {
  private last = -Infinity;
  private lag = 0;

  /** The time of the machine at a moment of the wall clock. */
  read(now: number): number {
    if (now < this.last) this.lag += this.last - now;
    this.last = now;
    return now + this.lag;
  }

  /** The moment of the wall clock at a time of the machine, going by the last reading. */
  wall(time: number): number {
    return time - this.lag;
  }
}
