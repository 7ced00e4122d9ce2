import type { ClientOptions } from "./signals.js";
import type { Subscription } from "./subscription.js";

/** What a client says first: who it is, what it understands, and where it stands in channels that the server chose. */
export function greeting(
  { session, data }: ClientOptions,
  token: string | undefined,
  subscriptions: Map<string, Subscription>,
): object {
  const headers = { "suona-session": session, "suona-farewell": "1", "suona-time": "1" };
  let subs: Record<string, object> | undefined;
  subscriptions.forEach(({ served, position }, channel) => {
    if (served && position) (subs = subs || {})[channel] = Object.assign({ recover: true }, position);
  });
  return { token, data, name: "suona", headers, subs };
}
