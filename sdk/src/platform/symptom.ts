import type { Loss } from "./platform.js";
import { wordsOf } from "./task.js";

/** Why a socket failed, as far as its device gives it away. */
export type DiagnosisCode =
  | "bad-address"
  | "no-address"
  | "insecure-address"
  | "loopback"
  | "unreachable"
  | "dns"
  | "offline"
  | "timeout"
  | "tls"
  | "no-websocket"
  | "sub-protocol"
  | "domain"
  | "too-many-sockets"
  | "interrupted"
  | "connection-lost";

/** Whether `url` can be an address of a socket at all. A path alone is one for containers and pages. */
export function isAddress(url: unknown): url is string {
  return typeof url === "string" && /^(wss?:\/\/[^\s/?#]+|\/)[^#]*$/i.test(url);
}

/** The code alone of what `diagnose` says. An address that is not known is taken for a good one. */
export function symptomOf(loss: Loss, url: unknown, opened: boolean): DiagnosisCode {
  const said = [loss.reason, wordsOf(loss.raw)].join(" ");
  if (/interrupt/i.test(said)) return "interrupted";
  if (opened) return "connection-lost";
  if (/^no address/.test(said)) return "no-address";
  if (loss.full) return "too-many-sockets";
  if (url !== undefined && !isAddress(url)) return "bad-address";
  if (/^ws:/i.test(`${url}`) && /wss|scheme|secur|mixed|domain|域名/i.test(said)) return "insecure-address";
  for (const [code, pattern] of dials) if (pattern.test(said)) return code === "unreachable" ? unreachable(url) : code;
  return unreachable(url);
}

function unreachable(url: unknown): DiagnosisCode {
  return /^wss?:\/\/(localhost|127\.|0\.0\.0\.0|\[::1?\])/i.test(`${url}`) ? "loopback" : "unreachable";
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
