// The order desk: a list that is loaded again whenever the backend says so, or may have said so unheard.
const { suonaPage } = require("suona/page");
const { suona } = require("../../suona");

Page(
  suonaPage(suona, {
    data: { pending: 0, notice: "", orders: null }, // the first two are kept up to date
    channels: { orders: { message: "load", reload: "load" } },
    asked: 0,
    // Answers may overtake each other; the last question counts.
    async load() {
      const question = ++this.asked;
      const orders = await suona.rpc("list");
      if (question === this.asked) this.setData({ orders });
    },
  }),
);
