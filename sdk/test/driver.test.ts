import assert from "node:assert/strict";
import { test } from "node:test";
import { Driver, type Dialing } from "../src/link/driver.js";
import { Link, type LinkInput, type LinkOptions, type LinkOutput, type LinkState } from "../src/link/link.js";
import type { Habits } from "../src/platform/platform.js";
import { Device } from "./device.js";
import { dice, Timeline } from "./timeline.js";

function rig(url: Dialing["url"] = "wss://example.org", options: LinkOptions = {}, habits?: Habits) {
  const timeline = new Timeline();
  const device = new Device(timeline, habits);
  const told: LinkOutput[] = [];
  const driver = new Driver<LinkInput, LinkOutput>(new Link(options, device.habits), device, { url }, (output) =>
    told.push(output),
  );
  const states = () =>
    told.flatMap((output) => (output.is === "state" ? [`${output.state.at}: ${output.state.reason}`] : []));
  return { timeline, device, driver, told, states };
}

test("it dials, hears, sends and leaves nothing behind", async () => {
  const { timeline, device, driver, told } = rig();
  driver.start();
  device.last.opened();
  device.last.receive("hello");
  driver.send("good day");
  assert.deepEqual(device.last.sent, ["good day"]);
  assert.deepEqual(told[2], { is: "heard", frame: "hello" });
  driver.stop("done", 4001);
  assert.equal(device.last.closed?.code, 4001);
  driver.send("too late");
  assert.deepEqual(device.last.sent, ["good day"]);
  assert.equal(device.timers, 0);
  assert.equal(device.watchers, 0);
  await timeline.pass(100_000);
  assert.equal(device.sockets.length, 1);
});

test("a platform that throws when it dials is one that lost the socket", async () => {
  const { timeline, device, driver, states } = rig();
  const { open } = device;
  device.open = () => {
    throw new Error("no sockets here");
  };
  driver.start();
  device.open = open;
  await timeline.pass(1000);
  assert.deepEqual(states(), ["opening: start", "waiting: lost while opening", "opening: waited"]);
  driver.stop("done");
});

test("a platform that throws when it closes stops neither the next dial nor what is told after it", async () => {
  const { timeline, device, driver, states } = rig();
  driver.start();
  device.last.closing = () => {
    throw new Error("closeSocket:fail");
  };
  device.last.opened();
  assert.throws(() => driver.handle({ is: "drop", reason: "enough" }), /closeSocket:fail/);
  await timeline.pass(1000);
  assert.deepEqual(states(), ["opening: start", "online: open", "waiting: enough", "opening: waited"]);
  driver.stop("done");
  assert.equal(device.timers, 0);
});

test("whoever closes in the background and starts at the front is dialled for, though nobody told of the way back", async () => {
  const { timeline, device, driver, states } = rig();
  driver.start();
  device.last.opened();
  device.hide();
  driver.stop("onHide of the app");
  await timeline.pass(60_000);
  device.show();
  driver.start();
  assert.equal(states().pop(), "opening: start");
  assert.equal(device.sockets.length, 2);
  driver.stop("done");
});

test("whoever starts again when told of the end is still told of the app's life", () => {
  const timeline = new Timeline();
  const device = new Device(timeline);
  let again = 1;
  const driver: Driver<LinkInput, LinkOutput> = new Driver<LinkInput, LinkOutput>(
    new Link({}, device.habits),
    device,
    { url: "wss://example.org" },
    (output) => {
      if (output.is === "state" && output.state.reason === "done" && again-- > 0) driver.start();
    },
  );
  driver.start();
  driver.stop("done");
  assert.equal(device.watchers, 1);
  driver.stop("done");
  assert.equal(device.watchers, 0);
});

test("the address is asked anew at each dial, and may take its time", async () => {
  let asked = 0;
  const { timeline, device, driver } = rig(() => Promise.resolve(`wss://example.org/${++asked}`));
  driver.start();
  await timeline.pass(0);
  device.last.lose({ code: 1006 });
  await timeline.pass(1000);
  assert.deepEqual(
    device.sockets.map((line) => line.dial.url),
    ["wss://example.org/1", "wss://example.org/2"],
  );
  driver.stop("done");
});

