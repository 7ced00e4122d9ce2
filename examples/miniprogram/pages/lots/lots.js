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
      const { lots } = this.data;
      const known = lots.some((it) => it.lot === lot.lot);
      this.setData({ lots: known ? lots.map((it) => (it.lot === lot.lot ? lot : it)) : [lot, ...lots] });
    },
    open({ currentTarget }) {
      wx.navigateTo({ url: `/pages/lot/lot?lot=${currentTarget.dataset.lot}` });
    },
  }),
);
