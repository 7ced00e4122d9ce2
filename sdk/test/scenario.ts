import { readFileSync, writeFileSync } from "node:fs";
import { type Moment, steadyClock } from "../src/link/moment.js";

/** A machine as a transcript sees it: words in, words out. */
export interface Player {
  handle(words: string, moment: Moment): void;
  poll(): string | undefined;
  /** As machines give it: `Infinity` for never. */
  deadline(): number;
}

/** Where wall clocks start in transcripts. */
export const EPOCH = 1_000_000_000_000;

/**
 * Plays a transcript and gives it back with the outputs that came, in the places where they came.
 * `scenarios/README.md` has the grammar.
 */
export function play(text: string, create: (settings: Map<string, string>) => Player): string {
  const written: string[] = [];
  const settings = new Map<string, string>();
  // Comments and directives stay with the input that they stand before.
  let ahead: string[] = [];
  let luck = 0.5;
  let stage: Stage | undefined;
  for (const line of text.split("\n")) {
    if (line.startsWith("< ")) continue;
    const input = /^> (\S+) (.*)$/.exec(line);
    const setting = /^(machine|options|habits) (.*)$/.exec(line);
    const directive = /^luck (.*)$/.exec(line);
    if (setting) settings.set(setting[1]!, setting[2]!);
    else if (directive) luck = Number(directive[1]);
    else if (line && !line.startsWith("#") && !input) throw new Error(`no line of a transcript: ${line}`);
    if (!input) {
      ahead.push(line);
      continue;
    }
    stage ??= new Stage(create(settings), (output) => written.push(output));
    stage.advance(duration(input[1]!));
    written.push(...ahead, line);
    ahead = [];
    stage.luck = luck;
    stage.hear(input[2]!);
  }
  return [...written, ...ahead].join("\n");
}

/** Time, and the machine in it. */
class Stage {
  luck = 0.5;
  private readonly clock = steadyClock(() => this.wall());
  /** By how much the machine's clock was before the wall's, the last time it was read. */
  private lag = 0;
  private time = 0;
  private shift = 0;
  private suspended = false;

  constructor(
    private readonly player: Player,
    private readonly write: (line: string) => void,
  ) {}

  advance(to: number): void {
    if (to < this.time) throw new Error(`time runs backwards to ${written(to)}`);
    for (let due = this.due(); due <= to && !this.suspended; due = this.due()) {
      this.time = Math.max(due, this.time);
      this.tell("woke");
    }
    this.time = to;
  }

  hear(words: string): void {
    const [word, amount] = words.split(" ");
    if (word === "suspended") this.suspended = true;
    else if (word === "resumed") {
      this.suspended = false;
      this.advance(this.time);
    } else if (word === "clock") this.shift += duration(amount!);
    else this.tell(words);
  }

  private due(): number {
    return this.player.deadline() - this.lag - this.shift - EPOCH;
  }

  private wall(): number {
    return EPOCH + this.time + this.shift;
  }

  private tell(words: string): void {
    const now = this.clock();
    this.lag = now - this.wall();
    this.player.handle(words, { now, luck: this.luck });
    for (let output = this.player.poll(); output !== undefined; output = this.player.poll()) {
      this.write(`< ${written(this.time)} ${output}`);
    }
  }
}

/** `250ms`, `31.25s`, `-1h`. */
export function duration(text: string): number {
  const parts = /^(-?[\d.]+)(ms|s|m|h)$/.exec(text);
  if (!parts) throw new Error(`no duration: ${text}`);
  return Math.round(Number(parts[1]) * { ms: 1, s: 1000, m: 60_000, h: 3_600_000 }[parts[2] as "ms"]!);
}

/** Below a second in milliseconds, then in seconds with as many decimals as it takes. */
export function written(ms: number): string {
  return ms < 1000 ? `${ms}ms` : `${ms / 1000}s`;
}

/** What the transcript at `file` says, and what comes of playing it. With `RECORD` set it is rewritten instead. */
export function replay(file: URL, create: (settings: Map<string, string>) => Player): { said: string; came: string } {
  const said = readFileSync(file, "utf8");
  const came = play(said, create);
  if (process.env.RECORD) writeFileSync(file, came);
  return { said: process.env.RECORD ? came : said, came };
}
