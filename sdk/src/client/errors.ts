import type { Fault } from "./signals.js";

/** What the SDK says to people. `suona/en` and `suona/zh` have all of it. */
export interface Words {
  /** The notice while there is no connection. Default "Connecting…". */
  readonly connecting: string;
  /** What to do, by the code of the error. An error that has no hint here gives its message instead. */
  readonly hints: Record<string, string>;
}

/** Whatever goes wrong, with a `code` that stays the same from version to version. */
export class SuonaError extends Error {
  /** One of the table in the documentation, or `server-` and a number of the server's own. */
  readonly code: string;
  /** What to do about it. */
  readonly hint: string;
  /** What the server or the device said. */
  readonly raw: unknown;

  constructor({ code, message, raw }: Fault, words?: Words) {
    super(message);
    this.name = "SuonaError";
    this.code = code;
    this.hint = (words && words.hints[code]) || message;
    this.raw = raw;
  }
}
