/** The client of a Suona gateway, on whatever platform this is. */

import { SuonaError } from "./client/errors.js";
import type { Backend, SuonaOptions } from "./client/options.js";
import { Suona } from "./client/suona.js";
import type { Json } from "./client/wire.js";
import { detect } from "./platform/detect.js";
import type { Platform } from "./platform/platform.js";

export { SuonaError, type Words } from "./client/errors.js";
export { type Channel, type Channeling, type History, type Sending, type Token } from "./client/channel.js";
export { type Listener } from "./client/room.js";
export { type Scope } from "./client/scope.js";
export { type Signal } from "./client/signal.js";
export { type Backend, type SuonaOptions, type View } from "./client/options.js";
export { Suona } from "./client/suona.js";
export { type ClientInfo, type Json, type Position, type Publication } from "./client/wire.js";
export { type Platform } from "./platform/platform.js";

/** {@link SuonaOptions}, where the platform may be left to find out. */
export interface Options extends Omit<SuonaOptions, "platform"> {
  /** Default: the one this code runs on. Name it where it is to be alone in the bundle, and on uni-app. */
  readonly platform?: Platform;
}

/** A client of a Suona gateway or any other Centrifuge server. It does nothing before {@link Suona.start}. */
export function createSuona<
  Channels = Record<string, Json>,
  Methods extends Backend<Methods> = Record<string, (data: Json) => Json>,
>(options: Options): Suona<Channels, Methods> {
  const platform = options.platform ?? detect();
  if (!platform) {
    const fault = { code: "no-platform", message: "this platform is unknown: pass `platform`" };
    throw new SuonaError(fault, options.words ?? { connecting: "", hints: {} });
  }
  return new Suona(Object.assign({}, options, { platform }));
}
