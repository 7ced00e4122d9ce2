import type { Loss } from "../platform/platform.js";
import type { Diagnose, Fault } from "./signals.js";
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

/** A fault whose name says enough, unless there is a message. */
export function faultOf(code: string, message = code, raw?: unknown): Fault {
  return { code, message, raw };
}

/** What a server said, under a name that stays. */
export function serverFault(raw: Refusal | { code: number; reason: string }): Fault {
  const code = errors[raw.code - 100] || disconnects[raw.code] || `server-${raw.code}`;
  return faultOf(code, "message" in raw ? raw.message : raw.reason, raw);
}

/** What became of a socket, under a name that stays; `up` if the server had us. */
export function lossFault(loss: Loss, message: string, up: boolean, diagnose?: Diagnose): Fault {
  const { code = 0, reason = "" } = loss;
  if (code >= 3000 || code === 1009) return serverFault({ code, reason });
  const symptom = loss.full ? "too-many-sockets" : diagnose && diagnose(loss);
  return faultOf(symptom || (up ? "connection-lost" : "unreachable"), message, loss);
}
