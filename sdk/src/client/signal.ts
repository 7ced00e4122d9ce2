import { attempt } from "../link/attempt.js";
import type { Undo } from "../platform/platform.js";

/** Something that is told to whoever listens. */
export class Signal<Value> {
  private readonly listeners = new Set<(value: Value) => unknown>();
  /** What was told last. */
  readonly value!: Value;

  constructor(private readonly failed: (error: unknown) => void) {}

  /** Hears what is told from now on, until undone. */
  on(listener: (value: Value) => unknown): Undo {
    const own = (value: Value) => listener(value); // the same function may listen twice
    this.listeners.add(own);
    return () => void this.listeners.delete(own);
  }

  /** Hears what is now, at once, and all that follows, until undone. */
  each(listener: (value: Value) => unknown): Undo {
    const { value } = this;
    if (value !== undefined) attempt(() => listener(value), this.failed);
    return this.on(listener);
  }

  /** @internal */
  tell(value: Value): void {
    (this as { value: Value }).value = value;
    this.listeners.forEach((listener) => attempt(() => listener(value), this.failed));
  }
}
