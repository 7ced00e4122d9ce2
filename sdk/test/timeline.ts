/** Virtual time. Nothing here waits for the real clock. */
export class Timeline {
  /** Wall-clock time; wakes are counted apart from it, so that a test may set it. */
  now = 1_700_000_000_000;
  private elapsed = 0;
  private order = 0;
  private wakes: { readonly at: number; readonly order: number; readonly wake: () => void }[] = [];

  /** Calls `wake` after `ms`. */
  after(ms: number, wake: () => void): () => void {
    const entry = { at: this.elapsed + Math.max(0, ms), order: this.order++, wake };
    this.wakes.push(entry);
    return () => {
      this.wakes = this.wakes.filter((other) => other !== entry);
    };
  }

  /** Lets `ms` pass, promises included. */
  async pass(ms: number): Promise<void> {
    const end = this.elapsed + ms;
    await settled();
    for (let next = this.next(end); next; next = this.next(end)) {
      this.wakes = this.wakes.filter((other) => other !== next);
      this.move(next.at);
      next.wake();
      await settled();
    }
    this.move(end);
  }

  private next(end: number) {
    let first: (typeof this.wakes)[number] | undefined;
    for (const wake of this.wakes) {
      if (wake.at > end) continue;
      if (!first || wake.at < first.at || (wake.at === first.at && wake.order < first.order)) first = wake;
    }
    return first;
  }

  private move(to: number): void {
    this.now += to - this.elapsed;
    this.elapsed = to;
  }
}

/** Returns when every promise that could go on has done so. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Dice that roll the same again for the same seed. */
export function dice(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}
