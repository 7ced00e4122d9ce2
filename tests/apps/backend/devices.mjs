// Devices and what they are told. Here is no device: whoever plays one says when a command is done.

import { Refusal } from "./refusal.mjs";

export class Devices {
  #publish;
  #devices = new Map([
    ["pump-1", { title: "一号水泵", state: { running: false, pressure: 0 }, commands: [] }],
    ["vault", { title: "金库门", keeper: "馆长", state: { running: false, pressure: 0 }, commands: [] }],
  ]);

  constructor(publish) {
    this.#publish = publish;
  }

  methods = {
    device: ({ serial }, user) => this.#device(serial, user),
    turn: ({ serial, turn }, user) => this.#turn(serial, turn, user),
  };

  /** Whether the user may hear of the device. Its serial number anybody can write down. */
  mayHear(serial, user) {
    const { keeper } = this.#devices.get(serial) ?? {};
    return this.#devices.has(serial) && (!keeper || keeper === user);
  }

  /** The device has done the oldest of its commands that is not done yet. */
  async obey(serial) {
    const device = this.#devices.get(serial);
    const at = device.commands.findLastIndex(({ done }) => !done);
    if (at < 0) return;
    const command = { ...device.commands[at], done: Date.now() };
    device.commands[at] = command;
    device.state = command.turn === "on" ? { running: true, pressure: 2.4 } : { running: false, pressure: 0 };
    await this.#publish(`device:${serial}`, { command });
    await this.#publish(`device:${serial}`, { state: device.state });
  }

  async #turn(serial, turn, by) {
    const { commands } = this.#device(serial, by);
    const command = { id: `${serial}-${commands.length + 1}`, turn, by, at: Date.now() };
    commands.unshift(command);
    await this.#publish(`device:${serial}`, { command });
    return command;
  }

  #device(serial, user) {
    if (!this.mayHear(serial, user)) throw new Refusal(103, "没有权限");
    return this.#devices.get(serial);
  }
}
