import { Centrifuge } from "centrifuge";
import { mock } from "node:test";
import { settled, Timeline } from "./timeline.js";
import { commands, type Command, type Fields, type Transcript } from "./transcript.js";

/** Commands in the order in which they were sent, by the generation of the socket. */
export type Conversation = ReadonlyMap<number, readonly Command[]>;

/** How long a step may take the stock client longer than it took us: its delays between two dials are its own. */
const PATIENCE = 60_000;

/**
 * npm `centrifuge` in the situation of a transcript.
 *
 * The scripted peer hands it what the app, the server and the network did there, each as long after the one before as
 * it is written down. There is neither a network nor real time. Where the stock client dials, asks or says something
 * later than we do, the peer waits for it. `shared` is what it should say: a reply to anything else of ours is for
 * us alone, and is not handed to it.
 */
export async function playStock(transcript: Transcript, shared: Conversation): Promise<Conversation> {
  const peer = new Peer(transcript, shared);
  const timers = [
    mock.method(globalThis, "setTimeout", ((wake: () => void, ms: number) => peer.timeline.after(ms, wake)) as never),
    mock.method(globalThis, "clearTimeout", ((cancel?: () => void) => cancel?.()) as never),
    mock.method(Date, "now", () => peer.timeline.now),
    mock.method(Math, "random", () => 0.5),
  ];
  try {
    return await peer.play();
  } finally {
    for (const timer of timers) timer.mock.restore();
  }
}

/** A question for a token that the app has not answered yet. */
interface Question {
  answer(token: string): void;
  fail(reason: Error): void;
}

/** The server, the network and the app around one stock client. */
class Peer {
  readonly timeline = new Timeline();
  private readonly client: Centrifuge;
  private readonly network = new EventTarget();
  private readonly sockets: ScriptedSocket[] = [];
  /** The sockets that opened, by our generations. */
  private readonly opened = new Map<number, ScriptedSocket>();
  /** The generation of the socket that shall open next. */
  private due: number | undefined;
  private readonly questions = new Map<string | undefined, Question>();

  constructor(
    private readonly transcript: Transcript,
    private readonly shared: Conversation,
  ) {
    const { token, asksToken, data } = transcript.options;
    const dialled = (socket: ScriptedSocket) => this.sockets.push(socket);
    this.client = new Centrifuge("wss://example.org/connection/websocket", {
      websocket: class extends ScriptedSocket {
        constructor() {
          super();
          dialled(this);
        }
      },
      networkEventTarget: this.network,
      name: "suona",
      timeout: 10_000,
      token: (token ?? "") as string,
      getToken: asksToken ? () => this.ask() : null,
      data: data ?? null,
    });
  }

  async play(): Promise<Conversation> {
    let time = 0;
    for (const { at, words } of this.transcript.inputs) {
      await this.timeline.pass(at - time);
      time = at;
      await this.hear(words);
      await this.open();
    }
    this.client.disconnect();
    return new Map([...this.opened].map(([generation, socket]) => [generation, socket.sent]));
  }

  private async hear(words: string): Promise<void> {
    const [, is, rest = ""] = /^(\S+) ?(.*)$/.exec(words)!;
    const [, first = "", text = ""] = /^(\S+) ?(.*)$/.exec(rest) ?? [];
    if (is === "start") this.client.connect();
    else if (is === "stop") this.client.disconnect();
    else if (is === "opened") this.due = this.opened.has(Number(first)) ? undefined : Number(first);
    else if (is === "received") await this.receive(Number(first), text);
    else if (is === "lost") this.lose(Number(first), text);
    else if (is === "subscribe") this.subscribe(first, JSON.parse(text || "{}") as Fields);
    else if (is === "unsubscribe") this.client.removeSubscription(this.client.getSubscription(first));
    else if (is === "command") this.command(commands(/\{.*\}/.exec(text)![0])[0]!);
    else if (is === "token" || is === "tokenFailed") await this.decide(is, rest);
    else if (is === "network") this.network.dispatchEvent(new Event(first || "change"));
    else if (is !== "woke") throw new Error(`the stock client knows nothing of ${words}`);
    await settled();
  }

  /** Opens the socket that shall open, unless the stock client waits for a token before it dials. */
  private async open(): Promise<void> {
    const fresh = () => this.sockets.find(({ state }) => state === "opening");
    if (this.due === undefined) return;
    await this.until(() => fresh() !== undefined || this.questions.has(undefined), `dialled for ${this.due}`);
    const socket = fresh();
    if (!socket) return;
    this.opened.set(this.due, socket);
    this.due = undefined;
    socket.open();
    await settled();
  }

