// The demo as it is started by hand, in a browser: two windows, lines that are cut, a gateway that is stopped.
import assert from "node:assert/strict";
import { after, afterEach, beforeEach, test } from "node:test";

import { browser } from "./harness/browser.mjs";
import { demo, look } from "./harness/demo.mjs";
import { until } from "./harness/until.mjs";

const whole = { after };
const USERS = ["hongda", "yuanhang"];
const CHANNELS = 4;

const [{ url, turn }, chromium] = await Promise.all([demo(whole), browser(whole)]);
// Only people act, so that everything can be counted.
for (const off of [{ robot: false }, { scanner: false }]) await turn(off);

let windows;
beforeEach(async (t) => {
  windows = await Promise.all([look(t, chromium, url), look(t, chromium, url)]);
});
afterEach(async () => {
  for (const user of USERS) await turn({ line: { user, whole: true } });
  for (const { errors } of windows) assert.deepEqual(errors, []);
});

/** All four phones list the same bids, these many more than before, none twice. */
async function agree(before, more) {
  const all = () => Promise.all(windows.flatMap((view) => USERS.map((user) => view.bids(user))));
  const count = before.length + more;
  await until(async () => (await all()).every(({ length }) => length >= count), `all list ${count} bids`);
  const lists = await all();
  for (const list of lists) assert.deepEqual(list, lists[0]);
  assert.equal(lists[0].length, count);
  assert.equal(new Set(lists[0]).size, count);
  return lists[0];
}

/** Every client heard each publication once and in order. */
async function allWell() {
  for (const view of windows) for (const user of USERS) assert.equal((await view.ledger(user)).good, true);
}

test("two windows bid against each other, and everybody sees the same at once", async () => {
  const [one, other] = windows;
  const before = await one.bids("hongda");
  for (let round = 1; round <= 3; round++) {
    await one.bid("hongda");
    await agree(before, 2 * round - 1);
    await other.bid("yuanhang", 2);
    await agree(before, 2 * round);
  }
  await allWell();
});

test("with the line cut during ten bids no bid comes twice and none is missing", async () => {
  const [one, other] = windows;
  const before = await one.bids("hongda");
  for (let bid = 0; bid < 5; bid++) await one.bid("hongda", 2);
  await one.cutOrMend("hongda");
  for (let bid = 0; bid < 5; bid++) await one.bid("hongda", 2);
  await until(async () => (await one.text("hongda", ".notice")).startsWith("正在连接…"), "the notice is shown");
  await until(async () => (await other.bids("yuanhang")).length >= before.length, "the other goes on");
  // The line of this user is cut in every window; the other's is not.
  await until(async () => (await other.text("hongda", ".notice")) !== "", "the notice is shown in both windows");
  assert.equal(await other.text("yuanhang", ".notice"), "");
  await one.cutOrMend("hongda");
  await agree(before, 10);
  await until(async () => (await one.text("hongda", ".notice")) === "", "the notice is gone");
  assert.equal((await one.ledger("hongda")).sent, 10);
  assert.deepEqual(await one.texts("hongda", '[data-became="waiting"], [data-became="refused"]'), []);
  await allWell();
});

test("what others did while the line was cut is recovered, and the countdown stands still meanwhile", async () => {
  const [one, other] = windows;
  const before = await one.bids("hongda");
  await one.cutOrMend("hongda");
  await until(async () => (await one.text("hongda", ".notice")) !== "", "the notice is shown");
  const stopped = await one.clock("hongda");
  const running = await other.clock("yuanhang");
  const heard = await other.published("yuanhang");
  for (let bid = 0; bid < 3; bid++) await other.bid("yuanhang", 2);
  await until(async () => (await other.published("yuanhang")) >= heard + 3, "the other's bids are published");
  await until(async () => (await other.clock("yuanhang")) < running, "another second");
  await until(async () => (await other.clock("yuanhang")) < stopped, "no less than where the other stopped");
  assert.equal(await one.clock("hongda"), stopped);
  assert.deepEqual(await one.bids("hongda"), before);
  await one.cutOrMend("hongda");
  await agree(before, 3);
  await until(async () => (await one.clock("hongda")) < stopped, "the countdown goes on");
  assert.ok((await one.ledger("hongda")).recovered >= 3);
  assert.equal((await one.ledger("yuanhang")).recovered, 0);
  await allWell();
});

