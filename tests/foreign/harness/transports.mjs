// The ways in which the stock JavaScript client can reach a gateway, each with what it needs in Node.

import { Centrifuge } from "centrifuge";
import { Centrifuge as CentrifugeProtobuf } from "centrifuge/build/protobuf";
import { EventSource } from "eventsource";

/** Configuration of a gateway that has all of them. */
export const ALL = { http_stream: { enabled: true }, sse: { enabled: true } };

const bytes = (value) => Buffer.from(JSON.stringify(value));
const value = (data) => JSON.parse(Buffer.from(data));
const same = (data) => data;

/** Ways in by HTTP. `encode` and `decode` turn values into payloads and back. */
export const STREAMS = [
  { name: "HTTP streaming in JSON", transport: "http_stream", kind: Centrifuge, encode: same, decode: same },
  { name: "HTTP streaming in Protobuf", transport: "http_stream", kind: CentrifugeProtobuf, encode: bytes, decode: value },
  { name: "server-sent events", transport: "sse", kind: Centrifuge, encode: same, decode: same },
];

/** Where the client finds `transport` at `port`, one entry of its list. */
export function endpoint(transport, port, scheme = "http") {
  const origin = `${transport === "websocket" ? scheme.replace("http", "ws") : scheme}://127.0.0.1:${port}`;
  return { transport, endpoint: `${origin}/connection/${transport}` };
}

/** What a client that comes `by` one of the streams is made of. */
export function options({ kind }, port, more = {}) {
  return { kind, eventsource: EventSource, emulationEndpoint: `http://127.0.0.1:${port}/emulation`, ...more };
}
