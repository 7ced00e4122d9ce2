import { Link, type LinkInput, type LinkOutput, type LinkOptions } from "../src/link/link.js";
import type { Moment } from "../src/link/moment.js";
import type { Habits, Loss } from "../src/platform/platform.js";
import { duration, EPOCH, written, type Player } from "./scenario.js";

/** The link in transcripts. */
export class LinkPlayer implements Player {
  private readonly link: Link;
  private now = EPOCH;

  constructor(settings: Map<string, string>) {
    const options = JSON.parse(settings.get("options") ?? "{}") as LinkOptions;
    this.link = new Link(options, JSON.parse(settings.get("habits") ?? `{"suspends":false}`) as Habits);
  }

  handle(words: string, moment: Moment): void {
    this.now = moment.now;
    this.link.handle(linkInput(words), moment);
  }

  poll(): string | undefined {
    const output = this.link.poll();
    return output && linkOutput(output, this.now);
  }

  deadline(): number {
    return this.link.deadline();
  }
}

/** `lost 1 1006 "gone"` and its like. */
export function linkInput(words: string): LinkInput {
  const [is, ...rest] = words.match(/"(?:[^"\\]|\\.)*"|\S+/g) ?? [];
  const first = rest[0];
  const texts = rest.filter((word) => word.startsWith(`"`)).map((word) => JSON.parse(word) as string);
  switch (is) {
    case "start":
    case "hidden":
    case "shown":
    case "woke":
      return { is };
    case "stop":
      return { is, reason: texts[0]! };
    case "opened":
      return { is, generation: Number(first) };
    case "received":
      return { is, generation: Number(first), frame: texts[0]! };
    case "lost":
      return { is, generation: Number(first), loss: loss(rest, texts) };
    case "network":
      return { is, online: first === undefined ? undefined : first === "online" };
    case "settled":
      return { is, silence: first === undefined ? undefined : duration(first) };
    case "drop":
      return { is, reason: texts[0]!, wait: rest[1] === undefined ? undefined : duration(rest[1]) };
    default:
      throw new Error(`no input: ${words}`);
  }
}

function loss(words: string[], texts: string[]): Loss {
  return {
    ...(/^\d+$/.test(words[1] ?? "") && { code: Number(words[1]) }),
    ...(texts.length && { reason: texts[0]! }),
    ...(words.includes("full") && { full: true }),
  };
}

/** An output as transcripts write it. */
export function linkOutput(output: LinkOutput, now: number): string {
  switch (output.is) {
    case "dial":
      return `dial ${output.generation}`;
    case "close":
      return `close ${output.generation} ${output.code} ${JSON.stringify(output.reason)}`;
    case "heard":
      return `heard ${JSON.stringify(output.frame)}`;
    case "probe":
      return "probe";
    case "state": {
      const { state } = output;
      const wait = state.at === "waiting" ? ` ${written(state.until! - now)}` : "";
      return `state ${state.at}${wait} ${JSON.stringify(state.reason)}`;
    }
  }
}
