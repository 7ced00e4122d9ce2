import { Link } from "../link/link.js";
import { Clock, type Moment } from "../link/moment.js";
import type { LinkInput, LinkOptions, LinkState } from "../link/signals.js";
import type { Frame, Habits } from "../platform/platform.js";
import { Conversation } from "./conversation.js";
import { serverFault } from "./faults.js";
import { Outbox } from "./outbox.js";
import { Pass } from "./pass.js";
import type { ClientOptions, ClientOutput, Fault, Input, Outcome, Output } from "./signals.js";
import { type Host, Subscription } from "./subscription.js";
import { Trouble } from "./trouble.js";
import { isFinal, type Json, parseReply, type Push, type Refusal, type Reply, type Subscribed } from "./wire.js";

type Phase =
  | { at: "down" }
  /** The socket is open, and `connect` is not answered, or not even sent for want of a token. `sent`: wall-clock time. */
  | { at: "greeting"; due: number; sent?: number }
  | { at: "up"; refresh: number; pong: boolean };

/** How long the app may take to find a token once the socket is open: servers wait ten seconds. */
const TOKEN_PATIENCE = 8000;
const ANSWER_PATIENCE = 10_000;
/** What a ping of the server may be late before we ask. */
const PING_SLACK = 5000;
/** A channel that nobody joins: leaving it is a question that every server answers. */
const NOWHERE = "suona-probe";

/**
 * The client of a Centrifuge server: connects, subscribes, recovers, and carries commands there once. Like the link
 * inside, it opens no socket, reads no clock and makes no promises.
 */
export class Client implements Host {
  time = 0;
  luck = 0;
  /** What to add to the wall clock for the server's. */
  skew = 0;
  private readonly link: Link;
  private readonly clock = new Clock();
  private phase: Phase = { at: "down" };
  private moment: Moment = { now: 0, luck: 0 };
  private readonly subscriptions = new Map<string, Subscription>();
  private readonly outbox: Outbox;
  private readonly outputs: Output[] = [];
  private readonly conversation: Conversation;
  private readonly pass: Pass;
  /** It is a Suona server: it answers pings and knows keys. */
  private suona = false;
  private readonly trouble = new Trouble();

  constructor(
    private readonly options: ClientOptions & LinkOptions,
    habits: Habits,
  ) {
    this.link = new Link(options, habits);
    this.conversation = new Conversation(options.messageLimit);
    this.pass = new Pass(!!options.asksToken, () => this.emit({ is: "ask" }), options.token);
    this.outbox = new Outbox(options, (ticket, outcome) => this.emit({ is: "settle", ticket, outcome }));
  }

  /** Takes one thing that happened, and whatever is due by then. What is too old by then is never sent. */
  handle(input: Input, moment: Moment): void {
    this.moment = moment;
    this.time = this.clock.read(moment.now);
    this.luck = moment.luck;
    this.outbox.expire(this.time);
    this.take(input);
    this.settleWhatIsDue();
  }

  /** What is to be done next. */
  poll(): Output | undefined {
    const output = this.outputs.shift();
    const frame = output ? undefined : this.conversation.frame();
    return frame === undefined ? output : { is: "send", frame };
  }

  /** The wall-clock time at which to hand in `woke`. */
  deadline(): number | undefined {
    let due = Math.min(this.due(), this.outbox.due());
    for (const subscription of this.subscriptions.values()) due = Math.min(due, subscription.due());
    const link = this.link.deadline() ?? Infinity;
    due = Math.min(this.clock.wall(due), link);
    return due === Infinity ? undefined : due;
  }

  get up(): boolean {
    return this.phase.at === "up";
  }

  send(command: object, answered?: (reply: Reply) => void): void {
    this.conversation.send(command, answered);
  }

  emit(output: ClientOutput): void {
    this.outputs.push(output);
  }

  drop(code: string, message: string, wait?: number): void {
    this.trouble.because({ code, message });
    this.tell({ is: "drop", reason: message, wait });
  }

  private take(input: Input): void {
    switch (input.is) {
      case "token":
        return this.tokenFound(input.channel, input.token);
      case "tokenFailed":
        return this.tokenFailed(input.channel, input.reason);
      case "subscribe":
        return this.subscription(input.channel).want(input.options);
      case "unsubscribe":
        return this.unsubscribe(input.channel);
      case "command":
        this.outbox.put(input.ticket, input.command, input.ttl, this.time);
        if (this.up) this.flush();
        return;
      case "lost":
        return this.tell(Object.assign({}, input, { final: isFinal(input.loss.code) }));
      case "stop":
        this.trouble.because(null);
        this.tell(input);
        return this.outbox.clear({ code: "stopped", message: input.reason });
      default:
        this.tell(input);
    }
  }

