import type {
  Dial,
  Frame,
  Habits,
  LifeEvent,
  Loss,
  Platform,
  Socket,
  SocketEvent,
  Storage,
} from "../src/platform/platform.js";
import type { Timeline } from "./timeline.js";

/** A platform in the hands of a test: its sockets do what they are told, its app is hidden, suspended and shown. */
export class Device implements Platform {
  readonly name = "device";
  readonly sockets: Line[] = [];
  readonly kept = new Map<string, string>();
  /** What befalls a new socket. Without it, it stays silent. */
  dialled: (line: Line) => void = () => undefined;
  /** Timers that are set now, and the most there ever were at once. */
  timers = 0;
  mostTimers = 0;
  /** Dials in the background of a platform where that fails. */
  hiddenDials = 0;
  /** The most sockets that ever existed at once, those told to close counted for a second. */
  mostSockets = 0;
  hidden = false;
  private suspended = false;
  private held: (() => void)[] = [];
  private life = new Set<(event: LifeEvent) => void>();

  constructor(
    readonly timeline: Timeline,
    readonly habits: Habits = { suspends: true },
    readonly random: () => number = () => 0.5,
  ) {}

  open(dial: Dial, on: (event: SocketEvent) => void): Socket {
    if (this.hidden && this.habits.suspends) this.hiddenDials++;
    const line = new Line(this, dial, on);
    this.sockets.push(line);
    this.mostSockets = Math.max(this.mostSockets, this.sockets.filter((other) => other.counts()).length);
    this.timeline.after(0, () => this.dialled(line));
    return line;
  }

  now(): number {
    return this.timeline.now;
  }

  after(ms: number, wake: () => void): () => void {
    this.timers++;
    this.mostTimers = Math.max(this.mostTimers, this.timers);
    let set = true;
    const over = () => {
      if (set) this.timers--;
      set = false;
    };
    const undo = this.timeline.after(ms, () =>
      this.tell(() => {
        if (!set) return;
        over();
        wake();
      }),
    );
    return () => {
      undo();
      over();
    };
  }

  watch(on: (event: LifeEvent) => void): () => void {
    this.life.add(on);
    return () => this.life.delete(on);
  }

  readonly storage: Storage = {
    get: (key) => this.kept.get(key),
    set: (key, value) => void this.kept.set(key, value),
  };

  /** The app hears of this while it still runs; what is suspended is hidden already. */
  hide(): void {
    if (this.suspended) return;
    this.hidden = true;
    this.life.forEach((on) => on({ is: "hidden" }));
  }

  /** Told before anything that waited: that comes with `resume`. */
  show(): void {
    this.hidden = false;
    this.life.forEach((on) => on({ is: "shown" }));
  }

  network(online?: boolean): void {
    this.tell(() => this.life.forEach((on) => on({ is: "network", online })));
  }

  /** From now on the code stands still: events and timers wait. */
  suspend(): void {
    this.suspended = true;
  }

  /** The code goes on, and everything that waited comes at once. */
  resume(): void {
    this.suspended = false;
    const held = this.held;
    this.held = [];
    for (const event of held) event();
  }

  /** How many listen to the app's life. */
  get watchers(): number {
    return this.life.size;
  }

  get last(): Line {
    return this.sockets[this.sockets.length - 1]!;
  }

  /** Brings an event to the code, when it runs again. */
  tell(event: () => void): void {
    if (this.suspended) this.held.push(event);
    else event();
  }
}

/** One socket of a device, seen from the test's side. */
export class Line implements Socket {
  readonly sent: Frame[] = [];
  state: "opening" | "open" | "lost" = "opening";
  /** A dead line that nobody knows of: nothing passes, and nothing is told. */
  muted = false;
  /**
   * How late its events come, in order: TCP excludes that they overtake each other. Those of another line may come before,
   * as where the old path is slow and the new one is not.
   */
  lag = 0;
  closed: { readonly code: number; readonly reason: string; readonly at: number } | undefined;
  /** What becomes of frames. Without it they vanish. */
  arrived: (frame: Frame) => void = () => undefined;
  /** What the device does when told to close. Without it, nothing: no event ever comes. */
  closing: (code: number, reason: string) => void = () => undefined;

  constructor(
    private readonly device: Device,
    readonly dial: Dial,
    private readonly on: (event: SocketEvent) => void,
  ) {}

  send(frame: Frame): void {
    this.sent.push(frame);
    if (this.state === "open" && !this.muted) this.arrived(frame);
  }

  close(code: number, reason: string): void {
    if (this.closed) return;
    this.closed = { code, reason, at: this.device.now() };
    this.closing(code, reason);
  }

  opened(): void {
    if (this.state !== "opening") return;
    this.state = "open";
    this.tell(() => this.on({ is: "opened" }));
  }

  receive(frame: Frame): void {
    this.tell(() => this.on({ is: "received", frame }));
  }

  lose(loss: Loss = {}): void {
    if (this.state === "lost") return;
    this.state = "lost";
    this.tell(() => this.on({ is: "lost", loss }));
  }

  private tell(event: () => void): void {
    if (this.lag) this.device.timeline.after(this.lag, () => this.device.tell(event));
    else this.device.tell(event);
  }

  /** Whether it takes a place: not lost, and not told to close a second ago. */
  counts(): boolean {
    return this.state !== "lost" && (!this.closed || this.device.now() - this.closed.at < 1000);
  }
}
