import type { Loss } from "../platform/platform.js";

/** What devices write into their errors, and what it means. */
const symptoms: [RegExp, string][] = [
  [/tls|ssl|cert|UNABLE_TO_VERIFY/i, "tls"],
  [/domain|合法域名/i, "domain"],
  [/http status|response|upgrade|handshake/i, "no-websocket"],
  [/exceed|max|同时/i, "too-many-sockets"],
  [/address|url|scheme|syntax/i, "bad-address"],
];

/** The code of the error for a socket that could not be opened, as far as its device gives it away. */
export function symptom(loss: Loss): string | undefined {
  const raw = loss.raw as { errMsg?: string; message?: string } | undefined;
  const text = `${loss.reason} ${raw?.errMsg} ${raw?.message}`;
  return symptoms.find(([pattern]) => pattern.test(text))?.[1];
}