  /** Tells the link something, and heeds what it says to that. */
  private tell(input: LinkInput): void {
    this.link.handle(input, this.moment);
    for (let output = this.link.poll(); output; output = this.link.poll()) {
      if (output.is === "heard") this.heard(output.frame);
      else if (output.is === "probe") this.send(this.suona ? { ping: {} } : { unsubscribe: { channel: NOWHERE } });
      else if (output.is === "state") this.changed(output.state);
      else {
        this.outputs.push(output);
        if (output.is === "dial") this.pass.ready(this.time);
      }
    }
  }

  private changed(state: LinkState): void {
    this.trouble.judge(state, this.phase.at !== "down");
    this.forgetIfInvalid(state.loss?.code);
    if (state.at === "online") {
      this.phase = { at: "greeting", due: this.time + TOKEN_PATIENCE };
      return this.greet();
    }
    // Who starts again may be somebody else.
    if (state.at === "offline") this.pass.forget();
    if (this.phase.at !== "down") this.down();
    this.status(state);
  }

  /** The connection is gone, and with it everything that was under way on it. */
  private down(): void {
    this.phase = { at: "down" };
    this.conversation.end();
    this.outbox.lost();
    this.subscriptions.forEach((subscription) => subscription.down());
  }

  /** Connects, and subscribes in the same breath. */
  private greet(): void {
    const phase = this.phase;
    if (phase.at !== "greeting" || phase.sent || !this.pass.ready(this.time)) return;
    const sent = (phase.sent = this.moment.now);
    phase.due = this.time + ANSWER_PATIENCE;
    const { session, data } = this.options;
    const headers = { "suona-session": session, "suona-farewell": "1", "suona-time": "1" };
    this.send({ connect: { token: this.pass.token, data, name: "suona", headers, subs: this.served() } }, (reply) =>
      this.greeted(reply, sent),
    );
    this.subscriptions.forEach((subscription) => subscription.join());
  }

  /** Positions in the channels to which the server subscribes us. */
  private served(): Record<string, object> | undefined {
    const subs: Record<string, object> = {};
    for (const { served, since, channel } of this.subscriptions.values()) {
      if (served && since) subs[channel] = { recover: true, epoch: since.epoch, offset: since.offset };
    }
    return Object.keys(subs).length ? subs : undefined;
  }

  private greeted({ connect, error }: Reply, sent: number): void {
    if (!connect) return this.turnedAway(error ?? { code: 100, message: "no connect in the reply" });
    const { version = "", ping, pong = false, time, subs = {} } = connect;
    this.suona = version.indexOf("Suona") === 0;
    this.phase = { at: "up", refresh: this.pass.expiry(this.time, connect.ttl), pong };
    this.trouble.fault = undefined;
    if (time) this.skew = Math.round(time - (sent + this.moment.now) / 2);
    this.tell({ is: "settled" });
    if (ping) this.tell({ is: "expect", silence: ping * 1000 + PING_SLACK });
    this.status({ at: "online", reason: `connected to ${version || "the server"}` });
    this.serve(subs);
    this.flush();
  }

  /** Takes over what the server subscribed us to, and what it no longer does. */
  private serve(subs: Record<string, Subscribed>): void {
    for (const channel of Object.keys(subs)) this.subscription(channel).serve(subs[channel]!);
    for (const [channel, subscription] of this.subscriptions) {
      if (!(channel in subs)) subscription.served = false;
      if (subscription.wanted) subscription.join();
      else if (!subscription.served) this.subscriptions.delete(channel);
    }
  }

  private turnedAway(error: Refusal): void {
    const fault = serverFault(error);
    const again = error.code === 109 ? this.pass.forget() : error.temporary || error.code < 100;
    if (!again) return this.refuse(fault);
    this.drop(fault.code, `not connected: ${error.message}`);
  }

  private refuse(fault: Fault): void {
    this.trouble.because(fault);
    this.tell({ is: "refuse", reason: fault.message });
  }

  private heard(frame: Frame): void {
    if (this.phase.at === "down") return;
    for (const line of `${frame}`.trim().split("\n")) {
      const reply = parseReply(line);
      if (!reply) return this.drop("not-centrifuge", "what the server says is not the Centrifuge protocol");
      this.reply(reply);
    }
  }

