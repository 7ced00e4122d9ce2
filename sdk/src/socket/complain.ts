import { attempt } from "../link/attempt.js";

declare const console: { error(...words: unknown[]): void };

/** Hears what callbacks of the app threw or rejected with. Should `onError` fail too, that was the last to be told. */
export function complaints(onError: (error: unknown) => unknown = complain): (error: unknown) => void {
  return (error) => attempt(() => onError(error), () => undefined);
}

/** Says it where the app's developer looks for it. Throws where there is no console. */
export function complain(error: unknown): void {
  console.error("suona:", error);
}
