/** The client of a Suona gateway with all that belongs to it, on whatever platform this is. */

import { SuonaError } from "./client/errors.js";
import { Journal } from "./client/journal.js";
import { keepIn } from "./client/keep.js";
import type { Backend, SuonaOptions } from "./client/options.js";
import { Scope } from "./client/scope.js";
import { Suona as Core } from "./client/suona.js";
import { symptom } from "./client/symptoms.js";
import type { Json } from "./client/wire.js";
import { detect } from "./platform/detect.js";
import type { Platform } from "./platform/platform.js";

export { SuonaError, type Words } from "./client/errors.js";
export { type Channel, type Channeling, type History, type Sending, type Token } from "./client/channel.js";
export { Scope } from "./client/scope.js";
export { type Signal } from "./client/signal.js";
export { type Backend, type SuonaOptions, type View } from "./client/options.js";
export { type ClientInfo, type Json, type Position, type Publication } from "./client/wire.js";
export { type Platform } from "./platform/platform.js";

declare const console: { log(line: string): void } | undefined;

/** {@link SuonaOptions}, where everything but the address may be left to find out. */
export interface Options extends Omit<SuonaOptions, "platform" | "log" | "keeper" | "diagnose"> {
  /** Default: the one this code runs on. Name it where it is to be alone in the bundle, and on uni-app. */
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
  private readonly journal: Journal;

  constructor(options: Options) {
    const { platform = detect(), debug, keepAs } = options;
    if (!platform) {
      throw new SuonaError({ code: "no-platform", message: "this platform is unknown: pass `platform`" }, options.words);
    }
    const print = debug && typeof console === "object" ? (line: string) => console!.log(line) : undefined;
    const journal = new Journal(() => platform.now(), print);
    const keeper = keepIn(platform.storage, keepAs);
    super(Object.assign({ diagnose: symptom }, options, { platform, keeper, log: journal.note }));
    this.journal = journal;
  }

  /** The last hundred things that happened and why, without tokens: for a bug report. */
  report(): string {
    return `suona on ${this.options.platform.name}\n${this.journal}`;
  }

  /** The same client for one page or component: what listens there ends with it, by itself where `owner` has `onUnload`. */
  scope(owner?: { onUnload?: (() => unknown) | undefined }): Scope<Channels, Methods> {
    return new Scope(this, owner);
  }
}
