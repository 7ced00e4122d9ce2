import type { Fault } from "../errors.js";
import type { Dialing } from "../link/driver.js";
import type { LinkOptions } from "../link/signals.js";
import type { Platform } from "../platform/platform.js";
import type { Token } from "./channel.js";
import type { SuonaError, Words } from "../errors.js";
import type { ClientOptions, Status } from "./signals.js";

/** How to reach a server, and as whom. Times are in milliseconds. */
export interface SuonaOptions extends Dialing, LinkOptions, Omit<ClientOptions, "session" | "asksToken"> {
  readonly platform: Platform;
  /**
   * Finds a token: called when there is none or it has expired, and not again while the old one holds. To give nothing
   * means that the user may not connect, which ends the matter; to throw, that it may work later. One at a time; but if it
   * has not answered 8,000 ms after the socket is open, it is asked again with the next dial, and whichever comes first is
   * taken.
   */
  readonly getToken?: () => Token | Promise<Token>;
  /**
   * Hears what callbacks of the app threw or rejected with, and of a channel's `getToken` a `SuonaError`: `token-failed`, or
   * `token-slow` where it hangs. Default: the console, where there is one.
   */
  readonly onError?: (error: unknown) => unknown;
  /** Finds a better name for a fault, such as `nameOf` of `suona/diagnosis`. Without it servers' errors have numbers for names. */
  readonly nameOf?: (fault: Fault) => string | undefined;
  /** Sentences for errors and notices, from `suona/en` or `suona/zh`. Default of the main entry: English. Without any: codes. */
  readonly words?: Words;
}

/** What a page shows of the connection. */
export interface View {
  /** Whether the server has us. */
  readonly online: boolean;
  /** `hidden`: in the background. `waiting`: until the next attempt. */
  readonly state: Status["at"];
  /** Why, in English, for developers. */
  readonly reason: string;
  /** What to show to the user; empty while all is well. */
  readonly notice: string;
  /** How many commands are not answered yet. */
  readonly pending: number;
  /** What is wrong, if something is. */
  readonly error?: SuonaError;
  /** While waiting: the wall-clock time of the next attempt. */
  readonly until?: number;
}

/** Functions by the name of the method, each with one argument: what the backend offers. */
export type Backend<Methods> = { [Method in keyof Methods]: (data: never) => unknown };
/** The names among the keys: those of methods or channels. */
export type Name<Names> = keyof Names & string;