  private reply(reply: Reply): void {
    const { id, push } = reply;
    if (id) this.conversation.answer(id, reply);
    else if (push) this.pushed(push);
    else if (this.phase.at === "up" && this.phase.pong) this.conversation.sendLine("{}");
  }

  private pushed({ channel = "", pub, join, leave, subscribe, unsubscribe, message, disconnect }: Push): void {
    const subscription = this.subscriptions.get(channel);
    if (pub) subscription?.publication(pub);
    else if (join) this.emit({ is: "join", channel, info: join.info });
    else if (leave) this.emit({ is: "leave", channel, info: leave.info });
    else if (message) this.emit({ is: "message", data: message.data });
    else if (subscribe) this.subscription(channel).serve(subscribe);
    else if (disconnect) this.sentAway(disconnect.code, disconnect.reason, disconnect.retry_after_ms);
    else if (unsubscribe && subscription) {
      subscription.unsubscribed(unsubscribe.code, unsubscribe.reason);
      if (!subscription.wanted) this.subscriptions.delete(channel);
    }
  }

  /** The server said goodbye. It says so before it closes, since phones lose the codes of closes. */
  private sentAway(code: number, reason: string, wait?: number): void {
    const fault = serverFault({ code, reason });
    this.forgetIfInvalid(code);
    if (isFinal(code)) this.refuse(fault);
    else this.drop(fault.code, reason, wait);
  }

  private forgetIfInvalid(code?: number): void {
    if (code !== 3014) return;
    this.pass.forget();
    this.subscriptions.forEach((subscription) => subscription.forget());
  }

  private tokenFound(channel: string | undefined, token: string | null | undefined): void {
    if (channel !== undefined) return this.subscriptions.get(channel)?.tokenFound(token);
    this.pass.answered(token);
    if (!token) return this.refuse({ code: "no-token", message: "getToken gave no token" });
    if (this.phase.at === "up" && this.phase.refresh === Infinity) this.refresh(token);
    this.greet();
  }

  private tokenFailed(channel: string | undefined, reason: string): void {
    if (channel !== undefined) return this.subscriptions.get(channel)?.tokenFailed();
    this.pass.answered();
    if (this.phase.at === "up") this.phase.refresh = this.later();
    else this.drop("token-failed", `getToken failed: ${reason}`);
  }

  private refresh(token: string): void {
    this.send({ refresh: { token } }, ({ error, refresh }) => {
      if (this.phase.at !== "up") return;
      if (!error) this.phase.refresh = this.pass.expiry(this.time, refresh?.ttl);
      else if (error.temporary) this.phase.refresh = this.later();
      else this.turnedAway(error);
    });
  }

  private later(): number {
    return this.time + 5000 + Math.floor(this.luck * 5000);
  }

  private unsubscribe(channel: string): void {
    const subscription = this.subscriptions.get(channel);
    subscription?.leave();
    if (!subscription?.served) this.subscriptions.delete(channel);
  }

  private subscription(channel: string): Subscription {
    let subscription = this.subscriptions.get(channel);
    if (!subscription) this.subscriptions.set(channel, (subscription = new Subscription(this, channel)));
    return subscription;
  }

  private due(): number {
    const phase = this.phase;
    return phase.at === "down" ? Infinity : phase.at === "up" ? phase.refresh : phase.due;
  }

  private settleWhatIsDue(): void {
    const phase = this.phase;
    if (this.due() > this.time) {
      // nothing of our own
    } else if (phase.at === "up") {
      phase.refresh = Infinity;
      this.pass.forget();
      this.pass.ready(this.time);
    } else if (phase.at === "greeting") {
      this.pass.answered();
      if (phase.sent) this.drop("no-answer", "no answer to connect");
      else this.drop("token-slow", "getToken gave no token in time");
    }
    this.subscriptions.forEach((subscription) => subscription.settleWhatIsDue());
    this.tell({ is: "woke" });
  }

  private status({ at, reason, until }: LinkState): void {
    this.emit({ is: "status", status: { at, reason, until, fault: this.trouble.fault } });
  }

  private flush(): void {
    this.outbox.flush(this.suona, (body, method, ticket, keyed) => {
      const key = keyed ? `,"idempotency_key":"${this.options.session}-${ticket}"}}` : "}}";
      const answered = (reply: Reply) => this.outbox.answered(ticket, outcome(reply, method));
      this.conversation.sendBody(body.slice(0, -2) + key, method === "send" ? undefined : answered);
    });
  }
}

function outcome(reply: Reply, method: string): Outcome {
  return reply.error ? { fault: serverFault(reply.error) } : { result: (reply as Record<string, Json>)[method] };
}
