import type { SuonaError } from "../src/errors.js";
import type { Errand } from "../src/client/signals.js";
import type { Suona } from "../src/index.js";
import { dice } from "./timeline.js";
import { World } from "./world.js";

export const TTL = 120_000;
/** Long enough to find a dead line, to wait out the longest backoff but for bad luck, and to be answered. */
const LONG_ENOUGH = 60_000;
/** How late the events of a slow line come. */
const LONGEST_LAG = 10_000;
/** What is published, is published in all of them. Nobody stays in the second. */
const CHANNELS = ["news", "chat"];
/** Tokens are good for this long. */
const TOKEN_LIFE = 60_000;

export interface Message {
  readonly n: number;
  readonly epoch: string;
}

export interface Bid {
  readonly at: number;
  /** Given while the client was closed. */
  readonly late: boolean;
  /** Given while the server had sent the client away for good. */
  readonly unwelcome: boolean;
  outcome: string;
  /** When it was. */
  over: number;
}

/** A listener that comes late and leaves. */
interface Visit {
  readonly story: (Message | "gap")[];
  readonly leave: () => void;
}

/** The backend wants no such bid. */
export function isRefused(n: number): boolean {
  return n % 7 === 3;
}

/** One random life of an app, and what was seen of it. */
export class Life {
  readonly world: World;
  suona!: Suona;
  readonly story: (Message | "gap")[] = [];
  readonly bids: Bid[] = [];
  readonly executed: number[] = [];
  /** How often each errand was settled. */
  readonly settled = new Map<Errand, number>();
  /** Which bids may have happened twice, as the client says. */
  readonly doubted: number[] = [];
  /** When the server forgot what it had done. */
  private readonly restarts: number[] = [];
  /** When the server was said to have the client. */
  private readonly onlines: number[] = [];
  /** What was heard by those who came late, and what they were told after they had left. */
  readonly visits: Visit[] = [];
  heardAfterLeaving = 0;
  /** How often the channel that nobody may hear was said to have ended, by the start of the client. */
  readonly ended: number[] = [];
  /** When something bad happened, or the world was bad. */
  readonly bad: number[] = [];
  /** When the app closed its client, or the server sent it away for good. */
  private readonly closes: number[] = [];
  private isClosed = false;
  private readonly roll: () => number;
  private readonly present: Visit[] = [];
  private published = 0;
  /** What the backend has of the lot, and what the page shows of it. */
  lot = 0;
  shown = 0;

  constructor(seed: number) {
    const roll = (this.roll = dice(seed));
    this.world = new World(seed, { suspends: roll() < 0.7 });
    const { server, timeline } = this.world;
    server.historySize = 2 + Math.floor(roll() * 40);
    server.latency = () => 5 + Math.floor(roll() * roll() * 400);
    server.rpc = (_, n) => {
      this.executed[n as number] = (this.executed[n as number] ?? 0) + 1;
      return isRefused(n as number) ? { error: { code: 409, message: "too high" } } : { data: n };
    };
    server.admit = (token) => {
      if (roll() < 0.03) return { error: { code: 100, message: "internal server error", temporary: true } };
      const left = Number(token) + TOKEN_LIFE - timeline.now;
      return left > 0 ? { ttl: Math.ceil(left / 1000) } : { error: { code: 109, message: "token expired" } };
    };
    server.seat = (channel) => {
      if (channel === "secret") return { error: { code: 103, message: "permission denied" } };
      return roll() < 0.03 ? { error: { code: 100, message: "internal server error", temporary: true } } : { ttl: 0 };
    };
    this.begin();
    this.bad.push(timeline.now);
  }

  async live(steps: number): Promise<void> {
    const { world, roll } = this;
    for (let step = 0; step < steps; step++) {
      await this.mishap(Math.floor(roll() * 22));
      const end = world.timeline.now + Math.floor(roll() * roll() * (roll() < 0.1 ? 600_000 : 30_000));
      while (world.timeline.now < end) {
        await world.pass(Math.min(5000, end - world.timeline.now));
        if (world.network !== "up" || world.device.hidden || this.isClosed) this.bad.push(world.timeline.now);
      }
    }
    world.network = "up";
    this.back();
    if (this.isClosed) this.start();
    await world.pass(80_000);
    this.publish();
    await world.pass(TTL);
    this.publish();
    await world.pass(LONGEST_LAG + 2000);
  }

