import { Driver, sentence } from "../link/driver.js";
import type { Platform, Undo } from "../platform/platform.js";
import { Channel, type Channeling, type Home, type Sending, type Token } from "./channel.js";
import { Client } from "./core.js";
import { SuonaError, type Words } from "./errors.js";
import { Journal } from "./journal.js";
import type { Backend, Name, SuonaOptions, View } from "./options.js";
import { type House, Room } from "./room.js";
import { Scope } from "./scope.js";
import { attempt, Signal } from "./signal.js";
import type { Command, Fault, Input, Outcome, Output, Status } from "./signals.js";
import type { Json, Position, Publication } from "./wire.js";

export type { Backend, Name, SuonaOptions, View } from "./options.js";

interface Waiting {
  resolve(answer: unknown): void;
  reject(error: SuonaError): void;
}

declare const console: { log(line: string): void; error(error: unknown): void } | undefined;

/** A client of a Suona gateway or any other Centrifuge server. It does nothing before {@link Suona.start}. */
export function createSuona<
  Channels = Record<string, Json>,
  Methods extends Backend<Methods> = Record<string, (data: Json) => Json>,
>(options: SuonaOptions): Suona<Channels, Methods> {
  return new Suona(options);
}

/** One connection, and all channels on it. */
export class Suona<
  Channels = Record<string, Json>,
  Methods extends Backend<Methods> = Record<string, (data: Json) => Json>,
