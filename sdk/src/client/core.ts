import type { Fault } from "../errors.js";
import { attempt } from "../link/attempt.js";
import { Link } from "../link/link.js";
import type { Moment } from "../link/moment.js";
import type { Hears, LinkOptions, LinkOutput, LinkState, Why } from "../link/signals.js";
import type { Frame, Habits } from "../platform/platform.js";
import { Conversation } from "./conversation.js";
import { faultOf, lossFault, serverFault } from "./faults.js";
import { greeting } from "./greeting.js";
import { Outbox, type Server } from "./outbox.js";
import { type Bearer, Pass } from "./pass.js";
import type { ClientInput, ClientOptions, ClientOutput, Errand, Input, Output, SubscribeOptions } from "./signals.js";
import { type Host, Subscription } from "./subscription.js";
import { isFinal, parseReply, type Push, type Refusal, type Reply, type Subscribed } from "./wire.js";

type Stage =
  | { at: "down"; due?: undefined }
  /** The socket is open, and `connect` is not answered, or not even sent for want of a token. */
  | { at: "greeting"; due: number; sent?: number }
  | (Server & { at: "up"; pong: boolean; due?: undefined });

/** How long the app may take to find a token once the socket is open: servers wait ten seconds. */
const TOKEN_PATIENCE = 8000;
const ANSWER_PATIENCE = 10_000;
/** What a ping of the server may be late before we ask. */
const PING_SLACK = 5000;
/** Seconds of silence from a server that sends no pings. */
const NO_PING = 55;
/** No server keeps a client away for longer, whatever it asks. */
const LONGEST_ABSENCE = 3_600_000;
/** Beyond so many channels the server chooses no further ones for us. */
const MOST_CHANNELS = 10_000;
/** A channel that nobody joins: leaving it is a question that every server answers. */
const NOWHERE = "suona-probe";

/**
 * The client of a Centrifuge server: a link that connects, subscribes, recovers, and carries commands there once. It
 * makes no promises, and like the link opens no socket and reads no clock.
 */
export class Client extends Link<ClientOutput, ClientInput> implements Bearer, Host, Hears<ClientInput> {
  /** What to add to the time for the server's clock. */
  skew = 0;
  login = 1;
  private stage: Stage = { at: "down" };
  private readonly subscriptions = new Map<string, Subscription>();
  private readonly outbox: Outbox;
  private readonly conversation: Conversation;
  readonly pass: Pass;
  /** What is wrong with the connection, from the moment it failed until it is well again. */
  private fault: Fault | undefined;
  /** The last token was refused for its age, and the server has not had us since. */
  private renewed = false;

  constructor(
    private readonly options: ClientOptions & LinkOptions,
    habits: Habits,
  ) {
    super(options, habits);
    this.conversation = new Conversation(options.messageLimit);
    this.pass = new Pass(this, undefined, options.asksToken, options.token);
    this.outbox = new Outbox(options, this.conversation, this);
  }

  /** Takes one thing that happened, and whatever is due by then. What is too old by then is never sent. */
  override handle(input: Input, moment: Moment): void {
    this.outbox.expire(moment.now);
    super.handle(input, moment);
  }

  override poll(): Output | undefined {
    return (super.poll() as Output | undefined) || this.conversation.poll();
  }

  override deadline(): number {
    const channels = Array.from(this.subscriptions.values(), (subscription) => subscription.due());
    return Math.min(super.deadline(), this.stageDue(), this.outbox.due(), ...channels);
  }

  /** How many commands are not settled yet. */
  get pending(): number {
    return this.outbox.waiting.size;
  }

  get held(): boolean {
    return this.stage.at === "up";
  }

  send(command: object, answered: (reply: Reply) => void = () => undefined): void {
    this.conversation.say(JSON.stringify(command), answered);
  }

  /** Hears what the link says on the way out. */
  override emit(output: ClientOutput | LinkOutput): void {
    if (output.is === "heard") this.heard(output.frame);
    else if (output.is === "probe") {
      this.send((this.stage as Server).knowsKeys ? { ping: {} } : { unsubscribe: { channel: NOWHERE } });
    } else if (output.is === "state") this.changed(output.state);
    else super.emit(output);
    if (output.is === "dial") this.pass.ready();
    if (output.is === "unsubscribed") this.subscriptions.delete(output.channel);
  }

