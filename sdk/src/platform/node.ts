import { clock } from "./clock.js";
import type { Dial, Platform } from "./platform.js";
import { openWebSocket, type WebSocketLike } from "./web-socket.js";

/** The class of npm `ws`, or one that is made like it. */
export type WebSocketClass = new (
  url: string,
  protocols: string[],
  options: { headers?: Record<string, string>; handshakeTimeout: number },
) => WebSocketLike;

declare const WebSocket: new (url: string, options: Pick<Dial, "protocols" | "headers">) => WebSocketLike;

/** Node, and servers alike. Pass the class of npm `ws`; since version 22 Node's own will do, and is the default. */
export function nodePlatform(given?: WebSocketClass): Platform {
  const make = (dial: Dial): WebSocketLike =>
    given
      ? new given(dial.url, dial.protocols ?? [], { headers: dial.headers, handshakeTimeout: dial.timeout })
      : new WebSocket(dial.url, { protocols: dial.protocols, headers: dial.headers });
  return Object.assign(
    {
      name: "node",
      habits: { suspends: false },
      open: (dial, on) => openWebSocket(on, () => make(dial)),
    } satisfies Omit<Platform, keyof typeof clock>,
    clock,
  );
}
