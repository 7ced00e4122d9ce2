import type { Fault } from "../errors.js";
import type { Loss } from "../platform/platform.js";
import type { Refusal } from "./wire.js";

/** A fault whose name says enough, unless there is a message. */
export function faultOf(code: string, message?: string, raw?: unknown): Fault {
  return { code, message, raw };
}

/** What a server said, under its number. */
export function serverFault(raw: Refusal | { code: number; reason: string }): Fault {
  return faultOf(`server-${raw.code}`, "message" in raw ? raw.message : raw.reason, raw);
}

/** What became of a socket; `up` if the server had us. */
export function lossFault(loss: Loss, message: string, up: boolean): Fault {
  const { code = 0, reason = "", full } = loss;
  if (code >= 3000 || code === 1009) return serverFault({ code, reason });
  return faultOf(full ? "too-many-sockets" : up ? "connection-lost" : "unreachable", message, loss);
}
