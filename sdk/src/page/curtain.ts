/** Beyond this many, what waits does not wait any longer. */
const LONGEST_QUEUE = 1000;

/** Stands before a page that nobody sees: whatever the page would be told waits, in order, until it is shown. */
export class Curtain {
  private held: (() => void)[] | undefined;

  get closed(): boolean {
    return this.held !== undefined;
  }

  close(): void {
    this.held ??= [];
  }

  open(): void {
    const { held = [] } = this;
    this.held = undefined;
    held.forEach((call) => call());
  }

  /** Calls now or later, with the same outcome for whoever awaits it. */
  admit(call: () => unknown): unknown {
    const { held } = this;
    if (!held) return call();
    return new Promise((resolve, reject) => {
      const waiting = held.push(() => {
        try {
          resolve(call());
        } catch (error) {
          reject(error);
        }
      });
      // A page may be hidden for hours: losing nothing counts more than sparing it the work.
      if (waiting > LONGEST_QUEUE) held.splice(0).forEach((call) => call());
    });
  }
}
