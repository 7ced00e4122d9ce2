import type { Words } from "./errors.js";

/** What the SDK says, in English: `createSuona({ words: en })`. */
export const en = {
  connecting: "Connecting…",
  faults: {
    unreachable: {
      message: "The server cannot be reached.",
      hint: "Check that it runs, that the domain and port are right, and that the firewall lets them through.",
    },
    "connection-lost": {
      message: "The connection is lost.",
      hint: "Nothing to do: it comes back by itself. If it is lost every minute, raise the read time-out of the proxy above the interval of pings.",
    },
    "no-answer": { message: "The server does not answer.", hint: "Nothing to do: it is tried again." },
    "bad-address": {
      message: "The address is none of a WebSocket.",
      hint: "Write it in full: wss://your.domain/connection/websocket.",
    },
    "no-address": { message: "The app found no address to dial.", hint: "Check what `url` asks." },
    "insecure-address": {
      message: "The device refuses addresses that start with ws://.",
      hint: "Use wss:// with a certificate. Phones allow ws:// only to a computer in their own network, for trying things out.",
    },
    loopback: {
      message: "Nothing answers at this address of the device itself.",
      hint: "Start the gateway. On a phone this address means the phone: use that of the computer (`suona serve --dev` prints it).",
    },
    dns: { message: "The server's name cannot be resolved.", hint: "Check the domain's spelling and its DNS records." },
    offline: { message: "The device has no network.", hint: "Nothing to do: it connects when the network is back." },
    timeout: {
      message: "The server did not answer in time.",
      hint: "The network is slow, or a firewall drops the packets. `suona doctor` with this address, from elsewhere, tells which.",
    },
    tls: {
      message: "The secure connection failed (TLS).",
      hint: "Phones need the full chain (fullchain.pem), TLS 1.2, and a certificate for this very domain. `suona doctor --wechat` checks them.",
    },
    domain: {
      message: "The domain is not in the mini-program's list.",
      hint: "Add it to the socket domains (socket合法域名) in the console of the mini-program, then restart it.",
    },
    "no-websocket": {
      message: "Something answered, but not as a WebSocket.",
      hint: "Check the path (Suona's is /connection/websocket) and that the proxy passes Upgrade on. Socket.IO is another protocol.",
    },
    "sub-protocol": {
      message: "The server did not confirm the sub-protocol.",
      hint: "Offer no `protocols`, or let the server echo one of them.",
    },
    "too-many-sockets": {
      message: "The mini-program has too many sockets open.",
      hint: "One connection for the whole app is enough; at most five may exist, closing ones included.",
    },
    interrupted: {
      message: "The system cut the connection while the app was in the background.",
      hint: "Nothing to do: it comes back when the app does.",
    },
    "not-centrifuge": {
      message: "A WebSocket server answered, in another protocol.",
      hint: "Check address and path: this client speaks the Centrifuge protocol, as Suona and Centrifugo do.",
    },
    "no-token": { message: "There is no token: the user may not connect.", hint: "Log in, then call start()." },
    "token-failed": {
      message: "The app could not find a token.",
      hint: "Check what getToken asks. It is asked again.",
    },
    "token-slow": {
      message: "The app took too long to find a token.",
      hint: "Check what getToken asks: servers wait ten seconds. It is asked again.",
    },
    "token-expired": { message: "The token is too old.", hint: "Log in again." },
    "token-refused": {
      message: "The server does not accept the token.",
      hint: "Log in again, and compare the server's secret with the backend's.",
    },
    unauthorized: { message: "The server wants to know who this is.", hint: "Log in again." },
    "permission-denied": { message: "The user may not do this.", hint: "Ask whoever gives permissions." },
    "unknown-channel": {
      message: "The server has no such namespace.",
      hint: "Check the channel's name, and the namespaces of the server.",
    },
    "unknown-method": {
      message: "The backend has no such method.",
      hint: "Check the method's name, and the rpc webhook.",
    },
    "already-subscribed": { message: "The server has this client in the channel already.", hint: "Nothing to do." },
    "limit-exceeded": {
      message: "The server allows no more of this.",
      hint: "Use fewer channels, or raise the limit on the server.",
    },
    "bad-request": { message: "The server did not understand the request.", hint: "Check names and data." },
    "not-available": { message: "The server has this switched off.", hint: "Enable it on the server." },
    "too-many-requests": { message: "That was too much at once.", hint: "Try again later." },
    "position-lost": { message: "The messages since then are not kept any more.", hint: "Load anew what they change." },
    "connection-limit": {
      message: "The user has too many connections.",
      hint: "Close others, or raise the limit on the server.",
    },
    "server-trouble": { message: "The server failed.", hint: "It may have happened: look before you try again." },
    expired: { message: "It waited too long and was not sent.", hint: "Try again." },
    "unknown-outcome": { message: "No answer came: it may have happened.", hint: "Look before you try again." },
    "outbox-full": { message: "Too much is waiting to be sent.", hint: "Wait until some of it is done." },
    "too-large": { message: "It is longer than a message may be.", hint: "Send less at once." },
    "not-json": { message: "The data cannot be written as JSON.", hint: "Give data without loops and BigInt." },
    "not-sendable": {
      message: "Only text and bytes can be sent.",
      hint: "Give a string, an ArrayBuffer, or a view of one.",
    },
    stopped: { message: "The connection was closed by the app.", hint: "Call start() first." },
    "bad-option": {
      message: "An option is not the number that it should be.",
      hint: "Give times and limits as numbers from 0 on; `raw` names the one that is none.",
    },
    "no-platform": {
      message: "The SDK does not know where it runs.",
      hint: "Pass `platform`, such as nodePlatform(WebSocket) of suona/node.",
    },
  },
} satisfies Words;
