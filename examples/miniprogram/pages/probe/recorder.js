// Writes down what a phone does, line by line, in the words of scenarios/README.md. Pure: its clock is lent to it.

/** How often `tick` is to be called, in ms. */
const PERIOD = 500;
/** A timer that is so much later, in ms, was not just kept waiting: the code stood still. */
const STOOD = 2000;
/** Half an hour of a server that speaks twice a second. What comes after is counted, not kept. */
const MOST_LINES = 4000;
const LONGEST_TEXT = 200;

class Recorder {
  /** `wall` gives ms since 1970, and may be set back by the user. `heard` hears the words of what came. */
  constructor(wall, heard = () => {}) {
    this.wall = wall;
    this.heard = heard;
    this.began = wall();
    this.last = this.began;
    this.lag = 0;
    this.ticked = 0;
    this.lines = [];
    this.dropped = 0;
  }

  /** What follows belongs to this experiment, until its end. */
  begin(name) {
    this.add("", `\nexperiment ${name}`);
  }

  end() {
    this.add("", "end");
  }

  /** From the app, from a socket, or from the phone. */
  came(words) {
    this.add("> ", words);
    this.heard(words);
  }

  /** What the page did to the phone. */
  did(words) {
    this.add("< ", words);
  }

  /** For the reader. */
  note(words) {
    this.add("# ", masked(words));
  }

  /** A timer fired. Where one was due long before, the code stood still from then on. */
  tick() {
    const now = this.elapsed();
    const due = this.ticked + PERIOD;
    this.ticked = now;
    if (now - due < STOOD) return;
    const later = this.lines.findIndex(({ at }) => at > due);
    const line = { at: due, mark: "> ", words: "suspended" };
    this.lines.splice(later < 0 ? this.lines.length : later, 0, line);
    this.came("resumed");
  }

  /** Whether something came with these words, whatever followed them. */
  has(start) {
    return this.lines.some(({ mark, words }) => mark === "> " && `${words} `.startsWith(`${start} `));
  }

  /** The last lines as they will stand in the transcript. */
  tail(count) {
    return this.lines.slice(-count).map((line) => written(line).trim());
  }

  /** All of it. `about` describes the phone. */
  transcript(about) {
    return [
      "# What a phone did, as the probe page of examples/miniprogram saw it. scenarios/README.md explains the lines.",
      "machine phone",
      `about ${JSON.stringify(about)}`,
      `started ${new Date(this.began).toISOString()}`,
      ...this.lines.map(written),
      ...(this.dropped ? [`# ${this.dropped} lines came after these and were not kept`] : []),
      "",
    ].join("\n");
  }

  add(mark, words) {
    const at = this.elapsed();
    if (this.lines.length < MOST_LINES) this.lines.push({ at, mark, words });
    else this.dropped++;
  }

  /** Since the beginning. A clock that is set back is noted, and time goes on. */
  elapsed() {
    const now = this.wall();
    const { last } = this;
    this.last = now;
    if (now < last) {
      this.lag += last - now;
      this.came(`clock -${duration(last - now)}`);
    }
    return now + this.lag - this.began;
  }
}

function written({ at, mark, words }) {
  return mark === "> " || mark === "< " ? `${mark}${duration(at)} ${words}` : mark + words;
}

function duration(ms) {
  return ms < 1000 ? `${ms}ms` : `${ms / 1000}s`;
}

/** Without what may be secret: of addresses, the host is left. */
function masked(text) {
  const address = /\b(wss?|https?):\/\/(?:[^\s\/?#"'@]*@)?([^\s\/?#"']*)[^\s"']*/g;
  return `${text}`.replace(address, "$1://$2").replace(/\s+/g, " ").slice(0, LONGEST_TEXT);
}

/** What a phone calls a text, in a line. */
function quoted(text = "") {
  return JSON.stringify(masked(typeof text === "object" ? JSON.stringify(text) : text));
}

module.exports = { Recorder, PERIOD, masked, quoted };
