import type { LinkState } from "../link/signals.js";
import { lossFault } from "./faults.js";
import type { Fault } from "./signals.js";

/** What is wrong with the connection, from the moment it failed until it is well again. */
export class Trouble {
  fault: Fault | undefined;
  /** Whether there was a socket, open or not yet. */
  private linked = false;
  /** Why we gave the connection up; `null` if that was no fault. */
  private cause: Fault | null | undefined;

  /** We are about to give the connection up. */
  because(cause: Fault | null): void {
    this.cause = cause;
  }

  /** Looks at a new state of the link; `up` if the server had us until now. */
  judge({ at, loss, reason }: LinkState, up: boolean): void {
    const { cause, linked } = this;
    this.linked = at === "opening" || at === "online";
    if (!loss && at !== "waiting" && at !== "offline") return;
    this.cause = undefined;
    if (loss) this.fault = lossFault(loss, reason, up ? "connection-lost" : "unreachable");
    else if (cause !== undefined) this.fault = cause ?? undefined;
    else if (linked) this.fault = { code: "no-answer", message: reason };
  }
}
