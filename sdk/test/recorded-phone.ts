import type { Platform } from "../src/platform/platform.js";
import type { ConnectOptions } from "../src/platform/task.js";
import { wxPlatform } from "../src/platform/wx.js";
import { FakeWx, type FakeTask } from "./fake-wx.js";
import type { Line } from "./recording.js";
import { duration, written } from "./scenario.js";
import type { Timeline } from "./timeline.js";

/** A socket that was told to close counts for so long, as the link has it. */
const CLOSING = 1000;

/**
 * A scripted `wx` that does what a recorded phone did.
 *
 * The app's life and the network are as recorded, to the millisecond. A socket does what that recorded one did which was
 * dialled at nearly the same time, and with a network or without, as it was now. What the recorder itself did to its
 * sockets decides nothing: whoever is played to closes and dials on its own.
 */
export class RecordedPhone {
  readonly platform: Platform;
  /** Where it was dealt with as no phone should be. */
  readonly faults: string[] = [];
  dials = 0;
  timers = 0;
  private readonly wx = new FakeWx();
  private readonly origin: number;
  private setBack = 0;
  private hidden = false;
  private online = true;
  private readonly told = new Map<FakeTask, number>();
  private readonly lost = new Set<FakeTask>();

  /** `write` hears what passes between the phone and whoever is played to. */
  constructor(
    private readonly lines: readonly Line[],
    private readonly timeline: Timeline,
    private readonly write: (mark: "<" | ">", words: string) => void,
  ) {
    this.origin = timeline.now - lines[0]!.at;
    this.wx.limit = Infinity; // that there was no room is among what was recorded
    const api = Object.assign({}, this.wx, { connectSocket: (options: ConnectOptions) => this.connect(options) });
    this.platform = Object.assign(wxPlatform(api), {
      now: () => timeline.now,
      random: () => 0.5,
      after: (ms: number, wake: () => void) => this.after(ms, wake),
    });
  }

  /** Since the recording began, in ms. */
  get time(): number {
    return this.timeline.now - this.origin + this.setBack;
  }

  /** The same since the first line, as transcripts write it. */
  get moment(): string {
    return written(Math.round(this.time - this.lines[0]!.at));
  }

  /** What happened to the app. */
  live({ is, rest, written: words }: Line): void {
    this.write(">", `${is} ${words}`.trimEnd());
    if (is === "hidden" || is === "shown") {
      this.hidden = is === "hidden";
      this.wx.say(this.hidden ? "hide" : "show");
    } else if (is === "network") {
      this.online = rest[0] === "online";
      this.wx.say("network", { isConnected: this.online, networkType: rest[1] });
    } else if (is === "clock") {
      this.setBack -= duration(rest[0]!);
      this.timeline.now += duration(rest[0]!);
    }
  }

  private connect(options: ConnectOptions): unknown {
    const api = this.wx.connectSocket(options) as FakeTask["api"];
    const { task } = this.wx;
    const name = ++this.dials;
    this.write("<", `dial ${name}`);
    this.judge();
    const model = this.model();
    if (model) this.let(task, name, this.before(model), this.time - model.at);
    const close: typeof api.close = (how) => {
      const first = !this.told.has(task);
      if (first) this.told.set(task, this.time);
      if (!this.lost.has(task)) this.write("<", `close ${name} ${how.code} ${JSON.stringify(how.reason)}`);
      if (model && first) this.let(task, name, ...this.afterClose(model));
      api.close(how);
    };
    return Object.assign({}, api, { close });
  }

  private judge(): void {
    if (this.hidden) this.faults.push(`dialled at ${this.moment} while hidden`);
    const { tasks } = this.wx;
    const living = tasks.filter((task) => !this.lost.has(task));
    if (living.filter((task) => !this.told.has(task)).length > 1) this.faults.push(`two sockets at ${this.moment}`);
    const closing = living.filter((task) => this.time - (this.told.get(task) ?? -Infinity) < CLOSING);
    if (closing.length > 1) this.faults.push(`dialled at ${this.moment} with two still closing`);
  }

  /** The recorded dial that tells most of one that is made now. */
  private model(): Line | undefined {
    let online = true;
    let best: Line | undefined;
    for (const line of this.lines) {
      if (line.is === "network") online = line.rest[0] === "online";
      if (line.is !== "dial" || online !== this.online) continue;
      if (!best || Math.abs(line.at - this.time) < Math.abs(best.at - this.time)) best = line;
    }
    return best;
  }

  private of(model: Line): Line[] {
    return this.lines.filter(({ socket }) => socket === model.socket);
  }

  /** What a recorded socket told before the recorder closed it. */
  private before(model: Line): Line[] {
    const closed = this.of(model).find(({ is, came }) => is === "close" && !came)?.at ?? Infinity;
    return this.of(model).filter(({ came, at }) => came && at < closed);
  }

  /** What it told after that, and by how much later a close now is. */
  private afterClose(model: Line): [Line[], number] {
    const closed = this.of(model).find(({ is, came }) => is === "close" && !came)?.at ?? Infinity;
    return [this.of(model).filter(({ came, at }) => came && at > closed), this.time - closed];
  }

  private let(task: FakeTask, name: number, lines: Line[], shift: number): void {
    for (const line of lines) {
      const at = Math.abs(shift) < 1 ? line.at + shift : this.awake(line.at + shift, (_, next) => next);
      this.timeline.after(at - this.time, () => this.tell(task, name, line));
    }
  }

  private tell(task: FakeTask, name: number, { is, rest, written: words }: Line): void {
    const [code, text] = rest.length > 1 ? [Number(rest[0]), rest[1]] : [undefined, rest[0]];
    if (task.gone || (is === "message" && this.told.has(task))) return;
    this.write(">", `${is} ${name} ${words}`.trimEnd());
    if (["close", "error", "fail"].includes(is)) this.lost.add(task);
    if (is === "close" || is === "fail") task.gone = true;
    if (is === "success") task.options.success({ errMsg: "connectSocket:ok" });
    else if (is === "fail") task.options.fail({ errMsg: text });
    else if (is === "open") task.open();
    else if (is === "message") task.message(rest[1] === "text" ? "x".repeat(Number(rest[0])) : new ArrayBuffer(code!));
    else if (is === "error") task.emit("error", { errCode: code, errMsg: text });
    else if (is === "close") task.emit("close", { code, reason: text });
    else if (is === "sent" || is === "unsent") task.sending = is === "sent" ? "success" : "fail";
  }

  private after(ms: number, wake: () => void): () => void {
    let set = true;
    this.timers++;
    const over = () => {
      if (set) this.timers--;
      set = false;
    };
    const due = this.awake(this.time + ms, (resumed) => resumed);
    const undo = this.timeline.after(due - this.time, () => {
      over();
      wake();
    });
    return () => {
      undo();
      over();
    };
  }

  /** The given time, or where the code stood still then, when it went on: its timers, or the first news of any kind. */
  private awake(time: number, choose: (resumed: number, next: number) => number): number {
    for (const [index, { is, at }] of this.lines.entries()) {
      if (is !== "suspended" || at > time) continue;
      const resumed = this.lines.find((line) => line.is === "resumed" && line.at > at)?.at ?? Infinity;
      const until = choose(resumed, this.lines[index + 1]?.at ?? Infinity);
      if (time < until) return until;
    }
    return time;
  }
}
