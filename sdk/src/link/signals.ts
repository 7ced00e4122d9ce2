import type { Fault } from "../errors.js";
import type { Frame, Loss } from "../platform/platform.js";

/** What the link is told. `generation` names a socket: what comes from any but the current one is ignored. */
export type LinkInput =
  /** Dials; while waiting, at once. */
  | { is: "start" }
  /** Ends the connection. The link stays offline until the next `start`. */
  | { is: "stop"; reason: string; code?: number; fault?: Fault }
  | { is: "opened"; generation: number }
  | { is: "received"; generation: number; frame: Frame }
  | { is: "lost"; generation: number; loss: Loss }
  | { is: "hidden" }
  | { is: "shown" }
  | { is: "network"; online?: boolean }
  | { is: "woke" }
  /**
   * From the layer above: the peer took us, and from now on the connection can count as held. With `silence`, the peer can
   * be probed, and while all is well it is never silent for longer, in ms.
   */
  | { is: "settled"; silence?: number }
  /**
   * From the layer above: give this connection up and dial again, not before `wait` ms if the peer asked for that; if that
   * is `-Infinity`, as soon as there is room for a socket.
   */
  | { is: "drop"; reason: string; wait?: number; fault?: Fault };

/** What the link wants done. */
export type LinkOutput =
  | { is: "dial"; generation: number }
  | { is: "close"; generation: number; code: number; reason: string }
  /** A frame of the current socket. */
  | { is: "heard"; frame: Frame }
  /** The layer above shall send something that the peer answers at once. */
  | { is: "probe" }
  | { is: "state"; state: LinkState };

/** What was wrong. */
export interface Why {
  /** The socket that was lost. */
  readonly loss?: Loss;
  /** Why it was given up from here. */
  readonly fault?: Fault;
}

/** What the link does, and why. */
export interface LinkState extends Why {
  /** `hidden`: the app is in the background, and the link dials when it is shown. */
  readonly at: "offline" | "hidden" | "waiting" | "opening" | "online";
  /** In English, for people. */
  readonly reason: string;
  /** While waiting: the time of the next dial. */
  readonly until?: number;
}

/** How a link behaves. Times are in milliseconds. */
export interface LinkOptions {
  /** What opening a socket may take. Default 10,000. */
  readonly openTimeout?: number;
  /** Whether to dial again after a loss. Default true. */
  readonly reconnect?: boolean;
  /** How often to dial again in a row, without a connection that holds, before giving up. Default unlimited. */
  readonly maxAttempts?: number;
  /** Bound of the first wait between two dials; it doubles with each. Default 500. */
  readonly firstWait?: number;
  /** Bound of all such waits. Default 20,000. */
  readonly longestWait?: number;
  /** What happens to the socket when the app is hidden. Default `{ closeAfter: 4000 }` where the platform suspends, else "keep". */
  readonly onHide?: "keep" | "close" | { readonly closeAfter: number };
}

/** One method for each input, of its name. */
export type Hears<Input extends { is: string }> = {
  [Is in Input["is"]]: (input: Extract<Input, { is: Is }>) => void;
};
