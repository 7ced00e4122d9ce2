import { attempt } from "../link/attempt.js";
import type { Undo } from "../platform/platform.js";
import type { Listener } from "./room.js";
import type { ClientInfo, Publication } from "./wire.js";
import type { SuonaError } from "../errors.js";

/** What hears a channel and loads what its messages change. */
export interface Loader<Data> extends Listener<Data> {
  /**
   * Loads what the messages change: at first, and whenever messages may have been missed. Newer ones wait until it is
   * done; some of them may be in what it loaded. If it fails, they wait no longer, and it is called again later, or when
   * there is a connection again.
   */
  reload?(): unknown;
}

/** What a reload needs of its client. */
export interface House {
  complain(error: unknown): void;
  /** Calls back after about this long; longer with more luck. */
  later(ms: number, wake: () => void): Undo;
}

/** Messages beyond this many do not wait for a reload. */
const LONGEST_QUEUE = 1000;

/** A listener that reloads, and what waits for it. */
export class Reload<Data> implements Listener<Data> {
  /** What came since it began. */
  private waiting: (() => void)[] | undefined;
  /** Another one is wanted when this is done. */
  private again = false;
  /** It was called once. A channel that goes on where the app ended last time is loaded at first, too. */
  private begun = false;
  private failures = 0;
  private deaf = false;
  private resting = false;
  private undoRetry: Undo = () => undefined;

  constructor(
    private readonly listener: Loader<Data>,
    private readonly house: House,
  ) {}

  subscribed(how: "fresh" | "recovered" | "gap"): unknown {
    this.resting = false;
    if (how !== "recovered" || !this.begun || this.failures) this.begin();
    return this.listener.subscribed?.(how);
  }

  message(data: Data, publication: Publication<Data>): unknown {
    const { waiting } = this;
    if (!waiting) return this.listener.message?.(data, publication);
    return new Promise((heard, failed) => {
      const late = (): void => attempt(() => this.message(data, publication), failed, heard);
      if (waiting.push(late) > LONGEST_QUEUE) this.go();
    });
  }

  gap(): unknown {
    return this.listener.gap?.();
  }

  join(who: ClientInfo): unknown {
    return this.listener.join?.(who);
  }

  leave(who: ClientInfo): unknown {
    return this.listener.leave?.(who);
  }

  /** The server ended the subscription. */
  ended(error: SuonaError): unknown {
    return this.listener.ended?.(error);
  }

  /** Tries nothing more by itself until the channel is heard again, whatever becomes of what it is loading now. */
  rest(): void {
    this.resting = true;
    this.undoRetry();
  }

  /** Nobody listens any more. */
  end(): void {
    this.deaf = true;
    this.rest();
  }

  private begin(): void {
    this.undoRetry();
    if (this.deaf) return;
    this.begun = true;
    this.again = !!this.waiting;
    if (this.again) return;
    const waiting: (() => void)[] = (this.waiting = []);
    const done = (failures: number): void => {
      if (this.waiting === waiting) this.go();
      this.failures = failures;
      if (this.resting) return;
      if (this.again) this.begin();
      else if (failures) this.tryLater();
    };
    const failed = (error: unknown): void => {
      this.house.complain(error);
      done(this.failures + 1);
    };
    attempt(() => this.listener.reload!(), failed, () => done(0));
  }

  private tryLater(): void {
    this.undoRetry = this.house.later(1000 * Math.pow(2, Math.min(this.failures, 5)), () => this.begin());
  }

  /** Hears what waited. */
  private go(): void {
    const waiting = this.waiting ?? [];
    this.waiting = undefined;
    waiting.forEach((hear) => this.deaf || hear());
  }
}
