import { symptomOf } from "../platform/symptom.js";
import type { Fault } from "../errors.js";

/** Names for errors from 100 on, as far as servers of this protocol agree. */
const errors: (string | undefined)[] = [
  "server-trouble",
  "unauthorized",
  "unknown-channel",
  "permission-denied",
  "unknown-method",
  "already-subscribed",
  "limit-exceeded",
  "bad-request",
  "not-available",
  "token-expired",
  "token-expired",
  "too-many-requests",
  "position-lost",
];
const disconnects: Record<number, string> = {
  1009: "too-large",
  3500: "token-refused",
  3504: "connection-limit",
  3507: "permission-denied",
};

/**
 * The better name of a fault, where the number of its server or the words of its device give it away. `url`: what was
 * dialled, if that is known. It is what `suona/client` takes as `nameOf`.
 */
export function nameOf({ code, raw }: Fault, url?: unknown): string | undefined {
  const [, number] = /^server-(\d+)$/.exec(code) ?? [];
  if (number) return errors[+number - 100] ?? disconnects[+number];
  const opened = code === "connection-lost";
  return raw && (opened || code === "unreachable") ? symptomOf(raw, url, opened) : undefined;
}
