// What scanners read.

const GOODS = ["矿泉水 24 瓶", "抽纸 12 包", "方便面 5 连包", "大米 10 kg"];

export class Scans {
  #publish;
  #tasks = [];

  constructor(publish) {
    this.#publish = publish;
  }

  methods = { tasks: () => this.#tasks };

  /** The scanner reads one more. */
  async read(head = "gate") {
    const number = this.#tasks.length + 1;
    const code = `69${`${number * 7919}`.padStart(11, "0")}`;
    const task = { id: `t${number}`, code, title: GOODS[number % GOODS.length], at: Date.now() };
    this.#tasks.unshift(task);
    await this.#publish(`scan:${head}`, task);
    return task;
  }
}
