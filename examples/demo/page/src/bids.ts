/** The list of bids, best first. */

import type { Bid } from "./systems";

/** So many are listed, as many as the backend gives at a time: there may be thousands. */
export const SHOWN = 200;

/** The list with one more. One that is known already changes nothing. */
export function withBid(bids: readonly Bid[], bid: Bid): readonly Bid[] {
  if (bids.some(({ id }) => id === bid.id)) return bids;
  return [...bids, bid].sort((a, b) => a.price - b.price).slice(0, SHOWN);
}
