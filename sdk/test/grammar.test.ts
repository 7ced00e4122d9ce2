import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { ClientPlayer } from "./client-player.js";
import { LinkPlayer } from "./players.js";
import { play } from "./scenario.js";

const grammar = readFileSync(new URL("../../scenarios/README.md", import.meta.url), "utf8");

/** What stands for something in the examples, and something that it may stand for. */
const examples: [string, string][] = [
  ["{command}", `{"rpc":{"method":"bid"}}`],
  ["{options}", `{"keep":true,"since":{"offset":1,"epoch":"e"}}`],
  ["[code]", "[1006]"],
  ["[wait]", "[1s]"],
  ["[ttl]", "[1.5s]"],
  ["online|offline", "online"],
];

/** The examples in a machine's table of inputs. */
function documented(machine: string): string[] {
  const section = grammar.split("\n## ").find((section) => section.startsWith(machine))!;
  const table = /^\| input \|.*\n.*\n((?:\|.*\n)+)/m.exec(section)![1]!;
  const firstCells = table.split("\n").map((row) => row.split(" | ")[0]!);
  return firstCells.flatMap((cell) => [...cell.matchAll(/`([^`]*)`/g)].map(([, span]) => span!.replaceAll("\\|", "|")));
}

/** An example as it can be played, with all that is optional and without any of it. */
function lines(example: string): string[] {
  const line = examples.reduce((line, [name, something]) => line.replace(name, something), example);
  return [line.replace(/[[\]]/g, ""), line.replace(/ \[[^\]]*\]/g, "")];
}

function played(machine: "link" | "client", line: string): string {
  const text = `machine ${machine}\n\n> 0ms start\n> 0ms ${line}\n`;
  return play(text, (settings) => (machine === "link" ? new LinkPlayer(settings) : new ClientPlayer(settings)));
}

test("every input is read that is written down", () => {
  const [ofLink, ofClient] = [documented("The link"), documented("The client")];
  assert.ok(ofLink.length > 5 && ofClient.length > 3);
  for (const line of ofLink.flatMap(lines)) played("link", line);
  const ofBoth = ofLink.filter((example) => !example.startsWith("received"));
  for (const line of [...ofBoth, ...ofClient].flatMap(lines)) played("client", line);
});

test("no other is read", () => {
  for (const line of ["alive 1", "pause"]) {
    assert.throws(() => played("link", line), /no input/);
    assert.throws(() => played("client", line), /no input/);
  }
});
