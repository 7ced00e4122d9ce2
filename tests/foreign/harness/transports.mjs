// The five ways in which the stock JavaScript client can reach a gateway, each with what it needs in Node.
// A story that must hold by every way is told in a loop: `for (const way of WAYS) test(`${way.name}: …`)`.

import { Centrifuge } from "centrifuge";
import { Centrifuge as CentrifugeProtobuf } from "centrifuge/build/protobuf";
import { EventSource } from "eventsource";

import { client } from "./clients.mjs";

/** Configuration of a gateway that has all of them. */
export const ALL = { http_stream: { enabled: true }, sse: { enabled: true } };

class Way {
  /** `kind` is the build of the library, which decides the encoding. */
  constructor(name, transport, kind) {
    this.name = name;
    this.transport = transport;
    this.kind = kind;
    this.protocol = kind === CentrifugeProtobuf ? "protobuf" : "json";
    /** The name as a part of channels' and users' names. */
    this.slug = `${transport}-${this.protocol}`;
  }

  /** A client that will come this way to `at`, which has a port. `first` are transports that it tries before. */
  client(t, at, { first = [], data, ...options } = {}) {
    const list = [...first, this.transport].map((transport) => endpoint(transport, at.port));
    return client(t, list, {
      kind: this.kind,
      eventsource: EventSource,
      emulationEndpoint: `http://127.0.0.1:${at.port}/emulation`,
      ...(data === undefined ? {} : { data: this.encode(data) }),
      ...options,
    });
  }

  /** A client that is connected. */
  async connected(t, at, options) {
    const made = this.client(t, at, options);
    made.connect();
    await made.ready(5000);
    return made;
  }

  /** A value as a payload, which is bytes in Protobuf. */
  encode(value) {
    return this.protocol === "protobuf" ? Buffer.from(JSON.stringify(value)) : value;
  }

  /** The value of a payload. */
  decode(data) {
    return this.protocol === "protobuf" && data !== undefined ? JSON.parse(Buffer.from(data)) : data;
  }

  /** Everything that a subscription hears from now on, or a client by its server-side subscription to `channel`. */
  heard(listener, channel) {
    const items = [];
    listener.on("publication", (one) => (!channel || one.channel === channel) && items.push(this.decode(one.data)));
    return items;
  }
}

export const WAYS = [
  new Way("WebSocket in JSON", "websocket", Centrifuge),
  new Way("WebSocket in Protobuf", "websocket", CentrifugeProtobuf),
  new Way("HTTP streaming in JSON", "http_stream", Centrifuge),
  new Way("HTTP streaming in Protobuf", "http_stream", CentrifugeProtobuf),
  new Way("server-sent events", "sse", Centrifuge),
];

/** The ways for networks that let no WebSocket through. */
export const STREAMS = WAYS.filter(({ transport }) => transport !== "websocket");

/** Where the client finds `transport` at `port`, one entry of its list. */
export function endpoint(transport, port, scheme = "http") {
  const origin = `${transport === "websocket" ? scheme.replace("http", "ws") : scheme}://127.0.0.1:${port}`;
  return { transport, endpoint: `${origin}/connection/${transport}` };
}
