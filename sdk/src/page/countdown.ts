import { attempt } from "../link/attempt.js";
import type { Suona } from "../client/suona.js";
import { clock } from "../platform/clock.js";
import type { Undo } from "../platform/platform.js";

/**
 * Tells how many milliseconds are left until `end()` by the server's clock: at once, and then whenever a full second is
 * left, never less than 0. It stands still while there is no connection, because nobody knows then whether the end was
 * moved, and goes on at 0 for the same reason. `end` is asked each time.
 */
export function countdown(
  suona: Pick<Suona, "status" | "serverNow" | "complain">,
  end: () => number,
  tell: (left: number) => unknown,
): Undo {
  let online: boolean | undefined;
  let cancel: Undo = () => undefined;
  const tick = (): void => {
    let left = 0;
    attempt(() => {
      left = Math.max(0, end() - suona.serverNow()) || 0;
      return tell(left);
    }, suona.complain);
    cancel();
    if (online) cancel = clock.after(left % 1000 || 1000, tick);
  };
  const undo = suona.status.each((view) => {
    if (view.online === online) return;
    const first = online === undefined;
    online = view.online;
    if (online || first) tick();
    else cancel();
  });
  return () => {
    undo();
    cancel();
  };
}
