// Quotation: what is open for bids.
const { suonaPage } = require("suona/page");
const { suona } = require("../../suona");

// So many are shown, as many as the backend gives at a time.
const SHOWN = 50;

Page(
  suonaPage(suona, {
    data: { notice: "", lots: [] },
    channels: { lots: { message: "put", reload: "load" } },
    async load() {
      this.setData({ lots: await suona.rpc("lots") });
    },
    put(lot) {
      const { lots } = this.data;
      const known = lots.some((it) => it.lot === lot.lot);
      const all = known ? lots.map((it) => (it.lot === lot.lot ? lot : it)) : [lot, ...lots];
      this.setData({ lots: all.slice(0, SHOWN) });
    },
    open({ currentTarget }) {
      wx.navigateTo({ url: `/pages/lot/lot?lot=${currentTarget.dataset.lot}` });
    },
  }),
);
