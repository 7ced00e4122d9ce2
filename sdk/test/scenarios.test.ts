import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { ClientPlayer } from "./client-player.js";
import { LinkPlayer } from "./players.js";
import { play, replay, type Player } from "./scenario.js";

const folder = new URL("../../scenarios/", import.meta.url);
/** Where the tests of the simulated world write down what the Rust core did there. */
const worlds = new URL("../../target/tmp/worlds/", import.meta.url);

const machines: Record<string, (settings: Map<string, string>) => Player> = {
  link: (settings) => new LinkPlayer(settings),
  client: (settings) => new ClientPlayer(settings),
};

const machine = (settings: Map<string, string>): Player => machines[settings.get("machine")!]!(settings);

for (const name of readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".txt"))) {
  test(`the transcript ${name} is reproduced to the letter`, () => {
    const { said, came } = replay(new URL(name, folder), machine);
    assert.equal(came, said);
    assert.match(came, /^< /m);
  });
}

/** So many seeds are written down: whoever finds fewer finds the rest of a run that was broken off. */
const SEEDS = 100;

const absent = !existsSync(worlds) && "target/tmp/worlds is missing; cargo test -p suona-world writes it";
if (absent) process.once("exit", () => console.error(`LEFT OUT: what the Rust core did in ${SEEDS} simulated worlds: ${absent}`));
test("what the Rust core did in simulated worlds is reproduced to the letter", { skip: absent }, () => {
  const names = readdirSync(worlds);
  const seeds = new Set(names.map((name) => name.split("-")[0]));
  assert.ok(seeds.size >= SEEDS, `${seeds.size} of ${SEEDS} seeds are recorded; run cargo test -p suona-world to its end`);
  for (const name of names) {
    const said = readFileSync(new URL(name, worlds), "utf8").split("\n");
    const came = play(said.join("\n"), machine).split("\n");
    const line = came.findIndex((text, at) => text !== said[at]);
    assert.equal(line, -1, `${name}:${line + 1}: said ${said[line]}, came ${came[line]}`);
    assert.equal(came.length, said.length, name);
  }
});