const addresses: Record<string, () => string | Promise<string>> = {
  throws: () => {
    throw new Error("no host");
  },
  rejects: () => Promise.reject(new Error("no host")),
  "gives nothing": () => Promise.resolve(undefined as unknown as string),
  "gives an empty one": () => "",
};
for (const [kind, url] of Object.entries(addresses)) {
  test(`an address that ${kind} is a dial that failed, with its reason`, async () => {
    const { timeline, device, driver, told } = rig(url);
    driver.start();
    await timeline.pass(100);
    const lost = told.find((output) => output.is === "state" && output.state.at === "waiting");
    assert.match((lost as { state: LinkState }).state.loss!.reason!, /^no address to dial/);
    assert.equal(device.sockets.length, 0);
    driver.stop("done");
    assert.equal(device.timers, 0);
  });
}

test("an address that never comes is given up like any other dial, and dialled no more when it comes late", async () => {
  const found: ((url: string) => void)[] = [];
  const { timeline, device, driver, states } = rig(() => new Promise<string>((resolve) => found.push(resolve)), {
    openTimeout: 3000,
  });
  driver.start();
  await timeline.pass(3100);
  assert.equal(states()[1], "waiting: no answer");
  found[0]!("wss://late.example.org");
  await timeline.pass(0);
  assert.equal(device.sockets.length, 0);
  driver.stop("done");
});

test("an address that comes while the app is hidden is not dialled", async () => {
  const found: ((url: string) => void)[] = [];
  const { timeline, device, driver } = rig(() => new Promise<string>((resolve) => found.push(resolve)));
  driver.start();
  device.hide();
  found[0]!("wss://example.org");
  await timeline.pass(0);
  assert.equal(device.sockets.length, 0);
  driver.stop("done");
});

test("closing before it opened is honoured, and what the old socket says later is not heard", async () => {
  const { timeline, device, driver, states } = rig();
  driver.start();
  driver.stop("changed my mind");
  assert.equal(device.last.closed?.reason, "changed my mind");
  device.last.opened();
  device.last.receive("too late");
  device.last.lose();
  await timeline.pass(60_000);
  assert.deepEqual(states(), ["opening: start", "offline: changed my mind"]);
});

test("back at the front after ten seconds, the dial waits for nothing", async () => {
  const { timeline, device, driver } = rig();
  driver.start();
  device.last.opened();
  await timeline.pass(5000);
  device.hide();
  device.suspend();
  await timeline.pass(10_000);
  const shown = timeline.now;
  device.show();
  assert.equal(device.sockets.length, 2);
  device.resume();
  device.last.opened();
  assert.equal(timeline.now, shown);
  driver.send("hello");
  assert.deepEqual(device.last.sent, ["hello"]);
  driver.stop("done");
});

test("whatever happens, there is one current socket, at most one closing, one timer, and no dial while hidden", async () => {
  for (let seed = 0; seed < 300; seed++) {
    const roll = dice(seed);
    const timeline = new Timeline();
    const device = new Device(timeline, { suspends: roll() < 0.7 }, dice(seed + 1));
    const onHide = [undefined, "keep", "close", { closeAfter: 1000 }][Math.floor(roll() * 4)] as LinkOptions["onHide"];
    const driver: Driver<LinkInput, LinkOutput> = new Driver<LinkInput, LinkOutput>(
      new Link({ onHide }, device.habits),
      device,
      { url: "wss://example.org" },
      (output) => {
        if (output.is === "heard") assert.equal(output.frame, `from ${device.sockets.length - 1}`);
        if (output.is === "state" && output.state.at === "online") driver.handle({ is: "settled", silence: 20_000 });
      },
    );
    driver.start();
    for (let step = 0; step < 60; step++) {
      await mishap(device, roll);
      await timeline.pass(Math.floor(roll() * roll() * 20_000));
    }
    driver.stop("done");
    assert.equal(device.hiddenDials, 0, `seed ${seed}`);
    assert.ok(device.mostTimers <= 1, `seed ${seed}`);
    assert.equal(device.timers, 0, `seed ${seed}`);
    assert.ok(device.mostSockets <= 2, `seed ${seed}: ${device.mostSockets} sockets`);
  }
});

async function mishap(device: Device, roll: () => number): Promise<void> {
  const index = Math.floor(roll() * device.sockets.length);
  const line = roll() < 0.6 ? device.last : device.sockets[index]!;
  const choice = Math.floor(roll() * 8);
  if (choice === 0) line.lose({ code: 1006 });
  else if (choice === 1) device.hide();
  else if (choice === 2) device.show();
  else if (choice === 3) device.network(roll() < 0.5);
  else if (choice === 4) device.suspend();
  else if (choice === 5) device.resume();
  else if (choice === 6) line.receive(`from ${device.sockets.indexOf(line)}`);
  else line.opened();
}
