import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { test } from "node:test";
import { ClientPlayer } from "./client-player.js";
import { LinkPlayer } from "./players.js";
import { replay, type Player } from "./scenario.js";

const folder = new URL("../../scenarios/", import.meta.url);

const machines: Record<string, (settings: Map<string, string>) => Player> = {
  link: (settings) => new LinkPlayer(settings),
  client: (settings) => new ClientPlayer(settings),
};

for (const name of readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".txt"))) {
  test(`the transcript ${name} is reproduced to the letter`, () => {
    const { said, came } = replay(new URL(name, folder), (settings) => machines[settings.get("machine")!]!(settings));
    assert.equal(came, said);
    assert.match(came, /^< /m);
  });
}
