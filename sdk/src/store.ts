/** Feeds a store of Vuex 3 or 4, or of Pinia, with every message: who watches its state sees the last of a tick only. */

import type { View } from "./client/options.js";
import type { Backend, Suona } from "./index.js";
import type { Undo } from "./platform/platform.js";
import { type Callback, type Ears, hearAll, type Hearings } from "./page/hearing.js";

export type { Hearing, Hearings } from "./page/hearing.js";

/** What is used of a store of Vuex. */
export interface VuexStore {
  commit(mutation: string, payload?: unknown): unknown;
  dispatch(action: string, payload?: unknown): unknown;
}

/** What goes into a store. */
export interface Feed<Channels, By> {
  /** Hears the connection's status: now, and whenever it changes. */
  readonly status?: By | ((view: View) => unknown);
  /** What hears each channel. With `keep`, the last messages before the end of the app come first. */
  readonly channels?: Hearings<Channels, By>;
}

/** The actions of a store of Pinia. */
export type Actions<Store> = {
  [Key in keyof Store]: Store[Key] extends (...given: never[]) => unknown ? Key : never;
}[keyof Store] &
  string;

/**
 * Feeds a store until undone. In Vuex names are those of mutations, and of an action for `reload`; in Pinia, of actions.
 *
 * The store gets copies: what it makes reactive or changes, no other listener sees.
 */
export function feed<Channels, Methods extends Backend<Methods>, Store extends object>(
  suona: Suona<Channels, Methods>,
  store: Store,
  { status, channels = {} }: Feed<Channels, Store extends VuexStore ? string : Actions<Store>>,
): Undo {
  const call = (callback: Callback, given: unknown[], event: string): unknown => {
    if (typeof callback === "function") return (callback as (...given: unknown[]) => unknown)(...given);
    if (isVuex(store)) return event === "reload" ? store.dispatch(callback) : store.commit(callback, given[0]);
    return (store as Record<string, (...given: unknown[]) => unknown>)[callback]!(...given);
  };
  const undoStatus =
    status && suona.status.each((view) => call(status as Callback, [Object.assign({}, view)], "status"));
  const deafen = hearAll(suona as unknown as Ears, channels, (callback, given, event) =>
    call(callback, given.map(copy), event),
  );
  return () => {
    undoStatus?.();
    deafen();
  };
}

function isVuex(store: object): store is VuexStore {
  return typeof (store as VuexStore).commit === "function" && typeof (store as VuexStore).dispatch === "function";
}

/** Everything a server says is JSON; an error is not, and is handed on as it is. */
function copy(given: unknown): unknown {
  return given instanceof Error ? given : JSON.parse(JSON.stringify(given));
}
