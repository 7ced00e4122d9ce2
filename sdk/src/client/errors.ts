import type { Fault } from "./signals.js";

/** What the SDK says to people: notices by state, hints by the code of the error. `suona/zh` has them in Chinese. */
export interface Words {
  readonly connecting: string;
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

  constructor({ code, message, raw }: Fault, words: Words) {
    super(message);
    this.name = "SuonaError";
    this.code = code;
    this.hint = words.hints[code] ?? words.hints[""]!;
    this.raw = raw;
  }
}

export const en: Words = {
  connecting: "Connecting…",
  hints: {
    "": "The server refused; ask its owner.",
    unreachable: "Check the network and the address.",
    "connection-lost": "It comes back by itself.",
    tls: "The server needs a full certificate chain and TLS 1.2.",
    domain: "Add the server to the socket domains of the mini-program.",
    "no-websocket": "No WebSocket is answered there: check path and proxy.",
    "not-centrifuge": "Another kind of server is there: check address and path.",
    "bad-address": "Give an address that begins with wss://.",
    "too-many-sockets": "Close other sockets of the app.",
    "no-answer": "Try again.",
    "no-token": "Log in, then call start().",
    "token-failed": "Check what getToken asks.",
    "token-slow": "Check what getToken asks.",
    "token-expired": "Log in again.",
    "token-refused": "Log in again, and compare the server's secret with the backend's.",
    "permission-denied": "The user may not do this.",
    "unknown-channel": "The server has no such namespace.",
    "unknown-method": "The backend has no such method.",
    "not-available": "Enable this on the server.",
    "bad-request": "Check names and data.",
    expired: "It was not sent. Try again.",
    "unknown-outcome": "It may have happened. Look before you try again.",
    "outbox-full": "Wait until some of it is done.",
    "too-large": "Send less at once.",
    "not-json": "Give data that JSON can carry.",
    stopped: "Call start() first.",
    "no-platform": "Pass `platform`, such as nodePlatform(WebSocket) of suona/node.",
    "too-many-requests": "Try again later.",
    "server-trouble": "Try again later.",
  },
};