>
  implements House, Home
{
  /** What a page shows of the connection. */
  readonly status: Signal<View>;
  /** Messages of the server to this client alone. */
  readonly messages: Signal<Json>;
  private readonly client: Client;
  private readonly driver: Driver<Input, Output>;
  private readonly journal: Journal;
  private readonly words: Words;
  private readonly rooms = new Map<string, Room<Json>>();
  private readonly tokens = new Map<string, NonNullable<Channeling["getToken"]>>();
  private readonly waiting = new Map<number, Waiting>();
  private readonly timers = new Set<Undo>();
  private current: Status = { at: "offline", reason: "not started" };
  private tickets = 0;
  private closed = false;

  constructor(private readonly options: SuonaOptions) {
    const { platform, getToken } = options;
    const core = Object.assign({ session: session(platform), asksToken: !!getToken }, options);
    this.client = new Client(core, platform.habits);
    this.driver = new Driver<Input, Output>(this.client, platform, options, (output) =>
      this.carryOut(output as Output),
    );
    this.journal = new Journal(
      () => platform.now(),
      options.debug && typeof console === "object" ? (line) => console?.log(line) : undefined,
    );
    this.words = options.words ?? { connecting: "Connecting…", hints: {} };
    this.status = new Signal(this.complain);
    this.messages = new Signal(this.complain);
    this.show();
  }

  /** Connects, and stays connected. While it waits for its next attempt, it makes it at once. */
  start(): void {
    this.closed = false;
    this.driver.start();
  }

  /** Ends the connection and settles what is under way. Listeners stay, for another `start`. */
  close(): void {
    this.closed = true;
    this.driver.stop("closed by the app");
    this.timers.forEach((undo) => undo());
    this.timers.clear();
  }

  /** A channel, to listen to and to publish in. All who listen to the same share one subscription. */
  channel<Key extends Name<Channels>>(name: Key, options: Channeling = {}): Channel<Channels[Key]> {
    return new Channel<Channels[Key]>(this, name, options);
  }

  /** Asks the backend. A break in between does not make it happen twice on a Suona gateway. */
  rpc<Method extends Name<Methods>>(
    method: Method,
    data?: Parameters<Methods[Method]>[0],
    sending?: Sending,
  ): Promise<Awaited<ReturnType<Methods[Method]>>> {
    type Answer = { data?: Awaited<ReturnType<Methods[Method]>> } | undefined;
    return this.ask(
      { rpc: { method, data } },
      sending,
      (answer: Answer) => answer?.data as Awaited<ReturnType<Methods[Method]>>,
    );
  }

  /** Sends data to a server that has a handler for it. Nobody says whether it came. */
  send(data: Json, sending?: Sending): Promise<void> {
    return this.ask({ send: { data } }, sending);
  }

  publish<Key extends Name<Channels>>(channel: Key, data: Channels[Key], sending?: Sending): Promise<void> {
    return this.ask({ publish: { channel, data } }, sending);
  }

  /** What the server's clock says, in milliseconds; what the device's says as long as no server told. */
  serverNow(): number {
    return this.options.platform.now() + this.client.skew;
  }

  /** The last hundred things that happened and why, without tokens: for a bug report. */
  report(): string {
    return `suona on ${this.options.platform.name}\n${this.journal}`;
  }

  /** The same client for one page or component: what listens there ends with it, by itself where `owner` has `onUnload`. */
  scope(owner?: { onUnload?: (() => unknown) | undefined }): Scope<Channels, Methods> {
    return new Scope(this, owner);
  }

  /** For {@link Channel}: the room of a channel, entered by the first who listens. */
  room(name: string, options: Channeling): Room<Json> {
    const known = this.rooms.get(name);
    if (known) return known;
    const keep = options.keep ? (options.keep === true ? 0 : options.keep) : undefined;
    const { position, kept = [] } = keep === undefined ? {} : this.load(name);
    const room = new Room<Json>(this, name, keep, kept);
    this.rooms.set(name, room);
    const { getToken, recover, joinLeave, data } = options;
    if (getToken) this.tokens.set(name, getToken);
    this.driver.soon({
      is: "subscribe",
      channel: name,
      options: { recover, joinLeave, data, since: position, keep: keep !== undefined, asksToken: !!getToken },
    });
    return room;
  }

  /** For {@link Channel}: the last who listened is gone. */
  leave(room: Room<Json>): void {
    if (this.rooms.get(room.channel) !== room) return;
    this.rooms.delete(room.channel);
    this.tokens.delete(room.channel);
    this.driver.soon({ is: "unsubscribe", channel: room.channel });
  }

  /** For callbacks of the app that failed. */
  readonly complain = (error: unknown): void => {
    this.journal.note(`a callback failed: ${error}`);
    const { onError = typeof console === "object" ? console.error : undefined } = this.options;
    try {
      onError?.(error);
    } catch {
      // That was the last to be told.
    }
  };

  later(ms: number, wake: () => void): Undo {
    const { platform } = this.options;
    const undo = () => {
      cancel();
      this.timers.delete(undo);
    };
    const cancel = platform.after(ms * (1 + platform.random()), () => {
      this.timers.delete(undo);
      wake();
    });
    this.timers.add(undo);
    return undo;
  }

  save(channel: string, text: string): void {
    this.options.platform.storage?.set(this.key(channel), text);
  }

  private load(channel: string): { position?: Position; kept?: Publication[] } {
    try {
      return JSON.parse(this.options.platform.storage?.get(this.key(channel)) || "{}") as object;
    } catch {
      return {};
    }
  }

  private key(channel: string): string {
    return `${this.options.keepAs ?? "suona"}/${channel}`;
  }

  /** For {@link Channel}: sends a command. */
  ask<Result, Answer = Result>(
    command: Command,
    { ttl }: Sending = {},
    pick?: (answer: Answer) => Result,
  ): Promise<Result> {
    const ticket = ++this.tickets;
    const promise = new Promise<Result>((resolve, reject) => {
      if (this.closed) return reject(this.error({ code: "stopped", message: "closed by the app" }));
      this.waiting.set(ticket, {
        resolve: (answer) => resolve(pick ? pick(answer as Answer) : (answer as Result)),
        reject,
      });
      this.driver.soon({ is: "command", ticket, command, ttl });
      this.show();
    });
    // Whoever does not care for the outcome need not catch it.
    promise.catch(() => undefined);
    return promise;
  }

  private carryOut(output: Output): void {
    switch (output.is) {
      case "send":
        this.driver.send(output.frame);
        return;
      case "ask":
        return this.find(output.channel);
      case "status":
        this.current = output.status;
        this.journal.note(`${output.status.at}: ${output.status.reason}`);
        return this.show();
      case "settle":
        return this.settle(output.ticket, output.outcome);
      case "message":
        return this.messages.tell(output.data);
      default:
        if ("channel" in output) this.inRoom(output);
    }
  }

  private inRoom(output: Extract<Output, { channel: string }>): void {
    const room = this.rooms.get(output.channel);
    switch (output.is) {
      case "publication":
        return room?.message(output.publication);
      case "position":
        return room?.save(output.position);
      case "subscribed":
        this.journal.note(`${output.channel} subscribed: ${output.how}`);
        return room?.subscribed(output.how);
      case "unsubscribed":
        this.journal.note(`${output.channel} ended: ${output.fault.message}`);
        return room?.tell("ended", this.error(output.fault));
      case "join":
      case "leave":
        return room?.tell(output.is, output.info);
    }
  }

  private find(channel: string | undefined): void {
    let token: Token;
    const find = (channel === undefined ? this.options.getToken : this.tokens.get(channel)) ?? (() => undefined);
    attempt(
      () => {
        const found = find(channel ?? "");
        if (typeof found !== "object" || !found) return (token = found);
        return found.then((found) => (token = found));
      },
      (raw) => this.driver.handle({ is: "tokenFailed", channel, reason: sentence(raw) }),
      (well) => well && this.driver.handle({ is: "token", channel, token }),
    );
  }

  private settle(ticket: number, { fault, result }: Outcome): void {
    const waiting = this.waiting.get(ticket);
    this.waiting.delete(ticket);
    if (fault) {
      this.journal.note(`a command failed: ${fault.code}, ${fault.message}`);
      waiting?.reject(this.error(fault));
    } else waiting?.resolve(result);
    this.show();
  }

  private show(): void {
    const { at, reason, until, fault } = this.current;
    const error = fault && this.error(fault);
    const trying = at === "opening" || at === "waiting";
    const notice = trying ? this.words.connecting : at === "offline" && error ? error.hint : "";
    this.status.tell({ online: at === "online", state: at, reason, notice, pending: this.waiting.size, error, until });
  }

  private error(fault: Fault): SuonaError {
    return new SuonaError(fault, this.words);
  }
}

/** 128 random bits, in hexadecimal digits. */
function session(platform: Platform): string {
  let digits = "";
  while (digits.length < 32) digits += Math.floor(platform.random() * 16).toString(16);
  return digits;
}
