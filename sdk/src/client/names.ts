import type { Loss } from "../platform/platform.js";
import type { Fault } from "./signals.js";

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

/** What devices write into their errors, and what it means. */
const symptoms: [RegExp, string][] = [
  [/tls|ssl|cert|UNABLE_TO_VERIFY/i, "tls"],
  [/domain|合法域名/i, "domain"],
  [/http status|response|upgrade|handshake/i, "no-websocket"],
  [/exceed|max|同时/i, "too-many-sockets"],
  [/address|url|scheme|syntax/i, "bad-address"],
];

/** The better name of a fault, where the number of its server or the words of its device give it away. */
export function nameOf({ code, raw }: Fault): string | undefined {
  const [, number] = /^server-(\d+)$/.exec(code) ?? [];
  if (number) return errors[+number - 100] ?? disconnects[+number];
  return code === "unreachable" || code === "connection-lost" ? symptomOf(raw as Loss) : undefined;
}

function symptomOf(loss: Loss): string | undefined {
  const raw = loss.raw as { errMsg?: string; message?: string } | undefined;
  const text = `${loss.reason} ${raw?.errMsg} ${raw?.message}`;
  return symptoms.find(([pattern]) => pattern.test(text))?.[1];
}
