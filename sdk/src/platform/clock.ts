import type { Undo } from "./platform.js";

// The only two names outside of the language that every platform has.
declare function setTimeout(wake: () => void, ms: number): unknown;
declare function clearTimeout(timer: unknown): void;

/** Time and chance of the device: the part of a platform that is the same everywhere. */
export const clock = {
  now: (): number => Date.now(),
  random: (): number => Math.random(),
  after(ms: number, wake: () => void): Undo {
    const timer = setTimeout(wake, ms);
    return () => clearTimeout(timer);
  },
};
