import { attempt } from "../link/attempt.js";
import type { Undo } from "../platform/platform.js";

/** Something that is told to whoever listens. */
export class Signal<Value> {
  private readonly listeners = new Set<(value: Value) => unknown>();
  protected last: Value | undefined;

  constructor(private readonly complain: (error: unknown) => void) {}

  /** Hears what is told from now on, until undone. */
  on(listener: (value: Value) => unknown): Undo {
    const own = (value: Value) => listener(value); // the same function may listen twice
    this.listeners.add(own);
    return () => void this.listeners.delete(own);
  }

  /** Hears what is now, at once, and all that follows, until undone. */
  each(listener: (value: Value) => unknown): Undo {
    const { last } = this;
    if (last !== undefined) attempt(() => listener(last), this.complain);
    return this.on(listener);
  }

  /** What was told last. */
  get value(): Value {
    return this.last as Value;
  }

  tell(value: Value): void {
    this.last = value;
    this.listeners.forEach((listener) => attempt(() => listener(value), this.complain));
  }
}
