// What phones really did, played to the link: each recording in `phones/`, and some that were made up.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { play, type Played } from "./phone-player.js";
import { RecordedPhone } from "./recorded-phone.js";
import { recording } from "./recording.js";
import { Timeline } from "./timeline.js";

const folder = new URL("phones/", import.meta.url);

for (const name of readdirSync(folder).filter((name) => name.endsWith(".txt"))) {
  test(`the link lives through what is recorded in ${name}`, async () => {
    const { experiments } = recording(readFileSync(new URL(name, folder), "utf8"));
    assert.ok(experiments.length);
    for (const experiment of experiments) {
      const { faults, lines } = await play(experiment);
      assert.deepEqual(faults, [], [experiment.name, ...lines].join("\n"));
    }
  });
}

const beats = (socket: number, from: number, to: number): string[] =>
  Array.from({ length: to - from + 1 }, (_, second) => `> ${(from + second) * 1000 + 1}ms message ${socket} 4 text`);

/** A recording of one experiment. */
function made(...lines: (string | string[])[]): string {
  const sorted = lines.flat().map((line) => ({ line, at: Number(/\d+/.exec(line)![0]) }));
  sorted.sort((one, other) => one.at - other.at);
  return ["machine phone", "experiment made-up", ...sorted.map(({ line }) => line)].join("\n");
}

const whole = (text: string): Promise<Played> => play(recording(text).experiments[0]!);
const own = ({ lines }: Played): string[] => lines.filter((line) => /^<.*(dial|close|state)/.test(line)).slice(0, -2);

/** As reports have it of iPhones: told of the end, as if normal, after the app is shown again. */
const interrupted = made(
  ["> 0ms start", "< 0ms dial 1 wss://example.org", "> 80ms open 1", ...beats(1, 1, 2)],
  ["> 2000ms hidden", "> 5500ms suspended", "> 32000ms shown", "< 32000ms dial 2 wss://example.org"],
  [`> 32001ms close 1 1000 "interrupted"`, "> 32002ms resumed", "> 32100ms open 2", ...beats(2, 33, 34)],
);

test("a line that the background took is replaced in the moment when the app is shown", async () => {
  const played = await whole(interrupted);
  assert.deepEqual(played.faults, []);
  assert.deepEqual(own(played), [
    `< 0ms state opening "start"`,
    "< 0ms dial 1",
    `< 80ms state online "open"`,
    `< 32s close 1 1000 "shown"`,
    `< 32s state opening "shown"`,
    "< 32s dial 2",
    `< 32.1s state online "open"`,
  ]);
  assert.ok(played.lines.includes(`> 32.001s close 1 1000 "interrupted"`));
});

test("the code stands still as long as it did: no timer fires meanwhile", async () => {
  const late = await whole(interrupted.replace("5500ms suspended", "6500ms suspended"));
  assert.equal(own(late)[3], `< 6s close 1 1000 "hidden"`);
});

test("a line that dies in silence is found out, and what the phone did of a dial without a network is done again", async () => {
  const played = await whole(
    made(
      ["> 0ms start", "< 0ms dial 1 wss://example.org", "> 80ms open 1", ...beats(1, 1, 9)],
      ["> 10000ms network offline none", "< 14000ms dial 2 wss://example.org", `> 14010ms fail 2 "no network"`],
      ["> 30000ms network online wifi", "< 30100ms dial 3 wss://example.org", "> 30200ms open 3", ...beats(3, 31, 36)],
    ),
  );
  assert.deepEqual(played.faults, []);
  assert.equal(own(played)[3], `< 12s close 1 1000 "no answer"`);
  assert.ok(played.lines.includes(`> 12.26s fail 2 "no network"`));
  assert.equal(played.online, true);
});

/** Lost in the background, where the code still runs. */
const lostAway = made(
  ["> 0ms start", "< 0ms dial 1 wss://example.org", "> 80ms open 1", "> 1000ms hidden", `> 2000ms close 1 1006 ""`],
  ["> 9000ms shown", "< 9000ms dial 2 wss://example.org", "> 9100ms open 2"],
);

test("a line that was lost in the background is dialled again when the app is shown, and not before", async () => {
  const played = await whole(lostAway);
  assert.deepEqual(played.faults, []);
  assert.deepEqual(own(played).slice(3, 5), [`< 2s state hidden "lost while online"`, `< 9s state opening "shown"`]);
});

test("a link that dials in the background is found out", async () => {
  const { faults } = await play(recording(lostAway).experiments[0]!, { suspends: false });
  assert.equal(faults[0], "dialled at 2.25s while hidden");
});

test("a second socket beside a living one is found out, and so is a third beside two that are closing", () => {
  const timeline = new Timeline();
  const phone = new RecordedPhone(recording(interrupted).experiments[0]!.lines, timeline, () => undefined);
  const open = () => phone.platform.open({ url: "wss://example.org", timeout: 10_000 }, () => undefined);
  const sockets = [open(), open()];
  assert.deepEqual(phone.faults, ["two sockets at 0ms"]);
  sockets.forEach((socket) => socket.close(1000, "done"));
  open();
  assert.deepEqual(phone.faults.slice(1), ["dialled at 0ms with two still closing"]);
});

test("what comes after the end of an experiment, or before one, is not played", () => {
  const text = "machine phone\n> 1s hidden\nexperiment one\n> 2s start\nend\n> 3s shown\nexperiment two\n> 4s start\n";
  const { experiments } = recording(text);
  assert.deepEqual(
    experiments.map(({ lines }) => lines.map(({ at, is }) => `${Math.round(at)} ${is}`)),
    [["2000 start"], ["4000 start"]],
  );
});

test("a link that is not connected in the end, though the phone was, is found out", async () => {
  const text = made(
    ["> 0ms start", "< 0ms dial 1 wss://example.org", "> 80ms open 1", `> 100ms close 1 1006 ""`, "> 200ms hidden"],
    ["< 300ms dial 2 wss://example.org", "> 400ms open 2"],
  );
  assert.deepEqual((await whole(text)).faults, ["not connected at the end, though the phone would have let it"]);
});

const wrong: [string, RegExp][] = [
  ["> 0ms opened 1", /^Error: line 3 is none of a recording: 0ms opened 1/],
  ["> 0ms error 1 gone", /^Error: line 3 is none/],
  ["< 0ms open 1", /^Error: line 3 is none/],
  ["> soon shown", /^Error: no duration: soon/],
  ["hello", /^Error: line 3 is none of a recording: hello/],
  ["> 2s shown\n> 1s hidden", /^Error: line 4: time runs backwards/],
];
for (const [line, error] of wrong) {
  test(`a recording in which ${JSON.stringify(line)} stands is refused`, () => {
    assert.throws(() => recording(`machine phone\nexperiment open\n${line}\n`), error);
  });
}

test("what is no recording is refused", () => {
  assert.throws(() => recording("machine link\n> 0ms start\n"), /no recording of a phone/);
});
