import { attempt } from "../link/attempt.js";
import type { Undo } from "../platform/platform.js";
import type { SuonaError } from "../errors.js";
import type { ClientInfo, Publication } from "./wire.js";

/** What hears a channel. Whatever it throws or rejects with is reported and stops nothing. */
export interface Listener<Data> {
  /** Each message once and in order. */
  message?(data: Data, publication: Publication<Data>): unknown;
  /**
   * Loads what the messages change: at first, and whenever messages may have been missed. Newer ones wait until it is
   * done; some of them may be in what it loaded. If it fails, they wait no longer, and it is called again later.
   */
  reload?(): unknown;
  /** Messages were missed, and the server does not have them any more. */
  gap?(): unknown;
  join?(who: ClientInfo): unknown;
  leave?(who: ClientInfo): unknown;
  /** The server ended the subscription, and it will not come back by itself. */
  ended?(error: SuonaError): unknown;
}

/** What rooms need of the client that has them. */
export interface House {
  complain(error: unknown): void;
  /** Calls back after about this long; longer with more luck. */
  later(ms: number, wake: () => void): Undo;
}

/** Messages beyond this many do not wait for a reload. */
const LONGEST_QUEUE = 1000;

/** All who hear one channel in this client. */
export class Room<Data> {
  /** Whether the server has us there. */
  joined = false;
  readonly ears = new Set<Ear<Data>>();

  constructor(
    private readonly house: House,
    readonly channel: string,
    /** Finds the channel's own token. */
    readonly getToken: ((channel: string) => unknown) | undefined,
  ) {}

  enter(listener: Listener<Data>): Ear<Data> {
    const ear = new Ear(listener, this.house);
    this.ears.add(ear);
    if (this.joined) ear.subscribed("fresh");
    return ear;
  }

  subscribed(how: "fresh" | "recovered" | "gap"): void {
    this.joined = true;
    this.ears.forEach((ear) => ear.subscribed(how));
  }

  message(publication: Publication<Data>): void {
    this.ears.forEach((ear) => ear.message(publication));
  }

  /** Tries nothing more by itself. */
  rest(): void {
    this.ears.forEach((ear) => ear.undoRetry());
  }

  tell(event: keyof Listener<Data>, what: unknown): void {
    this.ears.forEach((ear) => ear.tell(event, what));
  }
}

/** One listener, and what waits for it. */
export class Ear<Data> {
  /** What came since a reload began. */
  private waiting: Publication<Data>[] | undefined;
  /** Another reload is wanted when this one is done. */
  private again = false;
  private failures = 0;
  undoRetry: Undo = () => undefined;
  private ended = false;

  constructor(
    private readonly listener: Listener<Data>,
    private readonly house: House,
  ) {}

  subscribed(how: "fresh" | "recovered" | "gap"): void {
    if (how === "gap") this.tell(how);
    if (how !== "recovered" || this.failures) this.reload();
  }

  message(publication: Publication<Data>): void {
    if (!this.waiting) this.tell("message", publication.data, publication);
    else if (this.waiting.push(publication) > LONGEST_QUEUE) this.go();
  }

  tell(event: keyof Listener<Data>, ...what: unknown[]): void {
    const listener = this.listener as Partial<Record<string, (...what: unknown[]) => unknown>>;
    if (listener[event] && !this.ended) attempt(() => listener[event]!(...what), this.house.complain);
  }

  end(): void {
    this.ended = true;
    this.undoRetry();
  }

  private reload(): void {
    this.undoRetry();
    const { listener, house } = this;
    if (!listener.reload || this.ended) return;
    this.again = !!this.waiting;
    if (this.again) return;
    const waiting = (this.waiting = []);
    const done = (failures: number): void => {
      if (this.waiting === waiting) this.go();
      this.failures = failures;
      if (this.again) this.reload();
      else if (failures && !this.ended)
        this.undoRetry = house.later(1000 * Math.pow(2, Math.min(failures, 5)), () => this.reload());
    };
    const failed = (error: unknown): void => {
      house.complain(error);
      done(this.failures + 1);
    };
    attempt(() => listener.reload!(), failed, () => done(0));
  }

  /** Hears what waited. */
  private go(): void {
    const waiting = this.waiting || [];
    this.waiting = undefined;
    for (const publication of waiting) this.message(publication);
  }
}
