import type { Fault } from "../errors.js";
import { attempt } from "../link/attempt.js";
import { faultOf } from "./faults.js";
import type { ClientOptions, Errand, Outcome } from "./signals.js";
import { utf8Length } from "./wire.js";

/** An errand under way. */
export interface Entry {
  readonly errand: Errand;
  /** The command as it goes over the wire, but for its number: what the app changes later changes nothing. */
  readonly body: string;
  readonly method: string;
  /** Doing it twice is not the same as doing it once. */
  readonly once: boolean;
  readonly bytes: number;
  readonly expires: number;
  /** It went out on this connection. */
  sent?: boolean;
  /** It went out on some connection. */
  tried?: boolean;
}

/** Commands stay below the five minutes for which a server remembers keys. */
const LONGEST_TTL = 240_000;
/** Bytes of the number that a command gets on its way. */
const NUMBER = 20;

/** Commands that wait for a connection or for their answer, each to be settled exactly once. */
export class Outbox {
  private readonly entries = new Set<Entry>();
  private bytes = 0;
  private count = 0;

  constructor(
    private readonly options: ClientOptions,
    private readonly settle: (errand: Errand, outcome: Outcome) => void,
  ) {}

  get size(): number {
    return this.entries.size;
  }

  put(errand: Errand, time: number): void {
    // A loop, or a BigInt, throws.
    const refuse = (): void => this.refuse(errand, "not-json");
    attempt(() => JSON.stringify(errand.command), refuse, (body) => this.take(errand, body, time));
  }

  /** Sends what was not sent on this connection. `keys`: the server does once what has a key, however often it is asked. */
  flush(keys: boolean, send: (entry: Entry) => void): void {
    for (const entry of this.entries) {
      if (entry.sent) continue;
      if (entry.once && entry.tried && !keys) {
        this.end(entry, { fault: faultOf("unknown-outcome") });
        continue;
      }
      entry.sent = entry.tried = true;
      send(entry);
      if (entry.method === "send") this.end(entry, { result: undefined });
    }
  }

  /** The connection is gone. What is safe to ask again waits for the next; the fate of the rest stays unknown. */
  lost(keys: boolean): void {
    for (const entry of this.entries) {
      if (entry.sent && entry.once && !keys) this.end(entry, { fault: faultOf("unknown-outcome") });
      entry.sent = false;
    }
  }

  private take(errand: Errand, json: string, time: number): void {
    const { session, outboxCommands = 256, outboxBytes = 1 << 20, messageLimit = 65_536, ttl: usual = 60_000 } = this.options;
    const { command, ttl = usual } = errand;
    const method = Object.keys(command)[0]!;
    const once = method === "publish" || method === "rpc";
    const key = `${session}-${++this.count}`;
    const body = once ? `${json.slice(0, -2)},"idempotency_key":"${key}"}}` : json;
    const bytes = utf8Length(body) + NUMBER;
    if (bytes > messageLimit) return this.refuse(errand, "too-large");
    if (this.size >= outboxCommands || this.bytes + bytes > outboxBytes) return this.refuse(errand, "outbox-full");
    this.bytes += bytes;
    this.entries.add({ errand, body, method, once, bytes, expires: time + Math.min(ttl, LONGEST_TTL) });
  }

  private refuse(errand: Errand, code: string): void {
    this.settle(errand, { fault: faultOf(code) });
  }

  /** Settles what is not settled yet. */
  end(entry: Entry, outcome: Outcome): void {
    if (!this.entries.delete(entry)) return;
    this.bytes -= entry.bytes;
    this.settle(entry.errand, outcome);
  }

  /** Settles what is too old. */
  expire(time: number): void {
    for (const entry of this.entries) {
      if (entry.expires <= time) this.end(entry, { fault: faultOf(entry.tried ? "unknown-outcome" : "expired") });
    }
  }

  /** Settles everything. */
  clear(fault: Fault): void {
    for (const entry of this.entries) this.end(entry, { fault });
  }

  due(): number {
    let due = Infinity;
    for (const entry of this.entries) due = Math.min(due, entry.expires);
    return due;
  }
}