  giveUp(code: string, message?: string): void {
    this.part(faultOf(code, message), true);
  }

  token({ channel, login, token, failed }: { channel?: string; login: number; token?: string | null; failed?: string }): void {
    const bearer = channel === undefined ? this : this.subscriptions.get(channel);
    if (bearer && bearer.pass.login === login) bearer.pass.take(bearer, token, failed);
  }

  delay(why: string): void {
    this.giveUp("token-failed", why);
  }

  subscribe({ channel, options }: { channel: string; options: SubscribeOptions }): void {
    this.subscription(channel).want(options);
  }

  unsubscribe({ channel }: { channel: string }): void {
    const subscription = this.subscription(channel);
    subscription.leave();
    if (!subscription.served) this.subscriptions.delete(channel);
  }

  command({ errand }: { errand: Errand }): void {
    this.outbox.put(errand, this.instant);
    if (this.held) this.outbox.flush(this.stage as Server);
  }

  override start(): void {
    this.outbox.over = undefined;
    super.start();
  }

  override stop(input: { reason: string; code?: number }): void {
    super.stop(input);
    this.outbox.close();
  }

  /** What the server closes for good is not dialled again. */
  protected override retry(reason: string, why: Why, wait?: number): void {
    if (why.loss && isFinal(why.loss.code)) this.enter({ at: "offline" }, reason, why);
    else super.retry(reason, why, wait);
  }

  private changed(state: LinkState): void {
    const { at, reason, loss, fault } = state;
    if (loss) this.forgetIfInvalid(loss.code);
    if (at === "online") {
      this.stage = { at: "greeting", due: this.instant + TOKEN_PATIENCE };
      return this.go();
    }
    // What is wrong stays so until the server has us again, or the app ends it.
    if (loss) this.fault = lossFault(loss, reason, this.stage.at !== "down");
    else if (fault || at === "offline") this.fault = fault;
    this.down();
    this.status(state);
    if (at !== "offline") return;
    // Who starts again may be somebody else.
    this.logOut();
    this.outbox.close(this.fault);
  }

  /** The connection is gone, and with it everything that was under way on it. */
  private down(): void {
    const { stage } = this;
    this.stage = { at: "down" };
    this.conversation.end();
    if (stage.at === "up" && !stage.knowsKeys) this.outbox.forsake();
    this.subscriptions.forEach((subscription) => subscription.down());
  }

  /** Connects, and subscribes in the same breath. */
  go(): void {
    const { stage } = this;
    if (stage.at !== "greeting" || stage.sent || !this.pass.ready()) return;
    const sent = (stage.sent = this.instant);
    stage.due = sent + ANSWER_PATIENCE;
    const { pass, options, subscriptions } = this;
    this.send({ connect: greeting(options, pass.token, subscriptions) }, (reply) => this.greeted(reply, sent));
    this.subscriptions.forEach((subscription) => subscription.join());
  }

  private greeted({ connect, error }: Reply, sent: number): void {
    if (!connect) return this.refused(error || { code: 100, message: "no-connect" });
    const { version = "", node, ping, pong = false, time, ttl, subs = {} } = connect;
    const knowsKeys = /^Suona/.test(version);
    this.stage = { at: "up", pong, knowsKeys, node };
    this.pass.lasts(ttl);
    this.fault = undefined;
    this.renewed = false;
    if (time! > 0 && time! < Infinity) this.skew = Math.round(time! - (sent + this.instant) / 2);
    this.settled({ silence: (ping! > 0 ? ping! : NO_PING) * 1000 + PING_SLACK });
    this.status({ at: "online", reason: `connected to ${version || "the server"}` });
    this.serve(subs);
    if (!knowsKeys) this.outbox.forsake();
    this.outbox.flush(this.stage as Server);
  }

