import type { Undo } from "../platform/platform.js";
import type { Listener, Room } from "./room.js";
import type { Command } from "./signals.js";
import type { Json, Position } from "./wire.js";

/** A token, or nothing where the user may not have one. */
export type Token = string | null | undefined;

/** How one command is sent. */
export interface Sending {
  /** How long it may take, waiting for a connection included. Default that of the client, 60,000 ms. */
  readonly ttl?: number;
}

/** What channels need of their client. */
export interface Home {
  room(name: string, options: Channeling): Room<Json>;
  /** The last who listened there is gone. */
  leave(channel: string): void;
  publish(channel: string, data: Json, sending?: Sending): Promise<void>;
  ask<Result>(command: Command, sending?: Sending, field?: string): Promise<Result>;
}

/** How a channel is heard. The options of the first who listens hold for all. */
export interface Channeling {
  /** Ask for what was missed after a break. Default true; the server decides. */
  readonly recover?: boolean;
  /** Where to go on, if known from before. */
  readonly since?: Position;
  /** Tell positions, so that they can be kept. */
  readonly keep?: boolean | number;
  /** Hear who joins and leaves, where the server tells. */
  readonly joinLeave?: boolean;
  /** Goes to the backend with the subscription, if it is asked. */
  readonly data?: Json;
  /**
   * Finds the channel's own token, where it needs one. As for the connection: nothing means no, throwing means later; but
   * it is asked again 15,000 ms after it was, and failures go to `onError`.
   */
  readonly getToken?: (channel: string) => Token | Promise<Token>;
}

/** A channel as one part of the app sees it. */
export class Channel<Data> {
  constructor(
    protected readonly home: Home,
    readonly name: string,
    protected readonly options: Channeling,
  ) {}

  /** Hears all messages from now on, until undone. */
  on(listener: Listener<Data>["message"] | Listener<Data>): Undo {
    const room = this.room();
    const ear = { listener: complete(listener) };
    room.enter(ear);
    return () => {
      if (room.ears.delete(ear) && !room.ears.size) this.home.leave(this.name);
    };
  }

  publish(data: Data, sending?: Sending): Promise<void> {
    return this.home.publish(this.name, data, sending);
  }

  protected room(): Room<Data> {
    return this.home.room(this.name, this.options) as Room<unknown> as Room<Data>;
  }
}

export function complete<Data, Heard extends Listener<Data>>(
  listener: Listener<Data>["message"] | Heard,
): Heard | Listener<Data> {
  return typeof listener === "function" ? { message: listener } : listener || {};
}
