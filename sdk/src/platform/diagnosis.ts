/** What devices say when a socket fails, in words that lead somewhere. */

import type { Loss } from "./platform.js";
import { wordsOf } from "./task.js";

/** Why a socket failed, as far as its device gives it away. */
export type DiagnosisCode = keyof typeof english;

export interface Diagnosis {
  /** Stable: a program may compare it. */
  readonly code: DiagnosisCode;
  /** What happened. */
  readonly message: string;
  /** What to do. */
  readonly hint: string;
}

/** Sentences for every code. `suona/zh` has the Chinese ones. */
export type DiagnosisWords = Readonly<Record<DiagnosisCode, { readonly message: string; readonly hint: string }>>;

/**
 * What to make of a socket to `url` that was lost; `opened` if it had been open.
 *
 * A socket that was open is closed by servers with words of their own, so only what systems say is recognised then.
 */
export function diagnose(loss: Loss, url: unknown, opened = false, words: DiagnosisWords = english): Diagnosis {
  const code = symptomOf(loss, url, opened);
  return { code, message: words[code].message, hint: words[code].hint };
}

/** Whether `url` can be an address of a socket at all. A path alone is one for containers and pages. */
export function isAddress(url: unknown): url is string {
  return typeof url === "string" && /^(wss?:\/\/[^\s/?#]+|\/)[^#]*$/i.test(url);
}

/** The code alone of what {@link diagnose} says. */
export function symptomOf(loss: Loss, url: unknown, opened: boolean): DiagnosisCode {
  const said = [loss.reason, wordsOf(loss.raw)].join(" ");
  if (/interrupt/i.test(said)) return "interrupted";
  if (opened) return "broken";
  if (loss.full) return "too-many-sockets";
  if (!isAddress(url)) return "bad-address";
  if (/^ws:/i.test(url) && /wss|scheme|secur|mixed|domain|域名/i.test(said)) return "insecure-address";
  for (const [code, pattern] of dials) if (pattern.test(said)) return code === "unreachable" ? unreachable(url) : code;
  return unreachable(url);
}

function unreachable(url: string): DiagnosisCode {
  return /^wss?:\/\/(localhost|127\.|0\.0\.0\.0|\[::1?\])/i.test(url) ? "loopback" : "unreachable";
}

/**
 * Texts of failed dials, the first that matches counts. From WeChat's phones (websocketpp, SocketRocket), Alipay's table
 * of errors, Node, and npm `ws`. Numbers differ between versions and systems, texts less.
 */
const dials: ReadonlyArray<readonly [DiagnosisCode, RegExp]> = [
  ["sub-protocol", /sec-websocket-protocol|sub-?protocol/i],
  ["timeout", /time[d-]?[ -]?out|timer expired|onOpen fail code:9|超时/i],
  ["domain", /domain list|domain not|illegal domain|合法域名/i],
  ["tls", /tls|ssl|certificate|\bcert\b|UNABLE_TO_VERIFY|EPROTO|证书/i],
  ["no-websocket", /http status|server response|response header|upgrade|Parse Error|socket hang up|Stream end/i],
  ["bad-address", /invalid url|url (is )?(empty|invalid)|SyntaxError/i],
  ["dns", /ENOTFOUND|EAI_AGAIN|name.not.resolved|resolve|UnknownHost/i],
  [
    "offline",
    /ENETUNREACH|ENETDOWN|internet.disconnected|network is (down|unreachable)|6000?0[034]\b|未联网|网络不可用/i,
  ],
  ["unreachable", /ECONNREFUSED|refused|Underlying Transport/i],
];

const english = {
  "bad-address": {
    message: "The address is none of a WebSocket.",
    hint: "Write it in full: wss://your.domain/connection/websocket.",
  },
  "insecure-address": {
    message: "The device refuses addresses that start with ws://.",
    hint: "Use wss:// with a certificate. Phones allow ws:// only to a computer in their own network, for trying things out.",
  },
  loopback: {
    message: "Nothing answers at this address of the device itself.",
    hint: "Start the gateway. On a phone this address means the phone: use that of the computer (`suona serve --dev` prints it).",
  },
  unreachable: {
    message: "The server cannot be reached.",
    hint: "Check that the gateway runs, that the domain and port are right, and that the firewall lets them through.",
  },
  dns: {
    message: "The server's name cannot be resolved.",
    hint: "Check the domain's spelling and its DNS records.",
  },
  offline: {
    message: "The device has no network.",
    hint: "Nothing to do: it connects when the network is back.",
  },
  timeout: {
    message: "The server did not answer in time.",
    hint: "The network is slow, or a firewall drops the packets. `suona doctor` with this address, from elsewhere, tells which.",
  },
  tls: {
    message: "The secure connection failed (TLS).",
    hint: "Phones need the full chain (fullchain.pem), TLS 1.2, and a certificate for this very domain. `suona doctor --wechat` checks them.",
  },
  "no-websocket": {
    message: "Something answered, but not as a WebSocket.",
    hint: "Check the path (Suona's is /connection/websocket) and that the proxy passes Upgrade on. Socket.IO is another protocol.",
  },
  "sub-protocol": {
    message: "The server did not confirm the sub-protocol.",
    hint: "Offer no `protocols`, or let the server echo one of them.",
  },
  domain: {
    message: "The domain is not in the mini-program's list.",
    hint: "Add it to the legal socket domains (socket合法域名) in the platform's console, then restart the app.",
  },
  "too-many-sockets": {
    message: "The app has too many sockets open.",
    hint: "Use one connection for the whole app; five may exist, those that are closing included.",
  },
  interrupted: {
    message: "The system cut the connection while the app was in the background.",
    hint: "Nothing to do: it connects again when the app is shown.",
  },
  broken: {
    message: "The connection broke.",
    hint: "Nothing to do: it connects again. If that happens every minute, raise the proxy's read time-out above the heartbeat.",
  },
};
