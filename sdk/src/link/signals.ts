import type { Frame, Loss } from "../platform/platform.js";

/** What the link is told. `generation` names a socket: what comes from any but the current one is ignored. */
export type LinkInput =
  /** Dials; while waiting, at once. */
  | { is: "start" }
  /** Ends the connection. The link stays offline until the next `start`. */
  | { is: "stop"; reason: string; code?: number }
  | { is: "opened"; generation: number }
  | { is: "received"; generation: number; frame: Frame }
  /** `final`: the layer above knows from the loss that dialling again is of no use. */
  | { is: "lost"; generation: number; loss: Loss; final?: boolean }
  | { is: "hidden" }
  | { is: "shown" }
  | { is: "network"; online?: boolean }
  | { is: "woke" }
  /**
   * From the layer above: the peer took us. From now on it can be probed, the connection can count as held, and while all
   * is well the peer is never silent for longer than `silence` ms.
   */
  | { is: "settled"; silence?: number }
  /** From the layer above: give this connection up and dial again, not before `wait` ms if the peer asked for that. */
  | { is: "drop"; reason: string; wait?: number };

/** What the link wants done. */
export type LinkOutput =
  | { is: "dial"; generation: number }
  | { is: "close"; generation: number; code: number; reason: string }
  /** A frame of the current socket. */
  | { is: "heard"; frame: Frame }
  /** The layer above shall send something that the peer answers at once. */
  | { is: "probe" }
  | { is: "state"; state: LinkState };

/** What the link does, and why. */
export interface LinkState {
  /** `hidden`: the app is in the background, and the link dials when it is shown. */
  readonly at: "offline" | "hidden" | "waiting" | "opening" | "online";
  /** In English, for people. */
  readonly reason: string;
  /** While waiting: the time of the next dial. */
  readonly until?: number;
  /** The loss that led here. */
  readonly loss?: Loss;
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
  /** Whether the layer above has something to probe with. Default true. */
  readonly probes?: boolean;
}

/** One method for each input, of its name. */
export type Hears<Input extends { is: string }> = {
  [Is in Input["is"]]: (input: Extract<Input, { is: Is }>) => void;
};
