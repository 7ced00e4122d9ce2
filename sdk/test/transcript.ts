import { readFileSync } from "node:fs";
import { duration, EPOCH, play } from "./scenario.js";

export type Fields = Record<string, unknown>;

/** One command as it is on the wire. The empty one, which answers a ping, is a `pong` here. */
export interface Command {
  readonly id: number | undefined;
  readonly is: string;
  readonly fields: Fields;
}

/** A transcript of the client, as what went in and what was said. */
export interface Transcript {
  readonly name: string;
  readonly options: Fields;
  /** In milliseconds from the beginning. */
  readonly inputs: readonly { readonly at: number; readonly words: string }[];
  /** The commands that were sent, by the generation of the socket. */
  readonly said: ReadonlyMap<number, readonly Command[]>;
}

/** Reads `scenarios/client/{name}.txt`: before the time `until`, and as `edit` changes it. */
export function transcript(name: string, { until, edit }: Reading = {}): Transcript {
  const written = readFileSync(new URL(`../../scenarios/client/${name}.txt`, import.meta.url), "utf8");
  const text = before(until, edit ? edit(written) : written);
  const inputs: { at: number; words: string }[] = [];
  let options: Fields = {};
  // A machine that only listens: what comes of it are the inputs and nothing else.
  play(text, (settings) => {
    options = JSON.parse(settings.get("options") ?? "{}") as Fields;
    return {
      handle: (words, { now }) => void inputs.push({ at: now - EPOCH, words }),
      poll: () => undefined,
      deadline: () => Infinity,
    };
  });
  return { name, options, inputs, said: said(text) };
}

interface Reading {
  readonly until?: string | undefined;
  readonly edit?: (text: string) => string;
}

/** The commands of a frame, in which ` ⏎ ` or a line break stands between two. */
export function commands(frame: string): Command[] {
  return frame.split(/ ⏎ |\n/).map((line) => {
    const { id, ...rest } = JSON.parse(line) as Fields & { id?: number };
    const [is = "pong", fields = {}] = Object.entries(rest)[0] ?? [];
    return { id, is, fields: fields as Fields };
  });
}

function before(until: string | undefined, text: string): string {
  if (until === undefined) return text;
  const end = duration(until);
  const early = (line: string) => !/^[<>]/.test(line) || duration(line.split(" ")[1]!) < end;
  return text.split("\n").filter(early).join("\n");
}

function said(text: string): Map<number, Command[]> {
  const said = new Map<number, Command[]>();
  let generation = 0;
  for (const [, is, rest] of text.matchAll(/^< \S+ (dial|send) (.*)$/gm)) {
    if (is === "dial") said.set((generation = Number(rest)), []);
    else said.get(generation)!.push(...commands(rest!));
  }
  return said;
}
