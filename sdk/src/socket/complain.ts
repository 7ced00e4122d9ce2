import { attempt } from "../link/attempt.js";

declare const console: { error(...words: unknown[]): void } | undefined;

/** Hears what callbacks of the app threw or rejected with. Should `onError` fail too, that was the last to be told. */
export function complaints(onError: (error: unknown) => unknown = complain): (error: unknown) => void {
  return (error) => attempt(() => onError(error), () => undefined);
}

/** Says it where the app's developer looks for it. */
export function complain(error: unknown): void {
  if (typeof console === "object") console.error("suona: a callback failed:", error);
}
