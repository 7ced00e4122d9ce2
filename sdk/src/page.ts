/** Native pages of mini-programs that show a connection and hear channels. */

import { attempt } from "./link/attempt.js";
import type { Backend, Suona } from "./index.js";
import { membersOf, type Hearings } from "./page/hearing.js";
import { type Client, type Host, Visit } from "./page/visit.js";

export { countdown } from "./page/countdown.js";
export type { Hearing, Hearings } from "./page/hearing.js";

/** What a page was opened with. */
export type Query = Record<string, string | undefined>;

/** What {@link suonaPage} reads of a page's definition. */
export interface PageParts<Channels, Data> {
  /** `online`, `pending` and `notice` are kept up to date, those of them that are here. */
  readonly data?: Data;
  /** What hears each channel while the page lives: methods by their names, or functions with the page as `this`. */
  readonly channels?: Hearings<Channels, string> | ((query: Query) => Hearings<Channels, string>);
  /**
   * Fields that hold the milliseconds until a time of the server's clock, which is in another field or is returned by a
   * function with the page as `this`. They stand still while offline.
   */
  readonly countdowns?: Readonly<Record<string, string | (() => number)>>;
  onLoad?(query: Query): unknown;
  onShow?(): unknown;
  onHide?(): unknown;
  onUnload?(): unknown;
}

/** What is used of a page while it lives. */
export interface LivingPage<Data> {
  readonly data: Data;
  setData(data: object, done?: () => void): void;
}

/**
 * A page that listens from `onLoad`, just after its own, to `onUnload`: `Page(suonaPage(suona, { … }))`.
 *
 * While it is hidden nothing is called or set: messages wait, in order, up to a thousand of them. What the page itself
 * began before may still end then.
 */
export function suonaPage<Channels, Methods extends Backend<Methods>, Data extends object, Own extends object>(
  suona: Suona<Channels, Methods>,
  page: Own & PageParts<Channels, Data> & ThisType<Own & LivingPage<Data>>,
): Own & PageParts<Channels, Data> {
  const visits = new WeakMap<object, Visit>();
  const { data = {}, channels = {}, countdowns = {} } = page as PageParts<Channels, object>;
  const hear = (self: LivingPage<Host>, visit: Visit, query: Query): void => {
    attempt(() => visit.listen(typeof channels === "function" ? channels.call(self, query) : channels), suona.complain);
    visit.count(countdowns, (field) => self.data[field]);
  };
  return Object.assign({}, page, {
    onLoad(this: LivingPage<Host> & Host, query: Query) {
      const visit = new Visit(suona as unknown as Client, this, (shown, lefts) => {
        const patch: Host = {};
        for (const [field, value] of membersOf(shown)) if (field in data) patch[field] = value;
        Object.assign(patch, lefts);
        for (const [field, value] of membersOf(patch)) if (this.data[field] === value) delete patch[field];
        if (Object.keys(patch).length) this.setData(patch);
      });
      visits.set(this, visit);
      try {
        return page.onLoad?.call(this as never, query);
      } finally {
        hear(this, visit, query);
      }
    },
    onShow(this: object) {
      try {
        return page.onShow?.call(this as never);
      } finally {
        visits.get(this)?.reveal();
      }
    },
    onHide(this: object) {
      visits.get(this)?.hide();
      return page.onHide?.call(this as never);
    },
    onUnload(this: object) {
      visits.get(this)?.end();
      return page.onUnload?.call(this as never);
    },
  });
}
