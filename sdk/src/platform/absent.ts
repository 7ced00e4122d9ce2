/** Calls that may find nothing to call, or be refused: old versions, plugins, blocked cookies, full storage. */

/** What `call` returns; nothing where it throws. */
export function quietly<T>(call: () => T): T | undefined {
  try {
    return call();
  } catch {
    return undefined;
  }
}

/** Whether there is such a name here, and it is a function. */
export function callable(what: () => unknown): boolean {
  return typeof quietly(what) === "function";
}

export function present(what: () => unknown): boolean {
  return quietly(what) !== undefined;
}
