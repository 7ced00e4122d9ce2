/** The client of a Suona gateway with all that belongs to it, on whatever platform this is. */

import { type Fault, SuonaError } from "./errors.js";
import { flawOf, withoutFlaws } from "./client/flaw.js";
import { Journal } from "./client/journal.js";
import { Kept } from "./client/keep.js";
import { type Keeping, KeptChannel } from "./client/kept-channel.js";
import { nameOf } from "./client/names.js";
import type { Backend, Name, SuonaOptions } from "./client/options.js";
import type { Room } from "./client/room.js";
import { type Owner, Scope } from "./client/scope.js";
import { Signal } from "./client/signal.js";
import { Suona as Core } from "./client/suona.js";
import type { Channeling, Sending } from "./client/channel.js";
import type { Command, Output } from "./client/signals.js";
import type { Json } from "./client/wire.js";
import { complain } from "./socket/complain.js";
import { en } from "./en.js";
import { detect } from "./platform/detect.js";
import type { Platform, Undo } from "./platform/platform.js";

export { nameOf } from "./client/names.js";
export { type Fault, SuonaError, type Words } from "./errors.js";
export { type Sending, type Token } from "./client/channel.js";
export { type History, type Keeping as Channeling, type KeptChannel as Channel } from "./client/kept-channel.js";
export { type Loader as Listener } from "./client/reload.js";
export { type Owner, Scope } from "./client/scope.js";
export { type Signal } from "./client/signal.js";
export { type Backend, type SuonaOptions, type View } from "./client/options.js";
export { type ClientInfo, type Json, type Position, type Publication } from "./client/wire.js";
export { type Platform } from "./platform/platform.js";

declare const console: { log(line: string): void } | undefined;

/** {@link SuonaOptions}, where everything but the address may be left to find out. */
export interface Options extends Omit<SuonaOptions, "platform" | "nameOf"> {
  /** Default: the one this code runs on. To have it alone in the bundle, use `suona/client`. */
  readonly platform?: Platform;
  /** Says each step with its reason on the console. */
  readonly debug?: boolean;
  /** Begins the names of what is kept in storage: name the user here where several log in on one device. Default "suona". */
  readonly keepAs?: string;
}

/** A client of a Suona gateway or any other Centrifuge server. It does nothing before {@link Suona.start}. */
export function createSuona<
  Channels = Record<string, Json>,
  Methods extends Backend<Methods> = Record<string, (data: Json) => Json>,
>(options: Options): Suona<Channels, Methods> {
  return new Suona(options);
}

/** One connection, and all channels on it. */
export class Suona<
  Channels = Record<string, Json>,
  Methods extends Backend<Methods> = Record<string, (data: Json) => Json>,
> extends Core<Channels, Methods> {
  /**
   * Commands that may have happened twice, told before their outcome: each was sent, and after a break sent again with the
   * same key to a gateway that had restarted or did not say who it is. The backend can tell by the key.
   */
  readonly doubts = new Signal<Command>(this.complain);
  /** @internal For channels: those that may be under way. */
  readonly reloads = new Set<{ rest(): void }>();
  private readonly journal: Journal;
  private readonly archive = new Map<string, Kept>();
  private readonly keepAs: string;
  /** What is wrong with the options. */
  private readonly flaw: string | undefined;

  constructor(options: Options) {
    const { platform = detect(), debug, keepAs = "suona", onError = complain, words = en } = options;
    if (!platform) {
      throw new SuonaError({ code: "no-platform" }, words);
    }
    const print = debug && typeof console === "object" ? (line: string) => console!.log(line) : undefined;
    const journal = new Journal(() => platform.now(), print);
    const reported = (error: unknown): unknown => {
      journal.failed(error);
      return onError(error);
    };
    const { url, found } = remembering(options.url);
    const named = (fault: Fault) => nameOf(fault, found());
    super(Object.assign(withoutFlaws(options), { platform, words, url, nameOf: named, onError: reported }));
    this.flaw = flawOf(options);
    this.journal = journal;
    this.keepAs = keepAs;
  }

  /** Connects, and stays connected. While it waits for its next attempt, it makes it at once. */
  override start(): void {
    const { flaw } = this;
    if (!flaw) return super.start();
    const fault = { code: "bad-option", raw: flaw };
    this.carryOut({ is: "status", status: { at: "offline", reason: `an option is wrong: ${flaw}`, fault } });
  }

  /** A channel, to listen to and to publish in. All who listen to the same share one subscription. */
  override channel<Key extends Name<Channels>>(name: Key, options: Keeping = {}): KeptChannel<Channels[Key]> {
    return new KeptChannel<Channels[Key]>(this, name, options);
  }

  /** The last hundred things that happened and why, without tokens: for a bug report. */
  report(): string {
    return `suona on ${this.options.platform.name}\n${this.journal}`;
  }

  /**
   * The same client for one page: what listens there ends with it, by itself where `owner` is the page, or a component of
   * Vue 2 or 3, as `this`; elsewhere by `end()`.
   */
  scope(owner?: Owner): Scope<Channels, Methods> {
    return new Scope(this, owner);
  }

  /** @internal For channels: sends a command. */
  override ask<Result>(command: Command, sending: Sending = {}, field?: string): Promise<Result> {
    const raw = this.flaw ?? flawOf(sending);
    if (!raw) return super.ask(command, sending, field);
    const refused = Promise.reject(new SuonaError({ code: "bad-option", raw }, this.options.words));
    refused.catch(() => undefined);
    return refused;
  }

  /** @internal For channels: what is kept of one. */
  kept(channel: string): Kept | undefined {
    return this.archive.get(channel);
  }

  /** @internal For channels: calls back after about this long; longer with more luck. */
  later(ms: number, wake: () => void): Undo {
    const { platform } = this.options;
    return platform.after(ms * (1 + platform.random()), wake);
  }

  /** @internal */
  override room(name: string, options: Channeling): Room<Json> {
    const { keep } = options;
    if (!keep || this.rooms.has(name)) return super.room(name, options);
    const kept = new Kept(this.options.platform.storage, `${this.keepAs}/${name}`, keep === true ? 0 : keep);
    this.archive.set(name, kept);
    return super.room(name, Object.assign({ since: kept.position }, options));
  }

  /** @internal */
  override leave(channel: string): void {
    super.leave(channel);
    this.kept(channel)?.end();
    this.archive.delete(channel);
  }

  /** @internal */
  protected override carryOut(output: Output): void {
    this.journal.heed(output);
    // Without a connection they would fail again; with the next they begin anew.
    if (output.is === "status" && output.status.at !== "online") this.reloads.forEach((reload) => reload.rest());
    if (output.is === "settle" && output.doubtful) this.doubts.tell(output.errand.command);
    if (output.is === "publication") this.archive.get(output.channel)?.add(output.publication);
    super.carryOut(output);
    if (output.is === "position") this.archive.get(output.channel)?.reach(output.position);
  }
}

/** The same address, or function that finds it, and what was found last. */
function remembering(ask: Options["url"]): { url: Options["url"]; found: () => unknown } {
  if (typeof ask !== "function") return { url: ask, found: () => ask };
  let last: unknown;
  return { url: () => Promise.resolve(ask()).then((found) => (last = found)), found: () => last };
}
