/** What devices say when a socket fails, in words that lead somewhere. */

import { flawOf } from "../client/flaw.js";
import { en } from "../en.js";
import { SuonaError, type Words } from "../errors.js";
import type { LinkState } from "../link/signals.js";
import type { SocketOptions } from "../socket.js";
import type { Loss } from "./platform.js";
import { type DiagnosisCode, symptomOf } from "./symptom.js";

export { nameOf } from "../client/names.js";
export { type DiagnosisCode, isAddress, symptomOf } from "./symptom.js";

export interface Diagnosis {
  /** Stable: a program may compare it. */
  readonly code: DiagnosisCode;
  /** What happened. */
  readonly message: string;
  /** What to do. */
  readonly hint: string;
}

/**
 * What to make of a socket to `url` that was lost; `opened` if it had been open. English, unless `words` are others.
 *
 * A socket that was open is closed by servers with words of their own, so only what systems say is recognised then.
 */
export function diagnose(loss: Loss, url: unknown, opened = false, words: Words = en): Diagnosis {
  const code = symptomOf(loss, url, opened);
  return Object.assign({ code }, words.faults[code]!);
}

/**
 * What is wrong with a `ReliableSocket` in this state, while it waits or has given up: for its option `explain`. In
 * English, unless its `words` are others.
 */
export function explain(state: LinkState, options: SocketOptions): SuonaError | undefined {
  const { loss, fault, reason } = state;
  const { url, words = en } = options;
  const raw = flawOf(options);
  if (raw) return new SuonaError({ code: "bad-option", raw }, words);
  if (!loss) return fault && new SuonaError(fault, words);
  const dialled = typeof url === "string" ? url : undefined;
  return new SuonaError({ code: symptomOf(loss, dialled, /online$/.test(reason)), raw: loss }, words);
}
