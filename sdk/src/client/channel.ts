import { attempt } from "../link/attempt.js";
import type { Undo } from "../platform/platform.js";
import type { Ear, Listener, Room } from "./room.js";
import type { Command, HistoryRequest } from "./signals.js";
import type { ClientInfo, Json, Position, Publication } from "./wire.js";

/** A token, or nothing where the user may not have one. */
export type Token = string | null | undefined;

/** How one command is sent. */
export interface Sending {
  /** How long it may take, waiting for a connection included. Default that of the client, 60,000 ms. */
  readonly ttl?: number;
}

/** What a server answers about a channel's past. */
export interface History<Data> extends Position {
  readonly publications: Publication<Data>[];
}

/** What channels need of their client. */
export interface Home {
  room(name: string, options: Channeling): Room<Json>;
  /** The last who listened in the room is gone. */
  leave(room: Room<Json>): void;
  ask<Result>(command: Command, sending?: Sending, field?: string): Promise<Result>;
  complain(error: unknown): void;
}

/** How a channel is heard. The options of the first who listens hold for all. */
export interface Channeling {
  /** Ask for what was missed after a break. Default true; the server decides. */
  readonly recover?: boolean;
  /**
   * Go on after the end of the app where it was left: `true` keeps the position in device storage, a number also so many
   * last messages, which `each` hears first.
   */
  readonly keep?: boolean | number;
  /** Hear who joins and leaves, where the server tells. */
  readonly joinLeave?: boolean;
  /** Goes to the backend with the subscription, if it is asked. */
  readonly data?: Json;
  /** Finds the channel's own token, where it needs one. As for the connection: nothing means no, throwing means later. */
  readonly getToken?: (channel: string) => Token | Promise<Token>;
}

/** A channel as one part of the app sees it. */
export class Channel<Data> {
  constructor(
    private readonly home: Home,
    readonly name: string,
    private readonly options: Channeling,
    private readonly bind: (undo: Undo) => Undo = (undo) => undo,
  ) {}

  /** Hears all messages from now on, until undone, and first those that were kept. */
  each(listener: Listener<Data>["message"] | Listener<Data>): Undo {
    const { kept } = this.room();
    const { keep } = this.options;
    const { message } = complete(listener);
    if (kept && message && typeof keep === "number") {
      for (const publication of kept.publications.slice(-keep)) {
        attempt(() => message(publication.data, publication), this.home.complain);
      }
    }
    return this.on(listener);
  }

  /** Hears all messages from now on, until undone. */
  on(listener: Listener<Data>["message"] | Listener<Data>): Undo {
    const room = this.room();
    let ear: Ear<Data> | undefined = room.enter(complete(listener));
    return this.bind(() => {
      if (!ear) return;
      ear.end();
      room.ears.delete(ear);
      ear = undefined;
      if (!room.ears.size) this.home.leave(room as Room<Json>);
    });
  }

  publish(data: Data, sending?: Sending): Promise<void> {
    return this.home.ask({ publish: { channel: this.name, data } }, sending);
  }

  history({ limit, since, reverse }: HistoryRequest = {}, sending?: Sending): Promise<History<Data>> {
    return this.home.ask({ history: { channel: this.name, limit, since, reverse } }, sending);
  }

  /** Who is there, by connection. */
  presence(sending?: Sending): Promise<Record<string, ClientInfo>> {
    return this.home.ask({ presence: { channel: this.name } }, sending, "presence");
  }

  presenceStats(sending?: Sending): Promise<{ num_clients: number; num_users: number }> {
    return this.home.ask({ presence_stats: { channel: this.name } }, sending);
  }

  private room(): Room<Data> {
    return this.home.room(this.name, this.options) as Room<unknown> as Room<Data>;
  }
}

function complete<Data>(listener: Listener<Data>["message"] | Listener<Data>): Listener<Data> {
  return typeof listener === "function" ? { message: listener } : (listener ?? {});
}