test("a page that is loaded while one line is cut is online on the other", async () => {
  const [one, other] = windows;
  await one.cutOrMend("hongda");
  await until(async () => (await one.text("hongda", ".notice")) !== "", "the notice is shown");
  await one.page.reload();
  await until(() => one.isOpen("yuanhang"), "the other can bid");
  const before = (await other.bids("yuanhang")).length;
  await one.bid("yuanhang");
  await until(async () => (await other.bids("yuanhang")).length > before, "the bid is made");
});

test("a gateway that is stopped for ten seconds makes one gap in each channel, and then all are level", async () => {
  const [one, other] = windows;
  const before = await one.bids("hongda");
  await one.bid("hongda");
  const known = await agree(before, 1);
  await one.page.click(".stop");
  await until(async () => /^已停，\d+ 秒后重启$/.test(await one.page.$eval(".standing", (it) => it.textContent)), "it counts down");
  for (const view of windows) {
    for (const user of USERS) await until(async () => (await view.text(user, ".notice")) !== "", `${user} is told`);
  }
  await one.bid("hongda", 2); // it waits
  await until(async () => (await one.page.$eval(".standing", (it) => it.textContent)) === "运行中", "it is back");
  await agree(known, 1);
  await other.bid("yuanhang");
  await agree(known, 2);
  for (const view of windows) {
    for (const user of USERS) {
      const gaps = async () => (await view.texts(user, '[data-is="gap"] .where')).sort();
      await until(async () => (await gaps()).length >= CHANNELS, `${user} is told of the gaps`);
      assert.equal(new Set(await gaps()).size, CHANNELS);
      assert.equal((await gaps()).length, CHANNELS);
      assert.equal((await view.ledger(user)).gaps, CHANNELS);
      // The new gateway remembers nothing: it counts from one.
      const [lot] = (await gaps()).filter((channel) => channel.startsWith("lot:"));
      const heard = await view.texts(user, '[data-is="heard"] .where, [data-is="recovered"] .where');
      assert.ok(heard.includes(`${lot} #2`));
    }
  }
  await allWell();
});

test("a device does what it is told, and a task and an order go to whoever comes first", async () => {
  const [one, other] = windows;
  const turned = (await one.text("hongda", ".device .badge")) === "运行中" ? 2 : 1;
  await one.click("hongda", `.device .step:nth-child(${turned})`);
  await until(async () => (await other.text("yuanhang", ".device .rows .badge")) === "已执行", "the device has done it");
  await until(async () => (await other.text("yuanhang", ".device header .badge")) === (turned === 1 ? "运行中" : "已停止"), "and says so");

  const orders = async () => parseInt((await other.text("yuanhang", ".orders .figure span")).split("·")[1]);
  const known = await orders();
  await one.click("hongda", ".orders header .small");
  await until(async () => (await orders()) === known + 1, "the other sees the order");
  await other.click("yuanhang", ".orders li .small");
  await until(async () => (await one.text("hongda", ".orders li")).includes("远航贸易已接单"), "who ordered sees who took it");

  await turn({ scanner: true });
  await until(async () => (await one.text("hongda", ".scans li button")) === "领取", "something is scanned");
  await turn({ scanner: false });
  await one.click("hongda", ".scans li button");
  await until(async () => (await other.text("yuanhang", ".scans li")).includes("宏达机电已领取"), "the other sees who has it");
  await one.click("hongda", ".scans li button");
  await until(async () => (await other.text("yuanhang", ".scans li")).includes("宏达机电已完成"), "and that it is done");
  await allWell();
});