  /** Takes over what the server subscribed us to, and what it no longer does. */
  private serve(subs: Record<string, Subscribed>): void {
    for (const channel of Object.keys(subs)) this.subscription(channel).serve(subs[channel]!);
    this.subscriptions.forEach((subscription, channel) => {
      if (!subs[channel]) subscription.served = false;
      if (subscription.wanted) subscription.join();
      else if (!subscription.served) this.subscriptions.delete(channel);
    });
  }

  /** The server refuses us, or our new token. */
  refused(error: Refusal): void {
    const expired = error.code === 109;
    const again = expired ? this.pass.forget() : error.temporary || error.code < 100;
    // That a token has expired is no reason to wait; that the next one has too is.
    const wait = expired && !this.renewed ? -Infinity : 0;
    this.renewed = expired;
    this.part(serverFault(error), again, wait);
  }

  /** The server will have none of us, for now or for good. */
  private part(fault: Fault, again?: boolean, wait?: number): void {
    const reason = fault.message || fault.code;
    if (again) this.drop({ reason, wait, fault });
    else super.stop({ reason, fault });
  }

  deny(fault: Fault): void {
    this.part(fault);
  }

  /** Whatever a server says, the worst that it can do is to be taken for another one. */
  private heard(frame: Frame): void {
    const lines = `${frame}`.trim().split("\n");
    attempt(
      // What came before may have ended the connection.
      () => lines.forEach((line) => this.stage.at === "down" || this.read(parseReply(line))),
      () => this.giveUp("not-centrifuge"),
    );
  }

  private read(reply: Reply): void {
    const { id, push } = reply;
    if (id) this.conversation.answer(id, reply);
    else if (push) this.pushed(push);
    else if (this.stage.at === "up" && this.stage.pong) this.conversation.say("{}");
  }

  private pushed({ channel = "", pub, join, leave, subscribe, unsubscribe, message, disconnect }: Push): void {
    const subscription = this.subscriptions.get(channel);
    const who = join || leave;
    if (pub && subscription) subscription.publication(pub);
    else if (who && subscription && subscription.held) this.emit({ is: join ? "join" : "leave", channel, info: who.info });
    else if (message) this.emit({ is: "message", data: message.data });
    else if (subscribe && (subscription || this.subscriptions.size < MOST_CHANNELS)) this.subscription(channel).serve(subscribe);
    else if (disconnect) {
      // It is said before the close, since phones lose the codes of closes.
      this.forgetIfInvalid(disconnect.code);
      const wait = disconnect.retry_after_ms! > 0 ? Math.min(disconnect.retry_after_ms!, LONGEST_ABSENCE) : 0;
      this.part(serverFault(disconnect), !isFinal(disconnect.code), wait);
    } else if (unsubscribe && subscription) subscription.unsubscribed(unsubscribe);
  }

  private forgetIfInvalid(code?: number): void {
    if (code !== 3014) return;
    this.logOut();
    this.subscriptions.forEach((subscription) => (subscription.position = undefined));
  }

  /** Tokens are good for nothing any more, nor are those that the app may be looking for. */
  private logOut(): void {
    this.login++;
    this.pass.forget();
    this.subscriptions.forEach((subscription) => subscription.pass.forget());
  }

  private subscription(channel: string): Subscription {
    let subscription = this.subscriptions.get(channel);
    if (!subscription) this.subscriptions.set(channel, (subscription = new Subscription(this, channel)));
    return subscription;
  }

  private stageDue(): number {
    return this.held ? this.pass.due : this.stage.due || Infinity;
  }

  protected override settleWhatIsDue(): void {
    const { stage, pass } = this;
    if (this.stageDue() <= this.instant) {
      if (stage.at !== "greeting") pass.ready();
      else {
        pass.asked = false;
        this.giveUp(stage.sent ? "no-answer" : "token-slow");
      }
    }
    this.subscriptions.forEach((subscription) => subscription.settleWhatIsDue());
    super.settleWhatIsDue();
  }

  private status(state: LinkState): void {
    this.emit({ is: "status", status: Object.assign(state, { fault: this.fault }) });
  }
}
