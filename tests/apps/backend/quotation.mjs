// Lots and the bids on them. The lowest price wins: a bid must beat the best, and arrive before the end.

import { Refusal } from "./refusal.mjs";

const MINUTE = 60_000;

export class Quotation {
  #publish;
  #bids = new Map();
  lots = new Map();

  constructor(publish) {
    this.#publish = publish;
    this.open("1", "办公室空调 12 台", 36_000, 30 * MINUTE);
    this.open("2", "A4 复印纸 500 箱", 65_000, 12 * MINUTE);
    this.open("3", "配送电动车 8 辆", 28_800, 75 * MINUTE);
  }

  open(lot, title, ceiling, length) {
    this.lots.set(lot, { lot, title, best: ceiling, endAt: Date.now() + length });
    this.#bids.set(lot, []);
  }

  methods = {
    lots: () => [...this.lots.values()],
    lot: ({ lot }) => this.#lot(lot),
    bids: ({ lot }) => this.bids(this.#lot(lot).lot),
    bid: ({ lot, price }, user) => this.#bid(this.#lot(lot), price, user),
  };

  /** Best first. */
  bids(lot) {
    return this.#bids.get(lot).toReversed();
  }

  async #bid(lot, price, supplier) {
    const bids = this.#bids.get(lot.lot);
    if (Date.now() >= lot.endAt) throw new Refusal(1001, "已经截止");
    if (!(price > 0)) throw new Refusal(1002, "请填一个大于 0 的价格");
    if (price >= lot.best) throw new Refusal(1003, `要低于 ${lot.best} 元`);
    lot.best = price;
    const bid = { id: `${lot.lot}-${bids.length + 1}`, lot: lot.lot, price, supplier, at: Date.now() };
    bids.push(bid);
    await this.#publish(`lot:${lot.lot}`, bid);
    await this.#publish("lots", lot);
    return bid;
  }

  #lot(lot) {
    if (!this.lots.has(lot)) throw new Refusal(1004, "没有这个标的");
    return this.lots.get(lot);
  }
}
