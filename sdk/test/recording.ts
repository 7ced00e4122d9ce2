import { duration } from "./scenario.js";

/** What a phone did, as the probe page wrote it down. `scenarios/README.md` has the grammar. */
export interface Recording {
  readonly about: Record<string, unknown>;
  readonly experiments: readonly Experiment[];
}

export interface Experiment {
  readonly name: string;
  readonly lines: readonly Line[];
}

/** Something came from the phone or the app, or was done to the phone. */
export interface Line {
  /** In ms since the recording began; lines of the same millisecond differ in their fractions, so that they keep their order. */
  readonly at: number;
  readonly came: boolean;
  readonly is: string;
  /** Of the socket, in lines about one. */
  readonly socket: number | undefined;
  /** The words that are left: texts as they were, other words as they stand. */
  readonly rest: readonly string[];
  /** The same as they were written. */
  readonly written: string;
}

const TEXT = String.raw`"(?:[^"\\]|\\.)*"`;
const INPUT = new RegExp(
  [
    String.raw`^(?:start|hidden|shown|suspended|resumed|page (?:hidden|shown)|memory \d+|clock -\S+`,
    String.raw`network (?:online|offline)(?: \S+)?|stop ${TEXT}`,
    String.raw`(?:success|open|sent) \d+|message \d+ \d+ (?:text|bytes)|(?:fail|unsent|unclosed) \d+ ${TEXT}`,
    String.raw`(?:error|close) \d+(?: -?\d+)? ${TEXT})$`,
  ].join("|"),
);
const OUTPUT = new RegExp(String.raw`^(?:dial \d+ \S+|send \d+ \d+ (?:text|bytes)|close \d+ \d+ ${TEXT})$`);

/** Reads a recording, and says which line is none. */
export function recording(text: string): Recording {
  let about: Record<string, unknown> = {};
  const experiments: { name: string; lines: Line[] }[] = [];
  let current: { name: string; lines: Line[] } | undefined;
  const written = text.split(/\r?\n/);
  if (!written.includes("machine phone")) throw new Error("no recording of a phone");
  let last = 0;
  for (const [index, raw] of written.entries()) {
    const [word, ...rest] = raw.trim().split(" ");
    const value = rest.join(" ");
    if (word === "about") about = JSON.parse(value) as Record<string, unknown>;
    else if (word === "experiment") experiments.push((current = { name: value, lines: [] }));
    else if (word === "end") current = undefined;
    else if (word === ">" || word === "<") {
      const line = parsed(word === ">", value, index);
      if (line.at < last) throw new Error(`line ${index + 1}: time runs backwards`);
      last = line.at;
      current?.lines.push(line);
    } else if (word && !word.startsWith("#") && word !== "machine" && word !== "started") {
      throw new Error(`line ${index + 1} is none of a recording: ${raw}`);
    }
  }
  return { about, experiments };
}

function parsed(came: boolean, value: string, index: number): Line {
  const [time = "", ...rest] = value.split(" ");
  const all = rest.join(" ");
  if (!(came ? INPUT : OUTPUT).test(all)) throw new Error(`line ${index + 1} is none of a recording: ${value}`);
  const [is = "", ...words] = all.match(new RegExp(`${TEXT}|\\S+`, "g")) ?? [];
  const ofSocket = !["page", "network", "memory", "clock", "stop"].includes(is) && words.length > 0;
  const socket = ofSocket ? Number(words.shift()) : undefined;
  const texts = words.map((word) => (word.startsWith(`"`) ? (JSON.parse(word) as string) : word));
  return { at: duration(time) + index / 1_000_000, came, is, socket, rest: texts, written: words.join(" ") };
}
