// A TCP proxy in the middle, that fails the way networks do.

import { once } from "node:events";
import { connect, createServer } from "node:net";

/** Listens on a port of its own and forwards to `port`. */
export async function proxyTo(t, port) {
  const proxy = new Proxy(port);
  t.after(() => proxy.close());
  return proxy.listen();
}

class Proxy {
  #target;
  #server;
  #pairs = new Set();
  #refusing = false;
  #silent = false;
  #delay = 0;

  constructor(target) {
    this.#target = target;
    this.#server = createServer({ allowHalfOpen: true }, (client) => this.#accept(client));
  }

  async listen() {
    this.#server.listen(0, "127.0.0.1");
    await once(this.#server, "listening");
    this.port = this.#server.address().port;
    this.websocket = `ws://127.0.0.1:${this.port}/connection/websocket`;
    return this;
  }

  /** Resets every connection, on both sides, and each new one until `mend`. */
  cut() {
    this.#refusing = true;
    this.reset();
  }

  /** Resets every connection; new ones are welcome. */
  reset() {
    for (const pair of this.#pairs) for (const socket of pair) reset(socket);
  }

  /** Forwards nothing more, of old connections and new ones, and closes nothing. */
  silence() {
    this.#silent = true;
    for (const pair of this.#pairs) for (const socket of pair) socket.pause();
  }

  /** From now on all bytes, and all ends, are so many milliseconds on their way, in either direction. */
  slow(delay) {
    this.#delay = delay;
  }

  mend() {
    this.#refusing = false;
    this.#silent = false;
    for (const pair of this.#pairs) for (const socket of pair) socket.resume();
  }

  close() {
    this.#server.close();
    this.reset();
  }

  #accept(client) {
    if (this.#refusing) return reset(client);
    const pair = [client, connect({ port: this.#target, host: "127.0.0.1", allowHalfOpen: true })];
    this.#pairs.add(pair);
    this.#forward(pair, ...pair);
    this.#forward(pair, ...pair.toReversed());
  }

  #forward(pair, from, to) {
    from.setNoDelay(true);
    from.on("data", (bytes) => this.#later(() => to.writable && !to.write(bytes) && from.pause()));
    to.on("drain", () => this.#silent || from.resume());
    from.on("end", () => this.#later(() => to.end()));
    from.on("error", () => reset(to));
    from.on("close", () => this.#pairs.delete(pair));
    if (this.#silent) from.pause();
  }

  #later(act) {
    if (this.#delay) setTimeout(act, this.#delay);
    else act();
  }
}

/**
 * Resets a connection, unless we are ending it. libuv refuses to reset a socket in the middle of its end, Node
 * takes that socket for closing all the same, and a process with such a socket never ends: it spins in its cleanup.
 */
function reset(socket) {
  if (socket.writableEnded && !socket.writableFinished) socket.destroy();
  else socket.resetAndDestroy();
}
