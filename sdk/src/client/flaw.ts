/** Options that are times, sizes or counts, wherever they stand. */
const NUMBERS =
  /^(openTimeout|maxAttempts|firstWait|longestWait|closeAfter|ttl|outboxCommands|outboxBytes|messageLimit|every|patience|count|bytes)$/;
/** Options that hold others. */
const NESTED = /^(onHide|heartbeat|queue)$/;

/** The first option that is not the number from 0 on that it should be, such as `ttl is NaN`. */
export function flawOf(options: object): string | undefined {
  for (const name of Object.keys(options)) {
    const value = (options as Record<string, unknown>)[name];
    if (NUMBERS.test(name) && !sound(name, value)) return `${name} is ${String(value)}`;
    const flaw = NESTED.test(name) && flawOf(Object(value) as object);
    if (flaw) return flaw;
  }
  return undefined;
}

/** The same options without those that have a flaw: their defaults hold. */
export function withoutFlaws<Options extends object>(options: Options): Options {
  const kept = Object.assign({}, options);
  for (const name of Object.keys(kept) as (keyof Options)[]) if (flawOf({ [name]: kept[name] })) delete kept[name];
  return kept;
}

function sound(name: string, value: unknown): boolean {
  // Heartbeats without a pause would be a flood.
  return value === undefined || (typeof value === "number" && value >= 0 && (value > 0 || name !== "every"));
}
