import assert from "node:assert/strict";
import { test } from "node:test";
import type { SuonaError } from "../src/errors.js";
import type { Suona } from "../src/index.js";
import { dice } from "./timeline.js";
import { World } from "./world.js";

const SEEDS = Number(process.env.SEEDS ?? 1000);
const TTL = 120_000;
/** Long enough to find a dead line, to wait out the longest backoff but for bad luck, and to be answered. */
const LONG_ENOUGH = 60_000;

interface Message {
  readonly n: number;
  readonly epoch: string;
}

/** Tokens are good for this long. */
const TOKEN_LIFE = 60_000;

interface Bid {
  readonly at: number;
  outcome: string;
  settled: number;
}

/** One random life of a client, and what was seen of it. */
class Life {
  readonly world: World;
  readonly suona: Suona;
  readonly story: (Message | "gap")[] = [];
  readonly bids: Bid[] = [];
  readonly executed: number[] = [];
  /** When something bad happened, or the world was bad. */
  readonly bad: number[] = [];
  private readonly roll: () => number;
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
      return { data: n };
    };
    server.admit = (token) => {
      const left = Number(token) + TOKEN_LIFE - timeline.now;
      return left > 0 ? { ttl: Math.ceil(left / 1000) } : { error: { code: 109, message: "token expired" } };
    };
    this.suona = this.world.client({
      ttl: TTL,
      onError: () => undefined,
      getToken: () => this.whim(`${timeline.now}`),
    });
    this.suona.channel("lot").on({
      reload: async () => {
        await new Promise<void>((resolve) => timeline.after(roll() * 3000, resolve));
        this.shown = await this.whim(this.lot);
      },
      message: (n) => {
        this.shown = n as number;
        return this.whim(undefined);
      },
    });
    this.suona.channel("news").on({
      message: (data) => {
        this.story.push(data as Message);
        return this.whim(undefined);
      },
      gap: () => {
        this.story.push("gap");
        return this.whim(undefined);
      },
    });
    this.suona.status.on(() => this.whim(undefined));
    this.suona.start();
    this.bad.push(timeline.now);
  }

  /** The value; now and then a promise of it, or a failure. */
  private whim<Value>(value: Value): Value | Promise<Value> {
    const choice = this.roll();
    if (choice < 0.05) throw new Error("the app throws");
    if (choice < 0.1) return Promise.reject(new Error("the app rejects"));
    return choice < 0.2 ? Promise.resolve(value) : value;
  }

  publish(): void {
    const { epoch } = this.world.server.stream("news");
    this.world.server.publish("news", { n: ++this.published, epoch });
  }

  bid(): void {
    const bid: Bid = { at: this.world.timeline.now, outcome: "pending", settled: 0 };
    const n = this.bids.push(bid) - 1;
    const settle = (outcome: string) => {
      bid.outcome = outcome;
      bid.settled++;
    };
    this.suona.rpc("bid", n).then(
      (answer) => settle(answer === n ? "done" : "wrong"),
      (error: SuonaError) => settle(error.code),
    );
  }

  async live(steps: number): Promise<void> {
    for (let step = 0; step < steps; step++) {
      await this.mishap(Math.floor(this.roll() * 16));
      const end =
        this.world.timeline.now + Math.floor(this.roll() * this.roll() * (this.roll() < 0.1 ? 600_000 : 30_000));
      while (this.world.timeline.now < end) {
        await this.world.pass(Math.min(5000, end - this.world.timeline.now));
        if (this.world.network !== "up" || this.world.device.hidden) this.bad.push(this.world.timeline.now);
      }
    }
    this.world.network = "up";
    this.back();
    await this.world.pass(80_000);
    this.publish();
    await this.world.pass(TTL);
    this.publish();
    await this.world.pass(2000);
  }

  private async mishap(choice: number): Promise<void> {
    const { world, roll } = this;
    const { device, server } = world;
    if (choice < 3) return this.publish();
    if (choice === 3) return server.publish("lot", ++this.lot);
    if (choice < 8) return this.bid();
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
    else if (choice === 13) server.restart(roll() < 0.6);
    else if (choice === 14) this.lateNews();
    else if (roll() < 0.5) device.network(roll() < 0.7 ? roll() < 0.5 : undefined);
    else server.connections.forEach((connection) => connection.farewell(3001, "shutdown", Math.floor(roll() * 3000)));
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

  /** Old sockets speak up. */
  private lateNews(): void {
    for (const line of this.world.device.sockets.slice(0, -1)) {
      line.receive(
        JSON.stringify({ push: { channel: "news", pub: { data: { n: -1, epoch: "late" }, offset: 1_000_000 } } }),
      );
      line.lose({ code: 1006 });
    }
  }

  /** Whether the world was good for long enough while the bid could wait. */
  hadItsChance({ at }: Bid): boolean {
    const times = [at, ...this.bad.filter((time) => time > at && time < at + TTL), at + TTL];
    return times.some((time, index) => index > 0 && time - times[index - 1]! >= LONG_ENOUGH);
  }
}

function assertWhole(story: (Message | "gap")[], last: number): void {
  let previous: Message | undefined;
  let gap = false;
  for (const event of story) {
    if (event === "gap") {
      gap = true;
      continue;
    }
    if (previous) {
      assert.ok(event.n > previous.n, `${event.n} after ${previous.n}`);
      const hole = event.n !== previous.n + 1;
      assert.ok(!hole || gap, `a hole before ${event.n} and no word of it`);
      assert.ok(!gap || hole || event.epoch !== previous.epoch, `a gap told before ${event.n} that is none`);
    }
    previous = event;
    gap = false;
  }
  assert.equal(previous?.n, last, "the last message came");
}

test(`in ${SEEDS} random lives, nothing is lost, doubled, left over or said in vain`, async () => {
  let chances = 0;
  let acknowledged = 0;
  for (let seed = 0; seed < SEEDS; seed++) {
    const life = new Life(seed);
    try {
      await life.live(40);
      const { device, server } = life.world;
      assert.equal(life.suona.status.value.online, true);
      assert.equal(life.shown, life.lot, "the page shows what is");
      assertWhole(life.story, (server.stream("news").publications.at(-1)!.data as Message).n);
      for (const [n, bid] of life.bids.entries()) {
        const executed = life.executed[n] ?? 0;
        assert.equal(bid.settled, 1, `bid ${n} settled ${bid.settled} times`);
        assert.ok(executed <= 1, `bid ${n} done ${executed} times`);
        if (bid.outcome === "done") assert.equal(executed, 1);
        else if (bid.outcome === "expired") assert.equal(executed, 0);
        else assert.equal(bid.outcome, "unknown-outcome");
        if (!life.hadItsChance(bid)) continue;
        chances++;
        if (bid.outcome === "done") acknowledged++;
      }
      assert.equal(life.suona.status.value.pending, 0);
      life.suona.close();
      await life.world.pass(0);
      assert.equal(device.hiddenDials, 0);
      assert.ok(device.mostSockets <= 2, `${device.mostSockets} sockets`);
      assert.ok(device.mostTimers <= 2, `${device.mostTimers} timers: one, and one for a reload that failed`);
      assert.equal(device.timers, 0);
      assert.equal(device.watchers, 0);
    } catch (error) {
      console.log(`seed ${seed}\n${life.suona.report()}`);
      throw error;
    }
  }
  assert.ok(chances > SEEDS);
  console.log(`# ${acknowledged} of ${chances} bids that had their chance were acknowledged`);
  assert.ok(acknowledged >= 0.99 * chances, `${acknowledged} of ${chances}`);
});
