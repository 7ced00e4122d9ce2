/** Components of Vue 2, and of Vue 3 with the Options API, that show a connection and hear channels. */

import type { Backend, Suona } from "./index.js";
import type { Hearings } from "./page/hearing.js";
import { type Client, type Host, type Shown, Visit } from "./page/visit.js";

export { countdown } from "./page/countdown.js";
export type { Hearing, Hearings } from "./page/hearing.js";

/** What a component hears and counts down. */
export interface MixinParts<Channels, Self = Record<string, unknown>> {
  /** What hears each channel: methods by their names, or functions. Found by a function, they follow what it reads. */
  readonly channels?: Hearings<Channels, string> | ((self: Self) => Hearings<Channels, string>);
  /**
   * Fields that hold the milliseconds until a time of the server's clock, which is in another field or is returned by a
   * function with the component as `this`. They stand still while offline.
   */
  readonly countdowns?: Readonly<Record<string, string | (() => number)>>;
}

/** What is used of a component while it lives. */
interface LivingComponent extends Host {
  connection: Shown;
  $watch(source: () => unknown, heard: () => void, options: { immediate: boolean }): unknown;
}

/**
 * `mixins: [suonaMixin(suona, { … })]`: the component has `connection`, with `online`, `pending` and `notice`, and its
 * listeners end with it. While a page of uni-app is hidden, messages wait.
 */
export function suonaMixin<Channels, Methods extends Backend<Methods>, Self = Record<string, unknown>>(
  suona: Suona<Channels, Methods>,
  { channels = {}, countdowns = {} }: MixinParts<Channels, Self> = {},
): {
  data(): { connection: Shown };
  created(): void;
  onShow(): void;
  onHide(): void;
  beforeDestroy(): void;
  beforeUnmount(): void;
} {
  const visits = new WeakMap<object, Visit>();
  const end = (self: object): void => visits.get(self)?.end();
  return {
    data() {
      const { online, pending, notice } = suona.status.value;
      const lefts = Object.keys(countdowns).map((field) => ({ [field]: 0 }));
      return Object.assign({ connection: { online, pending, notice } }, ...lefts) as { connection: Shown };
    },
    created(this: unknown) {
      const self = this as LivingComponent;
      const visit = new Visit(suona as unknown as Client, self, (shown, lefts) => {
        Object.assign(self.connection, shown);
        Object.assign(self, lefts);
      });
      visits.set(self, visit);
      const found = () => (typeof channels === "function" ? channels(self as unknown as Self) : channels);
      // Functions within are made anew each time: only other names are a reason to listen anew.
      self.$watch(
        () => Object.keys(found()).join("\n"),
        () => visit.listen(found()),
        { immediate: true },
      );
      visit.count(countdowns, (field) => self[field]);
    },
    onShow(this: unknown) {
      visits.get(this as object)?.reveal();
    },
    onHide(this: unknown) {
      visits.get(this as object)?.hide();
    },
    // Vue 2 calls the one, Vue 3 the other.
    beforeDestroy(this: unknown) {
      end(this as object);
    },
    beforeUnmount(this: unknown) {
      end(this as object);
    },
  };
}
