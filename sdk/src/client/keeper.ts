import { attempt } from "../link/attempt.js";
import type { Undo } from "../platform/platform.js";
import type { SuonaError } from "../errors.js";
import type { Kept } from "./keep.js";
import type { Listener } from "./room.js";
import type { ClientInfo, Publication } from "./wire.js";

/** Stands before a listener without whose having heard it no message is saved as heard. */
export class Keeper<Data> implements Listener<Data> {
  /** Of what is not heard yet. */
  private readonly releases = new Set<Undo>();

  constructor(
    private readonly listener: Listener<Data>,
    private readonly kept: () => Kept | undefined,
  ) {}

  message(data: Data, publication: Publication<Data>): unknown {
    const hold = this.kept()?.hold();
    const release = () => void (this.releases.delete(release) && hold?.());
    this.releases.add(release);
    let outcome: unknown;
    try {
      outcome = this.listener.message?.(data, publication);
    } catch (error) {
      release();
      throw error;
    }
    attempt(() => outcome, release, release);
    return outcome;
  }

  subscribed(how: "fresh" | "recovered" | "gap"): unknown {
    return this.listener.subscribed?.(how);
  }

  gap(): unknown {
    return this.listener.gap?.();
  }

  join(who: ClientInfo): unknown {
    return this.listener.join?.(who);
  }

  leave(who: ClientInfo): unknown {
    return this.listener.leave?.(who);
  }

  ended(error: SuonaError): unknown {
    return this.listener.ended?.(error);
  }

  /** It does not listen any more, and nobody shall wait for it. */
  end(): void {
    this.releases.forEach((release) => release());
  }
}
