import { createSuona, type Options, type Suona } from "../src/index.js";
import type { Platform } from "../src/platform/platform.js";
import { FakeWx, type FakeTask } from "./fake-wx.js";
import { alikes } from "./phones-alike.js";
import { type Line, Server } from "./server.js";
import { dice, Timeline } from "./timeline.js";

/** Virtual time, a server, and a scripted `wx` on which a whole client runs. */
export class WxWorld {
  readonly timeline = new Timeline();
  readonly server = new Server(this.timeline);
  /** What befalls a new socket: unless told otherwise it opens. */
  dialled: (task: FakeTask) => void = (task) => this.open(task);
  /** Sockets that are dead, and nobody knows. */
  readonly dead = new Set<FakeTask>();

  readonly wx = new FakeWx();
  private readonly alike: (typeof alikes)[string];

  /** `kind`: which of the platforms that are made after WeChat's likeness. */
  constructor(kind = "WeChat") {
    this.alike = alikes[kind]!;
    this.wx.dialect = this.alike.dialect;
  }

  client(options: Partial<Options> = {}): Suona {
    return createSuona({ url: "wss://example.org/connection/websocket", platform: this.platform(), ...options });
  }

  /** Opens a socket after a while, and puts the server at its other end. */
  open(task: FakeTask, ms = 50): void {
    const { dead, server, timeline } = this;
    const line: Line = {
      get state() {
        return task.gone ? "lost" : task.opened ? "open" : "opening";
      },
      get muted() {
        return dead.has(task);
      },
      get closed() {
        return task.closes.length > 0;
      },
      arrived: () => undefined,
      closing: () => undefined,
      opened: () => task.open(),
      receive: (frame) => task.message(frame),
      lose: ({ code = 1006, reason }) => task.closed(code, reason),
    };
    task.arrived = (data) => line.arrived(data as string);
    task.closing = (code, reason) => line.closing(code, reason);
    timeline.after(ms, () => server.accept(line));
  }

  /** Sockets that the system counts, and that nobody told to close. */
  get left(): FakeTask[] {
    return this.wx.tasks.filter(({ gone, closes }) => !gone && !closes.length);
  }

  pass(ms: number): Promise<void> {
    return this.timeline.pass(ms);
  }

  /** Time and chance are ours; everything else is as on the device. */
  private platform(): Platform {
    const { alike, timeline, wx } = this;
    const real = alike.platform(wx);
    return {
      ...real,
      now: () => timeline.now,
      random: dice(1),
      after: (ms, wake) => timeline.after(ms, () => wx.happen(wake)),
      open: (dial, on) => {
        const before = wx.tasks.length;
        const socket = real.open(dial, on);
        wx.tasks.slice(before).forEach((task) => task.gone || this.dialled(task));
        return socket;
      },
    };
  }
}
