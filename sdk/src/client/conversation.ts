import type { ClientOutput } from "./signals.js";
import type { Reply } from "./wire.js";

/** What is said on one connection: numbers commands, joins them to frames, and knows who waits for an answer. */
export class Conversation {
  private ids = 0;
  /** Commands that leave together, and whom to tell. */
  private lines: { readonly body: string; left(): void }[] = [];
  private readonly awaited = new Map<number, (reply: Reply) => void>();

  constructor(private readonly messageLimit = 65_536) {}

  /**
   * Says a command. With `answered` it gets a number, and `answered` hears the answer, if one comes on this connection;
   * `left` is called when it goes out.
   */
  say(body: string, answered?: (reply: Reply) => void, left = (): void => undefined): void {
    if (answered) this.awaited.set(++this.ids, answered);
    this.lines.push({ body: answered ? `{"id":${this.ids},${body.slice(1)}` : body, left });
  }

  answer(id: number, reply: Reply): void {
    const answered = this.awaited.get(id);
    this.awaited.delete(id);
    if (answered) answered(reply);
  }

  /** The connection is gone: nothing more is said on it, and no answer comes. Numbers go on. */
  end(): void {
    this.lines = [];
    this.awaited.clear();
  }

  /** As many commands as one message may carry. */
  poll(): ClientOutput | undefined {
    let frame = "";
    const room = this.messageLimit / 3; // a UTF-16 unit is never more than three bytes
    for (let line; (line = this.lines[0]) && (!frame || frame.length + line.body.length < room); this.lines.shift()) {
      frame += (frame && "\n") + line.body;
      line.left();
    }
    return frame ? { is: "send", frame } : undefined;
  }
}
