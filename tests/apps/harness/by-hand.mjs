// A client as people write it by hand: a WebSocket, JSON or bare texts, and nothing that knows of channels.

import { once } from "node:events";

import { WebSocket } from "ws";

import { until } from "./until.mjs";

/** Opens a door of the gateway. */
export async function open(t, { ws, path, said = [] }) {
  const client = new ByHand(new WebSocket(`${ws}${path}`));
  t.after(() => client.socket.terminate());
  await once(client.socket, "open");
  for (const message of said) client.say(message);
  return client;
}

/** Dials at once and without limit until it is let in, as some do. */
export async function insist(t, where) {
  for (;;) {
    try {
      return await open(t, where);
    } catch {
      // Whoever wrote it by hand did not look at why.
    }
  }
}

class ByHand {
  /** What came, as it came: texts and bytes. */
  heard = [];
  /** How the server closed it. */
  closed;

  constructor(socket) {
    this.socket = socket;
    socket.on("message", (data, isBinary) => this.heard.push(isBinary ? data : `${data}`));
    socket.on("close", (code, reason) => (this.closed = { code, reason: `${reason}` }));
    socket.on("error", () => {});
  }

  /** Sends a text, or an object as JSON. */
  say(message) {
    this.socket.send(typeof message === "string" ? message : JSON.stringify(message));
  }

  /** The first message that is JSON and is accepted, once it has come. */
  async hears(accepts, what) {
    let found;
    await until(() => (found = this.#objects().find(accepts)), `it hears ${what}`);
    return found;
  }

  async isClosed() {
    await until(() => this.closed, "the server closes it");
    return this.closed.code;
  }

  #objects() {
    return this.heard.filter((message) => `${message}`.startsWith("{")).map((message) => JSON.parse(message));
  }
}
