import { nameOf } from "../src/client/names.js";
import type { Fault } from "../src/errors.js";
import { Client } from "../src/client/core.js";
import type { ClientOptions, Command, Errand, Input, Output, SubscribeOptions } from "../src/client/signals.js";
import type { LinkOptions } from "../src/link/link.js";
import type { Moment } from "../src/link/moment.js";
import type { Habits } from "../src/platform/platform.js";
import { linkInput, linkOutput } from "./players.js";
import { duration, EPOCH, written, type Player } from "./scenario.js";

/** Stands for the line break between two commands or replies of one frame. */
const BREAK = " ⏎ ";

const URL = "wss://example.org/connection/websocket";

/** The client in transcripts. */
export class ClientPlayer implements Player {
  private readonly client: Client;
  private readonly tickets = new Map<Errand, string>();
  private now = EPOCH;

  constructor(settings: Map<string, string>) {
    const options = Object.assign({ session: "s" }, JSON.parse(settings.get("options") ?? "{}")) as ClientOptions &
      LinkOptions;
    this.client = new Client(options, JSON.parse(settings.get("habits") ?? `{"suspends":false}`) as Habits);
  }

  handle(words: string, moment: Moment): void {
    this.now = moment.now;
    const input = words.startsWith("command ") ? this.command(words) : clientInput(words);
    this.client.handle(input, moment);
  }

  poll(): string | undefined {
    const output = this.client.poll();
    if (output?.is !== "settle") return output && clientOutput(output, this.now);
    const { fault, result } = output.outcome;
    const doubt = output.doubtful ? "doubtful " : "";
    return `settle ${this.tickets.get(output.errand)} ${doubt}${fault ? faultText(fault) : `done ${JSON.stringify(result) ?? "nothing"}`}`;
  }

  deadline(): number {
    return this.client.deadline();
  }

  private command(words: string): Input {
    const [, ticket, command, ttl] = /^command (\d+) (\{.*\})(?: (\S+))?$/.exec(words)!;
    const errand: Errand = {
      command: JSON.parse(command!) as Command,
      ttl: ttl === undefined ? undefined : duration(ttl),
      settle: () => undefined,
    };
    this.tickets.set(errand, ticket!);
    return { is: "command", errand };
  }
}

function clientInput(words: string): Input {
  const [, is, rest = ""] = /^(\S+) ?(.*)$/.exec(words)!;
  const [, channel, options] = /^(\S+) ?(.*)$/.exec(rest) ?? [];
  switch (is) {
    case "received":
      return { is, generation: Number(channel), frame: options!.split(BREAK).join("\n") };
    case "subscribe":
      return { is, channel: channel!, options: JSON.parse(options || "{}") as SubscribeOptions };
    case "unsubscribe":
      return { is, channel: channel! };
    case "token":
    case "tokenFailed": {
      const [, login, of, text] = /^(\d+) (\S+ )?(".*"|none)$/.exec(rest)!;
      const said = { channel: of?.trim(), login: Number(login) };
      const what = text === "none" ? undefined : (JSON.parse(text!) as string);
      return { is: "token", ...said, ...(is === "token" ? { token: what } : { failed: what }) };
    }
    default:
      return linkInput(words);
  }
}

function clientOutput(output: Exclude<Output, { is: "settle" }>, now: number): string {
  const text = JSON.stringify;
  switch (output.is) {
    case "dial":
    case "close":
      return linkOutput(output, now);
    case "send":
      return `send ${output.frame.split("\n").join(BREAK)}`;
    case "ask":
      return `ask ${output.login}${output.channel === undefined ? "" : ` ${output.channel}`}`;
    case "status": {
      const { at, until, reason, fault } = output.status;
      return `status ${at}${at === "waiting" ? ` ${written(until! - now)}` : ""} ${text(reason)}${fault ? ` ${nameOf(fault, URL) ?? fault.code}` : ""}`;
    }
    case "subscribed":
      return `subscribed ${output.channel} ${output.how}`;
    case "publication":
      return `publication ${output.channel} ${text(output.publication)}`;
    case "position":
      return `position ${output.channel} ${output.position ? `${output.position.offset} ${output.position.epoch}` : "none"}`;
    case "join":
    case "leave":
      return `${output.is} ${output.channel} ${text(output.info)}`;
    case "unsubscribed":
      return `unsubscribed ${output.channel} ${faultText(output.fault)}`;
    case "message":
      return `message ${text(output.data)}`;
  }
}

function faultText(fault: Fault): string {
  const { code, message } = fault;
  return `${nameOf(fault, URL) ?? code}${message ? ` ${JSON.stringify(message)}` : ""}`;
}
