/** Something that went wrong. `code` is one of those in the documentation, or `server-` and a number of the server's own. */
export interface Fault {
  readonly code: string;
  /** What the server or the device said, or where none of them did, what happened. */
  readonly message?: string;
  readonly raw?: unknown;
}

/** What the SDK says to people. `suona/en` and `suona/zh` have all of it. */
export interface Words {
  /** The notice while there is no connection. */
  readonly connecting: string;
  /** By the code of the error: what happened, and what to do. One that is not here, such as the backend's, speaks for itself. */
  readonly faults: Readonly<Record<string, { readonly message: string; readonly hint: string }>>;
}

/** Whatever goes wrong, with a `code` that stays the same from version to version. */
export class SuonaError extends Error {
  /** One of the table in the documentation, or `server-` and a number of the server's own. */
  readonly code!: string;
  /** What to do about it. */
  readonly hint!: string;
  /** What the server or the device said. */
  readonly raw: unknown;

  constructor({ code, message = code, raw }: Fault, words?: Words) {
    const said = (words && words.faults[code]) || { message, hint: message };
    super(said.message);
    Object.assign(this, { name: "SuonaError", code, raw }, said);
  }
}
