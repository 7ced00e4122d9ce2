declare const console: { error(...words: unknown[]): void } | undefined;

/** Says what a callback of the app threw or rejected with, where its developer looks for it. */
export function complain(error: unknown): void {
  if (typeof console === "object") console.error("suona: a callback of the app failed", error);
}
