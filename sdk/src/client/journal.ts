/** How many lines a report has. */
const LINES = 100;

/** The last things that happened, for a bug report. Tokens do not get in. */
export class Journal {
  private readonly lines: string[] = [];

  constructor(
    private readonly now: () => number,
    private readonly log?: (line: string) => void,
  ) {}

  /** To be handed in as `log`. */
  readonly note = (what: string): void => {
    const line = `${new Date(this.now()).toISOString()} ${masked(what)}`;
    this.lines.push(line);
    if (this.lines.length > LINES) this.lines.shift();
    this.log?.(line);
  };

  toString(): string {
    return this.lines.join("\n");
  }
}

/** The text without what looks like a secret in an address, or like a JWT. */
function masked(text: string): string {
  return text
    .replace(/((?:token|key|secret|auth|sign)\w*=)[^&\s"]+/gi, "$1***")
    .replace(/eyJ[\w-]+\.[\w-]+\.[\w-]*/g, "***");
}
