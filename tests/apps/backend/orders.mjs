// Orders of two kinds: vehicles (jdc) and licences (jsz).

const SAMPLES = [
  ["小型车年检代办", "jdc", 260],
  ["驾驶证到期换证", "jsz", 80],
  ["新车上牌", "jdc", 500],
  ["驾驶证遗失补证", "jsz", 90],
];

export class Orders {
  #publish;
  #list = [];

  constructor(publish) {
    this.#publish = publish;
    for (const _ of SAMPLES) this.#sample();
  }

  methods = { list: () => this.#overview() };

  /** One more order comes in. */
  async add() {
    const order = this.#sample();
    await this.#publish("orders", { method: "notify" });
    return order;
  }

  #sample() {
    const number = this.#list.length;
    const [title, kind, amount] = SAMPLES[number % SAMPLES.length];
    const order = { id: `o${number + 1}`, title: `${title} #${number + 1}`, kind, amount, at: Date.now() };
    this.#list.unshift(order);
    return order;
  }

  #overview() {
    const sum = (of) => of.reduce((total, { amount }) => total + amount, 0);
    const kind = (name) => this.#list.filter(({ kind }) => kind === name);
    return {
      allAmount: sum(this.#list),
      orderNum: this.#list.length,
      jdcAmount: sum(kind("jdc")),
      jszAmount: sum(kind("jsz")),
      list: this.#list.slice(0, 50),
    };
  }
}