  /** Whether the world was good for long enough while the bid could wait. */
  hadItsChance({ at, late, unwelcome }: Bid): boolean {
    if (late || unwelcome) return false;
    const end = Math.min(at + TTL, ...this.closes.filter((time) => time >= at));
    const times = [at, ...this.bad.filter((time) => time > at && time < end), end];
    return times.some((time, index) => index > 0 && time - times[index - 1]! >= LONG_ENOUGH);
  }

  /** Whether the server was another one before the bid was settled than when the client heard of it last. */
  mayHaveMetTwoServers({ at, over }: Bid): boolean {
    const met = Math.max(...this.onlines.filter((time) => time <= at), 0) || at;
    return this.restarts.some((time) => met - LONGEST_LAG <= time && time <= over);
  }

  /** The app starts, with whatever is kept on the device. */
  begin(): void {
    const { timeline } = this.world;
    this.suona = this.world.client({
      url: () => this.whim("wss://example.org/connection/websocket", true),
      ttl: TTL,
      onError: () => this.whim(undefined),
      getToken: () => this.whim(`${timeline.now}`, true),
    });
    this.count();
    this.suona.channel("lot").on({
      reload: async () => {
        await new Promise<void>((resolve) => timeline.after(this.roll() * 3000, resolve));
        this.shown = await this.whim(this.lot);
      },
      message: (n) => {
        this.shown = n as number;
        return this.whim(undefined);
      },
    });
    this.suona.channel("news", { keep: 3 }).on({
      message: (data) => this.hear(data as Message),
      gap: () => this.hear("gap"),
    });
    this.suona.channel("secret").on({
      ended: () => {
        this.ended[this.ended.length - 1]! += 1;
        return this.whim(undefined);
      },
    });
    let before = "";
    this.suona.status.on(({ state, error }) => {
      if (state === "online" && before !== state) this.onlines.push(timeline.now);
      before = state;
      // Sent away for good: the app asks its user, who wants to stay.
      if (state === "offline" && error && !this.isClosed) {
        this.closes.push(timeline.now);
        timeline.after(3000, () => this.isClosed || this.start());
      }
      return this.whim(undefined);
    });
    this.start();
  }

  /** A promise is settled once whatever happens: what counts is how often the client settles an errand. */
  private count(): void {
    const { suona, settled } = this;
    const carryOut = suona["carryOut"].bind(suona);
    suona["carryOut"] = (output) => {
      if (output.is === "settle") settled.set(output.errand, (settled.get(output.errand) ?? 0) + 1);
      carryOut(output);
    };
    suona.doubts.on((command) => {
      if ("rpc" in command) this.doubted.push(command.rpc.data as number);
      return this.whim(undefined);
    });
  }

  private start(): void {
    this.isClosed = false;
    this.ended.push(0);
    this.suona.start();
  }

  private close(): void {
    this.isClosed = true;
    this.closes.push(this.world.timeline.now);
    this.suona.close();
  }

  private hear(what: Message | "gap"): unknown {
    this.story.push(what);
    return this.whim(undefined);
  }

  /** The value; now and then a promise of it, or a failure. Without what is `needed` there is no line either. */
  private whim<Value>(value: Value, needed = false): Value | Promise<Value> {
    const choice = this.roll();
    if (needed && choice < 0.1) this.bad.push(this.world.timeline.now);
    if (choice < 0.05) throw new Error("the app throws");
    if (choice < 0.1) return Promise.reject(new Error("the app rejects"));
    return choice < 0.2 ? Promise.resolve(value) : value;
  }

  private publish(): void {
    const { server } = this.world;
    this.published++;
    for (const channel of CHANNELS) server.publish(channel, { n: this.published, epoch: server.stream(channel).epoch });
  }

