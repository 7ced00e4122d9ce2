import type { Fault } from "../errors.js";
import { attempt } from "../link/attempt.js";
import type { Conversation } from "./conversation.js";
import { faultOf, serverFault } from "./faults.js";
import type { ClientOptions, ClientOutput, Errand, Outcome } from "./signals.js";
import { type Json, type Reply, utf8Length } from "./wire.js";

/** An errand under way. */
export interface Entry {
  readonly errand: Errand;
  /** The command as it goes over the wire, but for its number: what the app changes later changes nothing. */
  readonly body: string;
  readonly method: string;
  /** Doing it twice is not the same as doing it once. */
  readonly once: boolean;
  readonly weight: number;
  readonly expires: number;
  /** The connection on which it goes out, if that does not end before. */
  to?: Server;
  /** The connection on which it went out last. */
  sent?: Server;
  /** It went out to two lives of a server, and may have happened in both. */
  doubtful?: boolean;
}

/** A server as one connection knows it. */
export interface Server {
  /** It does once what has a key, however often it is asked. */
  readonly knowsKeys: boolean;
  /** Names the life in which it remembers keys, if it tells. */
  readonly node?: string;
}

/** Commands stay below the five minutes for which a server remembers keys. */
const LONGEST_TTL = 240_000;
/** Bytes of the number that a command gets on its way. */
const NUMBER = 20;

/** Commands that wait for a connection or for their answer, each to be settled exactly once. */
export class Outbox {
  readonly waiting = new Set<Entry>();
  private weight = 0;
  private tickets = 0;
  /** Why nothing comes in: the client is offline, until it is started. */
  over: Fault | undefined;

  constructor(
    private readonly options: ClientOptions,
    private readonly conversation: Conversation,
    private readonly host: { emit(output: ClientOutput): void },
  ) {}

  put(errand: Errand, time: number): void {
    // A loop, or a BigInt, throws.
    const refuse = (): void => this.settle(errand, { fault: faultOf("not-json") });
    attempt(() => JSON.stringify(errand.command), refuse, (body) => this.take(errand, body, time));
  }

  /** Says what was not said on this connection. */
  flush(server: Server): void {
    for (const entry of this.waiting) {
      if (entry.to === server) continue;
      entry.to = server;
      this.say(entry, server);
    }
  }

  /** Nobody will say what became of that which has gone out. With `fault`, nothing else will be sent either, and why. */
  forsake(fault?: Fault): void {
    for (const entry of this.waiting) {
      const why = entry.once && entry.sent ? faultOf("unknown-outcome") : fault;
      if (why) this.end(entry, { fault: why });
    }
  }

  private take(errand: Errand, json: string, time: number): void {
    const { session, outboxCommands = 256, outboxBytes = 1 << 20, messageLimit = 65_536, ttl: usual } = this.options;
    const { command, ttl = usual! } = errand;
    const method = Object.keys(command)[0]!;
    const once = method === "publish" || method === "rpc";
    const key = `${session}-${++this.tickets}`;
    const body = once ? `${json.slice(0, -2)},"idempotency_key":"${key}"}}` : json;
    const weight = utf8Length(body) + NUMBER;
    const full = this.waiting.size >= outboxCommands || this.weight + weight > outboxBytes;
    const fault = this.over || (weight > messageLimit ? faultOf("too-large") : full && faultOf("outbox-full"));
    if (fault) return this.settle(errand, { fault });
    this.weight += weight;
    this.waiting.add({ errand, body, method, once, weight, expires: time + Math.min(ttl >= 0 ? ttl : 60_000, LONGEST_TTL) });
  }

  private say(entry: Entry, server: Server): void {
    const { body, method, once } = entry;
    const answered = (reply: Reply): void =>
      this.end(entry, reply.error ? { fault: serverFault(reply.error) } : { result: (reply as Record<string, Json>)[method] });
    // The connection may end before it is sent.
    const left = (): void => {
      if (once && entry.sent && !(server.node && server.node === entry.sent.node)) entry.doubtful = true;
      entry.sent = server;
    };
    const isSend = method === "send";
    this.conversation.say(body, isSend ? undefined : answered, left);
    if (isSend) this.end(entry, { result: undefined });
  }

  /** Settles what is not settled yet. */
  private end(entry: Entry, outcome: Outcome): void {
    if (!this.waiting.delete(entry)) return;
    this.weight -= entry.weight;
    this.settle(entry.errand, outcome, entry.doubtful);
  }

  /** Settles what is too old. */
  expire(time: number): void {
    for (const entry of this.waiting) {
      if (entry.expires <= time) this.end(entry, { fault: faultOf(entry.sent ? "unknown-outcome" : "expired") });
    }
  }

  /**
   * The client is offline for good, and why. What may have happened settles as that, and everything else with the reason;
   * so does all that is given until it is started again.
   */
  close(fault = faultOf("stopped")): void {
    this.over = fault;
    this.forsake(fault);
  }

  due(): number {
    return Math.min(...Array.from(this.waiting, (entry) => entry.expires));
  }

  private settle(errand: Errand, outcome: Outcome, doubtful?: boolean): void {
    this.host.emit({ is: "settle", errand, outcome, doubtful });
  }
}