  private async receive(generation: number, frame: string): Promise<void> {
    const replies: string[] = [];
    for (const reply of frame.split(" ⏎ ")) {
      const answered = /^\{"id":(\d+),(.*)$/.exec(reply);
      if (!answered) replies.push(reply);
      else {
        const id = await this.counterpart(generation, Number(answered[1]));
        if (id !== undefined) replies.push(`{"id":${id},${answered[2]}`);
      }
    }
    if (replies.length) this.opened.get(generation)!.receive(replies.join("\n"));
  }

  /** The id that the stock client gave to the command to which we gave `id`. */
  private async counterpart(generation: number, id: number): Promise<number | undefined> {
    const socket = this.opened.get(generation)!;
    const ours = this.shared.get(generation)!;
    const command = ours.find((command) => command.id === id);
    if (!command) return undefined;
    const nth = ours.filter((other) => subject(other) === subject(command)).indexOf(command);
    const theirs = () => socket.sent.filter((other) => subject(other) === subject(command))[nth];
    await this.until(() => theirs() !== undefined || socket.state === "closed", `said ${JSON.stringify(command)}`);
    return theirs()?.id;
  }

  private lose(generation: number, rest: string): void {
    const [, code, reason] = /^(\d+)?(?: ?(".*"))?/.exec(rest)!;
    this.opened.get(generation)?.lose(Number(code ?? 1006), reason ? (JSON.parse(reason) as string) : "");
  }

  private subscribe(channel: string, { recover = true, asksToken, joinLeave, data, since }: Fields): void {
    const options = {
      positioned: recover === true,
      recoverable: recover === true,
      joinLeave: joinLeave === true,
      data: data ?? null,
      ...(since ? { since: since as { offset: number; epoch: string } } : {}),
      ...(asksToken ? { getToken: () => this.ask(channel) } : {}),
    };
    this.client.newSubscription(channel, options).subscribe();
  }

  /** What becomes of it is not compared, only what is said. */
  private command({ is, fields }: Command): void {
    const { client } = this;
    const { method, channel, data } = fields as { method: string; channel: string; data: unknown };
    const calls: Record<string, () => Promise<unknown>> = {
      rpc: () => client.rpc(method, data),
      publish: () => client.publish(channel, data),
      send: () => client.send(data),
      history: () => client.history(channel, { limit: fields.limit as number }),
      presence: () => client.presence(channel),
      presence_stats: () => client.presenceStats(channel),
    };
    calls[is]!().catch(() => undefined);
  }

  private ask(channel?: string): Promise<string> {
    return new Promise((answer, fail) => this.questions.set(channel, { answer, fail }));
  }

  private async decide(is: "token" | "tokenFailed", rest: string): Promise<void> {
    const [, of, text] = /^\d+ (\S+ )?(".*"|none)$/.exec(rest)!;
    const channel = of?.trim();
    // It has no place for the token of a channel that the server chose.
    if (channel !== undefined && !this.client.getSubscription(channel)) return;
    await this.until(() => this.questions.has(channel), `asked for the token ${rest}`);
    const question = this.questions.get(channel)!;
    this.questions.delete(channel);
    if (is === "tokenFailed") question.fail(new Error(text));
    else question.answer(text === "none" ? "" : (JSON.parse(text!) as string));
  }

  private async until(reached: () => boolean, what: string): Promise<void> {
    for (let waited = 0; !reached(); waited += 50) {
      if (waited > PATIENCE) throw new Error(`${this.transcript.name}: the stock client has never ${what}`);
      await this.timeline.pass(50);
    }
  }
}

/** What a command is about: two of the same subject are told apart by their order alone. */
function subject({ is, fields }: Command): string {
  return JSON.stringify([is, fields.channel, fields.method]);
}

/** A `WebSocket` that does what the transcript says, and keeps what was sent. */
class ScriptedSocket {
  onopen: (() => void) | undefined;
  onmessage: ((event: { data: string }) => void) | undefined;
  onclose: ((event: { code: number; reason: string }) => void) | undefined;
  onerror: (() => void) | undefined;
  state: "opening" | "open" | "closed" = "opening";
  readonly sent: Command[] = [];

  send(frame: string): void {
    this.sent.push(...commands(frame));
  }

  close(): void {
    this.lose(1000, "");
  }

  open(): void {
    this.state = "open";
    this.onopen?.();
  }

  receive(frame: string): void {
    if (this.state === "open") this.onmessage?.({ data: frame });
  }

  lose(code: number, reason: string): void {
    if (this.state === "closed") return;
    this.state = "closed";
    void Promise.resolve().then(() => this.onclose?.({ code, reason }));
  }
}
