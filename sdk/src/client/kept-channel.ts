import { attempt } from "../link/attempt.js";
import type { Undo } from "../platform/platform.js";
import { Channel, complete, type Channeling, type Home, type Sending } from "./channel.js";
import type { Kept } from "./keep.js";
import { Keeper } from "./keeper.js";
import { type House, type Loader, Reload } from "./reload.js";
import type { HistoryRequest } from "./signals.js";
import type { ClientInfo, Position, Publication } from "./wire.js";

/** What a server answers about a channel's past. */
export interface History<Data> extends Position {
  readonly publications: Publication<Data>[];
}

/** How a channel is heard, where there is storage. */
export interface Keeping extends Omit<Channeling, "since"> {
  /**
   * Go on after the end of the app where it was left: `true` keeps the position in device storage, a number also so many
   * last messages, which `each` hears first. What a listener with `keep` has not heard by then comes again; it has heard
   * a message when it has returned, or when the promise that it returned is settled.
   */
  readonly keep?: boolean | number;
}

/** What such channels need of their client. */
export interface Archive extends Home, House {
  /** What is kept of a channel. */
  kept(channel: string): Kept | undefined;
  /** Those that may be under way. */
  readonly reloads: Set<{ rest(): void }>;
}

/** A channel with its past, and with those who are there. */
export class KeptChannel<Data> extends Channel<Data> {
  constructor(
    protected override readonly home: Archive,
    name: string,
    options: Keeping,
    private readonly bind: (undo: Undo) => Undo = (undo) => undo,
  ) {
    super(home, name, options);
  }

  /** Hears all messages from now on, until undone. */
  override on(listener: Loader<Data>["message"] | Loader<Data>): Undo {
    const { home, name, options, bind } = this;
    const loader = complete<Data, Loader<Data>>(listener) as Loader<Data>;
    const reload = loader.reload && new Reload(loader, home);
    if (reload) home.reloads.add(reload);
    const keeper = options.keep ? new Keeper<Data>(reload || loader, () => home.kept(name)) : undefined;
    const undo = super.on(keeper ?? reload ?? loader);
    return bind(() => {
      undo();
      keeper?.end();
      if (!reload) return;
      reload.end();
      home.reloads.delete(reload);
    });
  }

  /** Hears all messages from now on, until undone, and first those that were kept. */
  each(listener: Loader<Data>["message"] | Loader<Data>): Undo {
    this.room();
    const { keep } = this.options;
    const { message } = complete(listener);
    if (message && typeof keep === "number") {
      for (const publication of (this.home.kept(this.name)?.publications ?? []).slice(-keep)) {
        attempt(() => message(publication.data as Data, publication as Publication<Data>), this.home.complain);
      }
    }
    return this.on(listener);
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
}
