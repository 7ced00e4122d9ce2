import type { Loss } from "../platform/platform.js";
import type { Fault } from "./signals.js";
import type { Refusal } from "./wire.js";

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

/** What a server said, under a name that stays. */
export function serverFault(raw: Refusal | { code: number; reason: string }): Fault {
  const code = errors[raw.code - 100] ?? disconnects[raw.code] ?? `server-${raw.code}`;
  return { code, message: "message" in raw ? raw.message : raw.reason, raw };
}

/** What devices write into their errors, and what it means. */
const symptoms: [RegExp, string][] = [
  [/tls|ssl|cert|UNABLE_TO_VERIFY/i, "tls"],
  [/domain|合法域名/i, "domain"],
  [/http status|response|upgrade|handshake/i, "no-websocket"],
  [/exceed|max|同时/i, "too-many-sockets"],
  [/address|url|scheme|syntax/i, "bad-address"],
];

/** What became of a socket, under a name that stays. */
export function lossFault(loss: Loss, message: string, usual: string): Fault {
  const code = loss.code ?? 0;
  if (code >= 3000 || code === 1009) return serverFault({ code, reason: loss.reason ?? "" });
  const raw = loss.raw as { errMsg?: string; message?: string } | undefined;
  const text = `${loss.reason} ${raw?.errMsg} ${raw?.message}`;
  const symptom = loss.full ? "too-many-sockets" : symptoms.find(([pattern]) => pattern.test(text))?.[1];
  return { code: symptom ?? usual, message, raw: loss };
}
