import type { Channeling } from "../client/channel.js";
import type { Name } from "../client/options.js";
import type { Loader as Listener } from "../client/reload.js";
import type { Json } from "../client/wire.js";
import type { Undo } from "../platform/platform.js";

/** How a channel is heard, and by what: functions, or whatever else names them in `By`. */
export type Hearing<Data, By = never> = Channeling & {
  readonly [Event in keyof Listener<Data>]?: Listener<Data>[Event] | By;
};

/** What hears each channel. What is no object hears the messages. */
export type Hearings<Channels, By = never> = {
  readonly [Key in Name<Channels>]?: Hearing<Channels[Key], By> | Listener<Channels[Key]>["message"] | By;
};

/** A function of the app, as it was given or by its name. */
export type Callback = ((...given: never[]) => unknown) | string;

/** What of a client is used to hear, whatever its types. Channels of the main entry tell what was kept, too. */
export interface Ears {
  channel(name: string, options: Channeling): Heard;
}

interface Heard {
  on(listener: Listener<Json>): Undo;
  each?(listener: Listener<Json>): Undo;
}

type Event = keyof Listener<Json>;
const events: readonly Event[] = ["message", "reload", "subscribed", "gap", "join", "leave", "ended"];

/** Hears all channels of `hearings` until undone; `call` calls the app back. */
export function hearAll(
  ears: Ears,
  hearings: object,
  call: (callback: Callback, given: unknown[], event: Event) => unknown,
): Undo {
  const undos: Undo[] = [];
  for (const [name, hearing] of membersOf(hearings)) {
    if (hearing === undefined) continue;
    const whole = (typeof hearing === "object" ? hearing : { message: hearing }) as Hearing<Json, Callback>;
    const listener: { [Key in Event]?: (...given: unknown[]) => unknown } = {};
    for (const event of events) {
      const callback = whole[event];
      if (callback !== undefined) listener[event] = (...given) => call(callback, given, event);
    }
    const { joinLeave = !!(whole.join ?? whole.leave) } = whole;
    const channel = ears.channel(name, Object.assign({}, whole, { joinLeave }));
    undos.push(channel.each ? channel.each(listener) : channel.on(listener));
  }
  return () => undos.splice(0).forEach((undo) => undo());
}

export function membersOf(of: object): [string, unknown][] {
  return Object.keys(of).map((key) => [key, (of as Record<string, unknown>)[key]]);
}
