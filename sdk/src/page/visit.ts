import type { View } from "../client/options.js";
import { attempt } from "../link/attempt.js";
import type { Suona } from "../client/suona.js";
import type { Undo } from "../platform/platform.js";
import { countdown } from "./countdown.js";
import { Curtain } from "./curtain.js";
import { type Callback, type Ears, membersOf, hearAll } from "./hearing.js";

/** A page or component, as far as it is used here: its methods and fields by their names. */
export type Host = Record<string, unknown>;

/** What of the client is used, whatever its types. */
export type Client = Pick<Suona, "status" | "serverNow" | "complain"> & Ears;

/** What the page shows of the connection. */
export type Shown = Pick<View, "online" | "pending" | "notice">;

/** One page or component while it lives: what it hears, counts down and shows. Nothing reaches it while it is hidden. */
export class Visit {
  private readonly curtain = new Curtain();
  private readonly stops: Undo[] = [];
  private readonly beginnings: (() => void)[] = [];
  private deafen: Undo = () => undefined;
  private lefts: Record<string, number> = {};

  constructor(
    private readonly suona: Client,
    private readonly host: Host,
    private readonly show: (shown: Shown, lefts: Record<string, number>) => void,
  ) {
    this.stops.push(suona.status.each(() => this.update()));
  }

  /** Hears these channels, and those of before no longer. */
  listen(hearings: object): void {
    this.deafen();
    this.deafen = hearAll(this.suona, hearings, (callback, given) =>
      this.curtain.admit(() => this.call(callback, given)),
    );
  }

  /** Counts down to times which are found by functions or in fields. */
  count(countdowns: object, field: (name: string) => unknown): void {
    for (const [name, end] of membersOf(countdowns)) {
      const at = () => Number(typeof end === "function" ? end.call(this.host) : field(end as string));
      const tell = (left: number) => {
        this.lefts[name] = left;
        this.update();
      };
      let stop: Undo = () => undefined;
      const begin = () => {
        stop();
        stop = countdown(this.suona, at, tell);
      };
      begin();
      this.beginnings.push(begin);
      this.stops.push(() => stop());
    }
  }

  hide(): void {
    this.curtain.close();
  }

  reveal(): void {
    this.curtain.open();
    this.update();
  }

  end(): void {
    this.beginnings.length = 0;
    this.stops.splice(0).forEach((stop) => stop());
    this.deafen();
    this.curtain.close();
  }

  private update(): void {
    if (this.curtain.closed) return;
    const { online, pending, notice } = this.suona.status.value;
    attempt(() => this.show({ online, pending, notice }, this.lefts), this.suona.complain);
  }

  private call(callback: Callback, given: unknown[]): unknown {
    const found = typeof callback === "string" ? this.host[callback] : callback;
    if (typeof found !== "function") throw new TypeError(`there is no method "${String(callback)}" to call back`);
    const outcome: unknown = found.apply(this.host, given);
    // It may have learned when something ends: nobody shall see for a second that it has ended.
    attempt(
      () => outcome,
      () => undefined,
      () => this.suona.status.value.online && this.beginnings.forEach((begin) => begin()),
    );
    return outcome;
  }
}
