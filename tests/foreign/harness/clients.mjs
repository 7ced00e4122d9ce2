// The stock JavaScript client, with short delays and undone at the end of its test.

import { Centrifuge } from "centrifuge";
import { WebSocket } from "ws";

import { token } from "./tokens.mjs";

const QUICK = { websocket: WebSocket, minReconnectDelay: 20, maxReconnectDelay: 200 };

/**
 * A client that has not connected yet; of user `ann` unless `options` say otherwise.
 * `kind` may be another build of the library.
 */
export function client(t, url, { kind = Centrifuge, ...options } = {}) {
  const made = new kind(url, { token: token({ sub: "ann" }), ...QUICK, ...options });
  made.on("error", () => {}); // an attempt that failed; the tests look at states instead
  t.after(() => made.disconnect());
  return made;
}

/** A client that is connected. */
export async function connected(t, url, options) {
  const made = client(t, url, options);
  made.connect();
  await made.ready(5000);
  return made;
}

/** A subscription that is established. */
export async function subscribed(to, channel, options = {}) {
  const made = to.newSubscription(channel, { minResubscribeDelay: 20, maxResubscribeDelay: 200, ...options });
  made.subscribe();
  await made.ready(5000);
  return made;
}

/** Everything that a subscription hears from now on, as it comes. */
export function heard(subscription) {
  const items = [];
  subscription.on("publication", ({ data }) => items.push(data));
  return items;
}

/** The next event `name` that `accepts`. */
export function next(emitter, name, { accepts = () => true, within = 10_000 } = {}) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => done(reject, new Error(`no "${name}" within ${within} ms`)), within);
    const listener = (context) => accepts(context) && done(resolve, context);
    const done = (settle, value) => {
      clearTimeout(timer);
      emitter.removeListener(name, listener);
      settle(value);
    };
    emitter.on(name, listener);
  });
}

/** Cuts a client's line while `meanwhile` happens; resolves to what `listener` is told when it is subscribed again. */
export async function broken(client, network, listener, meanwhile) {
  const lost = next(client, "connecting");
  network.cut();
  await lost;
  await meanwhile();
  const back = next(listener, "subscribed");
  network.mend();
  return back;
}

/** Waits until `condition` holds. */
export async function until(condition, what = condition, within = 10_000) {
  const end = Date.now() + within;
  while (!(await condition())) {
    if (Date.now() > end) throw new Error(`not within ${within} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** `from`, `from + 1`, … `to`. */
export function range(from, to) {
  return Array.from({ length: to - from + 1 }, (_, index) => from + index);
}

/** A client that minds its own business; it must never notice what others do to the gateway. */
export async function bystander(t, gateway) {
  const made = await connected(t, gateway.websocket, { token: token({ sub: "bystander" }) });
  const items = heard(await subscribed(made, "news:bystander"));
  let breaks = 0;
  made.on("connecting", () => breaks++);
  made.on("disconnected", () => breaks++);
  let sent = 0;
  return {
    async stillHears() {
      await gateway.publish("news:bystander", ++sent);
      await until(() => items.at(-1) === sent, `publication ${sent} reaches the bystander`);
      if (breaks) throw new Error("the bystander's connection broke");
      if (items.length !== sent) throw new Error(`the bystander heard ${items} of ${sent}`);
    },
  };
}
