// The order desk: a list that is loaded again whenever the backend says so, or may have said so unheard.
const { suonaPage } = require("suona/page");
const { suona } = require("../../suona");

Page(
  suonaPage(suona, {
    data: { pending: 0, notice: "", orders: null }, // the first two are kept up to date
    channels: { orders: { message: "load", reload: "load" } },
    async load() {
      this.setData({ orders: await suona.rpc("list") });
    },
  }),
);
