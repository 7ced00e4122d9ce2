import assert from "node:assert/strict";
import { test } from "node:test";
import { isRefused, Life, type Message } from "./life.js";

const SEEDS = Number(process.env.SEEDS ?? 1000);

/** Each message once and in order, and word of a gap where there is a hole or another epoch, and nowhere else. */
function assertWhole(story: (Message | "gap")[]): Message | undefined {
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
  return previous;
}

/** Who came late heard all from then on until he left, and nothing afterwards. */
function assertVisited({ visits, heardAfterLeaving }: Life): number {
  visits.forEach(({ story }) => assertWhole(story));
  assert.equal(heardAfterLeaving, 0);
  return visits.filter(({ story }) => story.length > 1).length;
}

/** Whatever was done twice was done in two lives of the server, and the client says that it may have been. */
function assertDoubted(life: Life): void {
  const { bids, doubted, executed } = life;
  executed.forEach((times, n) => assert.ok(times <= 1 || doubted.includes(n), `bid ${n} done ${times} times, and no doubt`));
  assert.equal(new Set(doubted).size, doubted.length, "each doubt is told once");
  for (const n of doubted) {
    assert.ok(life.mayHaveMetTwoServers(bids[n]!), `bid ${n} is doubted for no reason`);
  }
}

/** Each bid is settled once, with what became of it. Returns how many had their chance, and how many of them were answered. */
function assertSettled(life: Life): [number, number] {
  let chances = 0;
  let answered = 0;
  assert.deepEqual([...new Set(life.settled.values())].filter((times) => times !== 1), [], "errands settled once");
  assert.equal(life.settled.size, life.bids.length);
  for (const [n, bid] of life.bids.entries()) {
    const executed = life.executed[n] ?? 0;
    const answer = isRefused(n) ? "server-409" : "done";
    if (bid.outcome === answer) assert.ok(executed >= 1);
    else if (["expired", "server-3503"].includes(bid.outcome)) assert.equal(executed, 0);
    else assert.ok(["unknown-outcome", "stopped"].includes(bid.outcome), bid.outcome);
    if (bid.late) assert.deepEqual([bid.outcome, executed], ["stopped", 0]);
    if (!life.hadItsChance(bid)) continue;
    chances++;
    if (bid.outcome === answer) answered++;
  }
  return [chances, answered];
}

/** What is kept is what was heard: whoever starts with it next hears that again if asked to, and misses nothing. */
async function assertKept({ world, story }: Life): Promise<void> {
  const heard: unknown[] = [];
  const next = world.client();
  next.channel("news", { keep: 3 }).each({ message: (data) => heard.push(data), gap: () => heard.push("gap") });
  next.start();
  await world.pass(2000);
  const messages = story.filter((event) => event !== "gap");
  assert.deepEqual(heard, messages.slice(-heard.length));
  assert.ok(heard.length >= 1);
  next.close();
}

test(`in ${SEEDS} random lives, nothing is lost, doubled, left over or said in vain`, async () => {
  let chances = 0;
  let answered = 0;
  let visits = 0;
  let doubts = 0;
  for (let seed = 0; seed < SEEDS; seed++) {
    const life = new Life(seed);
    try {
      await life.live(30);
      const { device, server } = life.world;
      assert.equal(life.suona.status.value.online, true);
      assert.equal(life.shown, life.lot, "the page shows what is");
      const last = server.stream("news").publications.at(-1)!.data as Message;
      assert.equal(assertWhole(life.story)?.n, last.n, "the last message came");
      visits += assertVisited(life);
      assertDoubted(life);
      doubts += life.doubted.length;
      assert.ok(life.ended.every((times) => times <= 1), `ended ${life.ended} times`);
      assert.equal(life.ended.at(-1), 1);
      const [more, of] = assertSettled(life);
      chances += more;
      answered += of;
      assert.equal(life.suona.status.value.pending, 0);
      life.suona.close();
      await life.world.pass(0);
      assert.equal(device.hiddenDials, 0);
      assert.ok(device.mostSockets <= 2, `${device.mostSockets} sockets`);
      assert.ok(device.mostTimers <= 2, `${device.mostTimers} timers: one, and one for a reload that failed`);
      assert.equal(device.timers, 0);
      assert.equal(device.watchers, 0);
      await assertKept(life);
    } catch (error) {
      console.log(`seed ${seed}\n${life.suona.report()}`);
      throw error;
    }
  }
  assert.ok(chances > SEEDS);
  assert.ok(visits > SEEDS / 2, `${visits} visitors heard something`);
  assert.ok(doubts > SEEDS / 100, `${doubts} doubts`);
  console.log(`# ${answered} of ${chances} bids that had their chance were answered; ${visits} visits, ${doubts} doubts`);
  assert.ok(answered >= 0.99 * chances, `${answered} of ${chances}`);
});
