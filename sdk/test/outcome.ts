import type { SuonaError } from "../src/errors.js";

/** The outcome of a promise, in a word. */
export function outcome(promise: Promise<unknown>): { now: string } {
  const seen = { now: "pending" };
  promise.then(
    (result) => (seen.now = `done ${JSON.stringify(result)}`),
    (error: SuonaError) => (seen.now = error.code),
  );
  return seen;
}
