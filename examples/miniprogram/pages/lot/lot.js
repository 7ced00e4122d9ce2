// Quotation: the bids on one lot, best first, and one's own next bid.
const { suonaPage } = require("suona/page");
const session = require("../../login");
const { suona } = require("../../suona");

// So many are shown, as many as the backend gives at a time: bids may go on for days.
const SHOWN = 50;

Page(
  suonaPage(suona, {
    data: { online: false, pending: 0, notice: "", me: "", lot: null, endAt: 0, left: 0, best: 0, bids: [], price: "" },
    channels: ({ lot }) => ({ [`lot:${lot}`]: { message: "add", reload: "load" } }),
    countdowns: { left: "endAt" }, // by the server's clock; it stands still while offline

    onLoad({ lot }) {
      this.lot = lot;
    },

    // At first, and whenever bids may have been missed. What comes meanwhile waits, and may be among what was loaded.
    async load() {
      const { lot } = this;
      const [about, bids] = await Promise.all([suona.rpc("lot", { lot }), suona.rpc("bids", { lot })]);
      this.setData({ lot: about, endAt: about.endAt, best: about.best, bids, me: session.me });
    },

    add(bid) {
      if (this.data.bids.some(({ id }) => id === bid.id)) return;
      const bids = [...this.data.bids, bid].sort((a, b) => a.price - b.price).slice(0, SHOWN);
      this.setData({ bids, best: bids[0].price });
    },

    write({ detail }) {
      this.setData({ price: detail.value });
    },

    lower({ currentTarget }) {
      return this.offer(this.data.best - currentTarget.dataset.by);
    },

    offerOwn() {
      return this.offer(Number(this.data.price));
    },

    // A break in between does not make it two bids: each request has a key of its own, by which the gateway knows it.
    async offer(price) {
      this.setData({ price: "" });
      try {
        this.add(await suona.rpc("bid", { lot: this.lot, price }));
      } catch (error) {
        const { message, hint } = error;
        wx.showToast({ title: message === hint ? message : message + hint, icon: "none" });
      }
    },
  }),
);
