import type { Fault } from "../errors.js";
import { attempt } from "../link/attempt.js";
import { Driver } from "../link/driver.js";
import type { Platform } from "../platform/platform.js";
import { wordsOf } from "../platform/task.js";
import { complaints } from "../socket/complain.js";
import { Channel, type Channeling, type Sending, type Token } from "./channel.js";
import { Client } from "./core.js";
import { SuonaError } from "../errors.js";
import type { Backend, Name, SuonaOptions, View } from "./options.js";
import { Room } from "./room.js";
import { Signal } from "./signal.js";
import type { Command, Input, Outcome, Output, Status } from "./signals.js";
import type { Json } from "./wire.js";

export type { Backend, Name, SuonaOptions, View } from "./options.js";

/**
 * A client of a Suona gateway or any other Centrifuge server, with nothing but what it is handed. It does nothing before
 * {@link Suona.start}.
 */
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
> {
  /** What a page shows of the connection. */
  readonly status: Signal<View>;
  /** Messages of the server to this client alone. */
  readonly messages: Signal<Json>;
  private readonly core: Client;
  private readonly driver: Driver<Input, Output>;
  /** @internal Those that somebody listens in. */
  protected readonly rooms = new Map<string, Room<Json>>();
  /** @internal For {@link Asker}. */
  asked: number | undefined;
  private current: Status = { at: "offline", reason: "offline" };

  constructor(protected readonly options: SuonaOptions) {
    const { platform, getToken, onError } = options;
    const all = Object.assign({ session: session(platform), asksToken: !!getToken }, options);
    this.core = new Client(all, platform.habits);
    this.driver = new Driver<Input, Output>(this.core, platform, options, (output) =>
      this.carryOut(output as Output),
    );
    this.complain = complaints(onError);
    this.status = new Signal(this.complain);
    this.messages = new Signal(this.complain);
    this.show();
  }

  /** Connects, and stays connected. While it waits for its next attempt, it makes it at once. */
  start(): void {
    this.rooms.forEach((room) => this.want(room));
    this.driver.start();
  }

  /** Ends the connection and settles what is under way. Listeners stay, for another `start`. */
  close(): void {
    this.driver.stop("closed");
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
    return this.ask({ rpc: { method, data } }, sending, "data");
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
    return this.driver.now() + this.core.skew;
  }

  /** @internal For {@link Channel}: the room of a channel, entered by the first who listens. */
  room(name: string, options: Channeling): Room<Json> {
    let room = this.rooms.get(name);
    if (!room) {
      room = new Room<Json>(name, this.complain, Object.assign({ asksToken: !!options.getToken }, options));
      this.rooms.set(name, room);
    }
    this.want(room);
    return room;
  }

  /** Asks for the channel, and again where the server has ended it. */
  private want(room: Room<Json>): void {
    const { channel, options } = room;
    if (room.joined === undefined) this.soon({ is: "subscribe", channel, options });
    room.joined = !!room.joined;
  }

  /** @internal For {@link Channel}: the last who listened is gone. */
  leave(channel: string): void {
    this.rooms.delete(channel);
    this.soon({ is: "unsubscribe", channel });
  }

  /** Tells `onError` what a callback of the app threw: for whoever calls the app back, as pages do. Never throws. */
  readonly complain: (error: unknown) => void;

  /** @internal For {@link Channel}: sends a command, and gives a field of its result, or all of it. */
  ask<Result>(command: Command, { ttl = this.options.ttl }: Sending = {}, field?: string): Promise<Result> {
    const promise = new Promise<Result>((found, reject) => {
      const settle = ({ fault, result }: Outcome): void => {
        if (fault) reject(this.errorOf(fault));
        else found(field ? Object(result)[field] : result);
      };
      this.soon({ is: "command", errand: { command, ttl, settle } });
      this.show();
    });
    // Whoever does not care for the outcome need not catch it.
    promise.catch(() => undefined);
    return promise;
  }

  /** @internal */
  protected carryOut(output: Output): void {
    if (output.is === "send") this.driver.send(output.frame);
    else if (output.is === "ask") this.findToken(output);
    else if (output.is === "settle") {
      output.errand.settle(output.outcome);
      this.show();
    } else if (output.is === "message") this.messages.tell(output.data);
    else if (output.is === "status") {
      this.current = output.status;
      if (output.status.at !== "online") this.rooms.forEach((room) => (room.joined = room.joined && false));
      this.show();
    } else if ("channel" in output) {
      const room = this.rooms.get(output.channel);
      if (room) this.inRoom(room, output);
    }
  }

  private inRoom(room: Room<Json>, output: Extract<Output, { channel: string }>): void {
    if (output.is === "publication") room.tell("message", output.publication.data, output.publication);
    else if (output.is === "subscribed") room.subscribed(output.how);
    else if (output.is === "unsubscribed") {
      room.joined = undefined;
      room.tell("ended", this.errorOf(output.fault));
    } else if (output.is !== "position") room.tell(output.is, output.info);
  }

  /** What is asked for together leaves together. */
  private soon(input: Input): void {
    this.driver.take(input);
    void Promise.resolve().then(() => this.driver.drain());
  }

  private findToken({ channel, login }: { channel?: string; login: number }): void {
    const room = this.rooms.get(channel!);
    if (channel !== undefined && !room) return; // nobody listens any more
    const asker: Asker = room || this;
    const { getToken } = (room ? room.options : this.options) as Channeling;
    // Of the connection the status says the same.
    const tell = (code: string, raw: unknown): unknown => room && this.complain(this.errorOf({ code, raw }));
    // The client lost its patience with the question before, though the answer may still come.
    if (asker.asked === login) tell("token-slow", channel);
    asker.asked = login;
    const answer = (token: Token, failed?: string): void => {
      asker.asked = undefined;
      this.driver.handle({ is: "token", channel, login, token, failed });
    };
    attempt(
      () => getToken!(channel!),
      (raw) => {
        tell("token-failed", raw);
        answer(null, wordsOf(raw) || "");
      },
      answer,
    );
  }

  private show(): void {
    const { at, reason, until, fault } = this.current;
    const { platform, words } = this.options;
    const error = fault && this.errorOf(fault);
    const trying = at === "opening" || at === "waiting";
    this.status.tell({
      online: at === "online",
      state: at,
      reason,
      notice: trying ? (words ? words.connecting : "Connecting…") : at === "offline" && error ? error.hint : "",
      pending: this.core.pending,
      error,
      until: until && until - this.driver.now() + platform.now(),
    });
  }

  private errorOf(fault: Fault): SuonaError {
    const { nameOf, words } = this.options;
    const code = (nameOf && nameOf(fault)) || fault.code;
    return new SuonaError(Object.assign({}, fault, { code }), words);
  }
}

/** Who may be looking for a token: the client, or a channel. */
interface Asker {
  /** The login that it is for. */
  asked: number | undefined;
}

/** 128 random bits, in hexadecimal digits. */
function session(platform: Platform): string {
  return "0".repeat(32).replace(/0/g, () => Math.floor(platform.random() * 16).toString(16));
}
