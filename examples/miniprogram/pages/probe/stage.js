// Where an experiment plays: it dials, waits for what the phone does, and asks the user to do something.

class Stage {
  /** `ask` shows the user what to do; the empty text, nothing. */
  constructor(phone, recorder, ask) {
    this.phone = phone;
    this.recorder = recorder;
    this.ask = ask;
    this.waits = new Set();
    this.ended = false;
  }

  /** From here on an app would want to be connected: what a phone does after this, the SDK has to live with. */
  start() {
    this.recorder.came("start");
  }

  /** From here on it would not. */
  stop(reason) {
    this.recorder.came(`stop ${JSON.stringify(reason)}`);
  }

  dial(path = "/", options) {
    return this.phone.dial(path, options);
  }

  send(socket, data) {
    this.phone.send(socket, data);
  }

  close(socket, code, reason) {
    this.phone.close(socket, code, reason);
  }

  /** Whether something came that begins so, or comes within `limit` ms. */
  happened(starts, limit) {
    if (starts.some((start) => this.recorder.has(start))) return Promise.resolve(true);
    return this.wait(starts, limit);
  }

  pause(ms) {
    return this.wait([], ms);
  }

  /** Asks the user for something, and waits until it comes. False if the user went on without it. */
  async asks(what, starts) {
    this.ask(what);
    const happened = await this.wait(starts);
    this.ask("");
    return happened;
  }

  /** The user wants to go on. */
  next() {
    for (const wait of this.waits) if (wait.limit === undefined) wait.over(false);
  }

  /** Something came. */
  came(words) {
    const begins = (start) => `${words} `.startsWith(`${start} `);
    for (const wait of this.waits) if (wait.starts.some(begins)) wait.over(true);
  }

  /** Nothing is waited for any more. */
  end() {
    this.ended = true;
    for (const wait of this.waits) wait.over(false);
  }

  /** For something to come, or for the user to go on; with a `limit`, for no user but so many ms. */
  wait(starts, limit) {
    if (this.ended) return Promise.resolve(false);
    return new Promise((resolve) => {
      const wait = { starts, limit };
      const timer = limit === undefined ? undefined : setTimeout(() => wait.over(false), limit);
      wait.over = (happened) => {
        clearTimeout(timer);
        this.waits.delete(wait);
        resolve(happened);
      };
      this.waits.add(wait);
    });
  }
}

module.exports = { Stage };
