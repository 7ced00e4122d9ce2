import { faultOf } from "./faults.js";
import type { ClientOptions, Command, Fault, Outcome } from "./signals.js";
import { utf8Length } from "./wire.js";

interface Entry {
  readonly ticket: number;
  /** The command as it goes over the wire, but for number and key: what the app changes later changes nothing. */
  readonly body: string;
  readonly method: string;
  readonly bytes: number;
  readonly expires: number;
  /** It went out on this connection. */
  sent?: boolean;
  /** It went out with a key: a server that knows keys does it once, however often it is asked. */
  keyed?: boolean;
}

/** Commands stay below the five minutes for which a server remembers keys. */
const LONGEST_TTL = 240_000;

/** Commands that wait for a connection or for their answer, each to be settled exactly once. */
export class Outbox {
  private readonly entries = new Map<number, Entry>();
  private bytes = 0;

  constructor(
    private readonly options: ClientOptions,
    private readonly settle: (ticket: number, outcome: Outcome) => void,
  ) {}

  put(ticket: number, command: Command, ttl: number | undefined, time: number): void {
    const { outboxCommands = 256, outboxBytes = 1 << 20, messageLimit = 65_536, ttl: usual = 60_000 } = this.options;
    const refuse = (code: string): void => this.settle(ticket, { fault: faultOf(code) });
    const body = asJson(command);
    if (!body) return refuse("not-json");
    // Room for the number and the key that are added.
    const bytes = utf8Length(body) + 100;
    if (bytes > messageLimit) return refuse("too-large");
    if (this.entries.size >= outboxCommands || this.bytes + bytes > outboxBytes) {
      return refuse("outbox-full");
    }
    const expires = time + Math.min(ttl === undefined ? usual : ttl, LONGEST_TTL);
    this.bytes += bytes;
    this.entries.set(ticket, { ticket, body, method: Object.keys(command)[0]!, bytes, expires });
  }

  /** Sends what was not sent on this connection; `send` adds a key where told to. */
  flush(keys: boolean, send: (body: string, method: string, ticket: number, keyed: boolean) => void): void {
    for (const entry of this.entries.values()) {
      if (entry.sent) continue;
      if (entry.keyed && !keys) {
        this.end(entry, { fault: faultOf("unknown-outcome") });
        continue;
      }
      entry.keyed = keys && onlyOnce(entry);
      entry.sent = true;
      send(entry.body, entry.method, entry.ticket, entry.keyed);
      if (entry.method === "send") this.end(entry, { result: undefined });
    }
  }

  /** The connection is gone. What is safe to ask again waits for the next; the fate of the rest stays unknown. */
  lost(): void {
    for (const entry of this.entries.values()) {
      if (!entry.sent) continue;
      entry.sent = false;
      if (onlyOnce(entry) && !entry.keyed) this.end(entry, { fault: faultOf("unknown-outcome") });
    }
  }

  answered(ticket: number, outcome: Outcome): void {
    const entry = this.entries.get(ticket);
    if (entry) this.end(entry, outcome);
  }

  /** Settles what is too old. */
  expire(time: number): void {
    for (const entry of this.entries.values()) {
      if (entry.expires > time) continue;
      this.end(entry, { fault: faultOf(entry.sent || entry.keyed ? "unknown-outcome" : "expired") });
    }
  }

  /** Settles everything. */
  clear(fault: Fault): void {
    for (const entry of this.entries.values()) this.end(entry, { fault });
  }

  due(): number {
    let due = Infinity;
    for (const entry of this.entries.values()) due = Math.min(due, entry.expires);
    return due;
  }

  private end(entry: Entry, outcome: Outcome): void {
    this.entries.delete(entry.ticket);
    this.bytes -= entry.bytes;
    this.settle(entry.ticket, outcome);
  }
}

/** Whether doing it twice is not the same as doing it once. */
function onlyOnce({ method }: Entry): boolean {
  return method === "publish" || method === "rpc";
}

function asJson(command: Command): string | undefined {
  try {
    return JSON.stringify(command);
  } catch {
    return undefined; // a loop, or a BigInt
  }
}
