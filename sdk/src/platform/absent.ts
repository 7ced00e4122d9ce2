/** Asking for names that may not exist here, or whose getters refuse. Neither throws. */

export function callable(what: () => unknown): boolean {
  return typeof value(what) === "function";
}

export function present(what: () => unknown): boolean {
  return value(what) !== undefined;
}

function value(what: () => unknown): unknown {
  try {
    return what();
  } catch {
    return undefined;
  }
}
