import { attempt } from "../link/attempt.js";
import type { SuonaError } from "../errors.js";
import type { Channeling } from "./channel.js";
import type { ClientInfo, Position, Publication } from "./wire.js";

/** What hears a channel. Whatever it throws or rejects with is reported and stops nothing. */
export interface Listener<Data> {
  /** Each message once and in order. */
  message?(data: Data, publication: Publication<Data>): unknown;
  /** The server has us in the channel. `gap`: messages were missed and cannot be had any more. `fresh`: nobody knows. */
  subscribed?(how: "fresh" | "recovered" | "gap"): unknown;
  /** Messages were missed, and the server does not have them any more. */
  gap?(): unknown;
  join?(who: ClientInfo): unknown;
  leave?(who: ClientInfo): unknown;
  /** The server ended the subscription, and it will not come back by itself. */
  ended?(error: SuonaError): unknown;
}

/** One who hears a channel. The same listener may be there twice. */
export interface Ear<Data> {
  readonly listener: Listener<Data>;
}

/** All who hear one channel in this client. */
export class Room<Data> {
  readonly ears = new Set<Ear<Data>>();
  /** Whether the server has us there; nothing as long as the client was not asked to hear it, or since the server ended that. */
  joined: boolean | undefined;
  /** The login for which a token of the channel is being looked for. */
  asked: number | undefined;

  constructor(
    readonly channel: string,
    private readonly failed: (error: unknown) => void,
    readonly options: Channeling & { since?: Position | undefined },
  ) {}

  enter(ear: Ear<Data>): void {
    this.ears.add(ear);
    if (this.joined) this.callBack(ear, "subscribed", ["fresh"]);
  }

  subscribed(how: "fresh" | "recovered" | "gap"): void {
    this.joined = true;
    this.options.since = undefined; // what was heard since then does not come again
    if (how === "gap") this.tell(how);
    this.tell("subscribed", how);
  }

  tell(event: keyof Listener<Data>, ...what: unknown[]): void {
    this.ears.forEach((ear) => this.callBack(ear, event, what));
  }

  private callBack({ listener }: Ear<Data>, event: keyof Listener<Data>, what: unknown[]): void {
    const callbacks = listener as Partial<Record<typeof event, (...what: unknown[]) => unknown>>;
    if (callbacks[event]) attempt(() => callbacks[event]!(...what), this.failed);
  }
}
