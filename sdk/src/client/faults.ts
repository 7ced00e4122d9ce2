import type { Fault } from "../errors.js";
import type { Loss } from "../platform/platform.js";
import type { Refusal } from "./wire.js";

/** A fault whose name says enough, unless there is a message. */
export function faultOf(code: string, message?: string, raw?: unknown): Fault {
  return { code, message, raw };
}

/** What a server said, under its number. */
export function serverFault(raw: Partial<Refusal> & { reason?: string }): Fault {
  const { code, message, reason } = raw;
  return faultOf(`server-${code}`, message || reason, raw);
}

/** What became of a socket; `up` if it was open. The socket's own words say more than those of the link: `why`. */
export function lossFault(loss: Loss, why: string, up: boolean): Fault {
  const { code = 0, reason = "", full } = loss;
  if (code >= 3000 || code === 1009) return serverFault({ code, reason });
  return faultOf(full ? "too-many-sockets" : up ? "connection-lost" : "unreachable", reason || why, loss);
}
