/** The Composition API of Vue 3, and of Vue 2.7. */

import { computed, type ComputedRef, onScopeDispose, type Ref, shallowRef, unref, watch } from "vue";
import type { Name, View } from "./client/options.js";
import type { Backend, Suona } from "./index.js";
import type { Loader as Listener } from "./client/reload.js";
import { countdown } from "./page/countdown.js";
import { type Ears, hearAll, type Hearing } from "./page/hearing.js";

export { countdown } from "./page/countdown.js";
export type { Hearing, Hearings } from "./page/hearing.js";

/** A value, a ref of it, or a function that finds it. */
export type Source<Value> = Value | Readonly<Ref<Value>> | (() => Value);

/** What a component shows of the connection: each part of the client's `status` as a ref of its own. */
export function useStatus(suona: Pick<Suona, "status">): {
  readonly [Part in keyof Required<View>]: ComputedRef<View[Part]>;
} {
  const view = shallowRef(suona.status.value);
  onScopeDispose(suona.status.each((now) => void (view.value = now)));
  const part = <Part extends keyof View>(name: Part) => computed(() => view.value[name]);
  return {
    online: part("online"),
    state: part("state"),
    reason: part("reason"),
    notice: part("notice"),
    pending: part("pending"),
    error: part("error"),
    until: part("until"),
  };
}

/** Hears a channel while the component lives, and another one as soon as `name` changes. An empty name is none. */
export function useChannel<Channels, Methods extends Backend<Methods>, Key extends Name<Channels>>(
  suona: Suona<Channels, Methods>,
  name: Source<Key | "">,
  hearing: Hearing<Channels[Key]> | Listener<Channels[Key]>["message"],
): void {
  let deafen = (): void => undefined;
  const hear = (key: Key | ""): void => {
    deafen();
    deafen = hearAll(suona as unknown as Ears, key ? { [key]: hearing } : {}, (callback, given) =>
      (callback as (...given: unknown[]) => unknown)(...given),
    );
  };
  // At once: what is rendered late would hear late.
  watch(() => valueOf(name), hear, { immediate: true, flush: "sync" });
  onScopeDispose(() => deafen());
}

/** The milliseconds until a time of the server's clock, never less than 0. It stands still while offline. */
export function useCountdown(
  suona: Pick<Suona, "status" | "serverNow" | "complain">,
  end: Source<number>,
): Readonly<Ref<number>> {
  const left = shallowRef(0);
  let stop = (): void => undefined;
  const begin = (): void => {
    stop();
    stop = countdown(
      suona,
      () => valueOf(end),
      (now) => (left.value = now),
    );
  };
  watch(() => valueOf(end), begin, { immediate: true, flush: "sync" });
  onScopeDispose(() => stop());
  return left;
}

/** As `toValue`, which Vue 2.7 lacks. */
function valueOf<Value>(source: Source<Value>): Value {
  return typeof source === "function" ? (source as () => Value)() : (unref(source) as Value);
}
