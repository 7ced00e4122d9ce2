// Quotation: what is open for bids.
const { suonaPage } = require("suona/page");
const { suona } = require("../../suona");

Page(
  suonaPage(suona, {
    data: { notice: "", lots: [] },
    channels: { lots: { message: "put", reload: "load" } },
    async load() {
      this.setData({ lots: await suona.rpc("lots") });
    },
    put(lot) {
      this.setData({ lots: this.data.lots.map((it) => (it.lot === lot.lot ? lot : it)) });
    },
    open({ currentTarget }) {
      wx.navigateTo({ url: `/pages/lot/lot?lot=${currentTarget.dataset.lot}` });
    },
  }),
);
