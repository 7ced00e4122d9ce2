import type { Undo } from "../platform/platform.js";

/** Calls the app back. What it throws, or its promise is rejected with, goes to `complain` and stops nothing. */
export function attempt(
  call: () => unknown,
  complain: (error: unknown) => void,
  done: (well: boolean) => void = () => undefined,
): void {
  const failed = (error: unknown) => {
    complain(error);
    done(false);
  };
  try {
    const returned = call() as Promise<unknown> | undefined;
    if (typeof returned?.then === "function") returned.then(() => done(true), failed);
    else done(true);
  } catch (error) {
    failed(error);
  }
}

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
