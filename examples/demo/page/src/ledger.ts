/** What one client sent and heard, in order, and whether that is what should have been. */

import type { Deed } from "./systems";

/** A line of the log. */
export type Entry = { readonly id: number; readonly at: number } & (
  | Sent
  | { readonly is: "heard" | "recovered"; readonly channel: string; readonly offset?: number; readonly data: unknown }
  | { readonly is: "gap"; readonly channel: string }
  | { readonly is: "online" | "offline" }
);

/** Something that was asked of the backend. */
export interface Sent {
  readonly is: "sent";
  readonly deed: Deed;
  readonly data: object;
  became: "waiting" | "answered" | "refused";
  /** Why it was refused: a code of the SDK. */
  code?: string;
}

type What = Entry extends infer One ? (One extends Entry ? Omit<One, "id" | "at"> : never) : never;

/** Older lines go. */
const LINES = 200;

/** It counts by itself, from the offsets that the server gave: it takes no word of the SDK for it. */
export class Ledger {
  /** Newest first. */
  entries: Entry[] = [];
  sent = 0;
  heard = 0;
  recovered = 0;
  gaps = 0;
  /** Publications that came a second time. */
  twice = 0;
  /** Publications that did not come, and of which nothing was said. */
  missing = 0;
  /** By channel, the offset of what came last; none after a gap. */
  private readonly last = new Map<string, number>();
  private written = 0;

  constructor(private readonly now: () => number) {}

  /** Each once and in order, or a gap was told. */
  get good(): boolean {
    return this.twice === 0 && this.missing === 0;
  }

  /** Something is on its way. */
  send(deed: Deed, data: object): Sent {
    this.sent++;
    return this.write({ is: "sent", deed, data, became: "waiting" }) as Entry & Sent;
  }

  /** Something was heard, `recovered` if it was published while we were away. */
  hear(channel: string, data: unknown, offset: number | undefined, recovered: boolean): void {
    const last = this.last.get(channel);
    if (offset !== undefined) {
      if (last !== undefined && offset <= last) this.twice++;
      else if (last !== undefined) this.missing += offset - last - 1;
      this.last.set(channel, Math.max(offset, last ?? 0));
    }
    this.heard++;
    if (recovered) this.recovered++;
    this.write({ is: recovered ? "recovered" : "heard", channel, offset, data });
  }

  /** We are in the channel, from wherever it stands now. */
  begin(channel: string): void {
    this.last.delete(channel);
  }

  /** We were told that something is gone. */
  gap(channel: string): void {
    this.begin(channel);
    this.gaps++;
    this.write({ is: "gap", channel });
  }

  /** The connection came or went. */
  turn(is: "online" | "offline"): void {
    this.write({ is });
  }

  private write(what: What): Entry {
    this.entries.unshift({ ...what, id: ++this.written, at: this.now() });
    if (this.entries.length > LINES) this.entries.pop();
    // As it stands in the list: whoever changes it is seen to.
    return this.entries[0]!;
  }
}
