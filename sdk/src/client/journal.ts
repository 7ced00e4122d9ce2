import type { Fault } from "../errors.js";
import type { Loss } from "../platform/platform.js";
import { quietly } from "../platform/absent.js";
import { wordsOf } from "../platform/task.js";
import type { Output, Status } from "./signals.js";

/** How many lines a report has. */
const LINES = 100;

/** The last things that happened, for a bug report. Tokens do not get in. */
export class Journal {
  private readonly lines: string[] = [];

  constructor(
    private readonly now: () => number,
    private readonly log?: (line: string) => void,
  ) {}

  /** Notes what a client says, where that tells something. */
  heed(output: Output): void {
    if (output.is === "status") this.note(stateOf(output.status));
    else if (output.is === "subscribed") this.note(`${output.channel} subscribed: ${output.how}`);
    else if (output.is === "unsubscribed") this.note(`${output.channel} ended: ${spoken(output.fault)}`);
    else if (output.is === "ask" && output.channel) this.note(`${output.channel} asks for a token`);
    else if (output.is === "settle" && output.outcome.fault) {
      this.note(`a command failed: ${spoken(output.outcome.fault)}`);
    }
  }

  /** Notes what a callback of the app threw, or what is wrong with one. */
  failed(error: unknown): void {
    const { raw } = Object(error) as { raw?: unknown };
    this.note(`a callback failed: ${[error, raw].filter(Boolean).map(named).join(", ")}`);
  }

  note(what: string): void {
    const line = `${new Date(this.now()).toISOString()} ${masked(what)}`;
    this.lines.push(line);
    if (this.lines.length > LINES) this.lines.shift();
    this.log?.(line);
  }

  toString(): string {
    return this.lines.join("\n");
  }
}

/** Anything can be thrown, and not all of it has a text. */
function named(error: unknown): string {
  return quietly(() => `${error}`) ?? "nothing that can be read";
}

function spoken({ code, message }: Fault): string {
  return message ? `${code}, ${message}` : code;
}

/** What the client does and why, and what a device or a server said of it when that was. */
function stateOf({ at, reason, fault }: Status): string {
  const { code, reason: said, raw } = Object(fault && fault.raw) as Loss;
  const words = at === "opening" ? [] : [code, said, wordsOf(raw)].filter(Boolean);
  return `${at}: ${reason}${words.length ? ` (${words.join(" ")})` : ""}`;
}

/** The text without what looks like a secret in an address, or like a JWT. */
function masked(text: string): string {
  return text
    .replace(/((?:token|key|secret|auth|sign)\w*=)[^&\s"]+/gi, "$1***")
    .replace(/eyJ[\w-]+\.[\w-]+\.[\w-]*/g, "***");
}