  /** Someone comes to hear a channel, or one of those who came leaves. */
  private visit(): void {
    const { present, roll } = this;
    if (present.length && roll() < 0.5) return present.splice(Math.floor(roll() * present.length), 1)[0]!.leave();
    const story: Visit["story"] = [];
    let left = false;
    const hear = (what: Message | "gap"): unknown => {
      if (left) this.heardAfterLeaving++;
      story.push(what);
      return this.whim(undefined);
    };
    const channel = CHANNELS[Math.floor(roll() * CHANNELS.length)]!;
    const undo = this.suona.channel(channel).on({ message: (data) => hear(data as Message), gap: () => hear("gap") });
    const visit = { story, leave: () => (left = true) && undo() };
    this.visits.push(visit);
    present.push(visit);
  }

  private bid(): void {
    const late = this.isClosed;
    const unwelcome = !late && this.suona.status.value.state === "offline";
    const bid: Bid = { at: this.world.timeline.now, late, unwelcome, outcome: "pending", over: Infinity };
    const n = this.bids.push(bid) - 1;
    const settle = (outcome: string) => {
      bid.outcome = outcome;
      bid.over = this.world.timeline.now;
    };
    this.suona.rpc("bid", n).then(
      (answer) => settle(answer === n ? "done" : "wrong"),
      (error: SuonaError) => settle(error.code),
    );
  }

  private async mishap(choice: number): Promise<void> {
    const { world, roll } = this;
    const { device, server } = world;
    if (choice < 3) return this.publish();
    if (choice === 3) return server.publish("lot", ++this.lot);
    if (choice < 8) return this.bid();
    if (choice >= 20) return this.visit();
    if (!device.sockets.length) return; // the app has not found the address or a token yet
    // Something is under way when it happens.
    this.publish();
    for (let bids = Math.floor(roll() * 3); bids > 0; bids--) this.bid();
    await world.pass(Math.floor(roll() * 500));
    this.bad.push(world.timeline.now);
    if (choice === 8) world.cut(roll() < 0.5);
    else if (choice === 9) world.network = roll() < 0.5 ? "cut" : "hole";
    else if (choice === 10) world.network = "up";
    else if (choice === 11) this.away();
    else if (choice === 12) this.back();
    else if (choice === 13) this.restart();
    else if (choice === 14) this.lateNews();
    else if (choice === 15) device.last.lag ||= Math.floor(roll() * LONGEST_LAG);
    else if (choice === 16) this.turn();
    else if (choice === 17) this.again();
    else if (choice === 18) device.network(roll() < 0.7 ? roll() < 0.5 : undefined);
    else this.farewell();
  }

  /** Into the background, where the code stops and sockets die. */
  private away(): void {
    const { device, timeline } = this.world;
    device.hide();
    timeline.after(5000, () => {
      if (!device.hidden || !device.habits.suspends) return;
      device.suspend();
      if (this.roll() < 0.5) device.last.lose({ code: 1000, reason: "interrupted" });
      else device.last.muted = true;
    });
  }

  private back(): void {
    const { device } = this.world;
    if (this.roll() < 0.5) device.show();
    device.resume();
    if (device.hidden) device.show();
  }

  /** Old sockets speak up, and say what nobody has said. */
  private lateNews(): void {
    for (const line of this.world.device.sockets.slice(0, -1)) {
      line.receive(
        JSON.stringify({ push: { channel: "news", pub: { data: { n: -1, epoch: "late" }, offset: 1_000_000 } } }),
      );
      line.lose({ code: 1006 });
    }
  }

  /** The server is another one: it knows no more of what was done, and perhaps nothing of what was said. */
  private restart(): void {
    this.restarts.push(this.world.timeline.now);
    this.world.server.restart(this.roll() < 0.6);
  }

  /** The app closes its client, or starts it again. It runs at the front only. */
  private turn(): void {
    if (this.world.device.hidden) return;
    if (this.isClosed) this.start();
    else this.close();
  }

  /** The system ends the app, which is then started anew. */
  private again(): void {
    if (this.world.device.hidden) return;
    this.close();
    for (const line of this.world.device.sockets) line.state = "lost";
    this.present.length = 0;
    this.begin();
  }

  /** The server sends everyone away, for a while or for good. */
  private farewell(): void {
    const forGood = this.roll() < 0.3;
    for (const connection of this.world.server.connections) {
      if (forGood) connection.farewell(3503, "force disconnect");
      else connection.farewell(3001, "shutdown", Math.floor(this.roll() * 3000));
    }
  }
}
