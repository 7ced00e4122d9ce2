import type { Fault } from "../errors.js";
import { backoff } from "../link/moment.js";
import { type Bearer, type Gate, Pass } from "./pass.js";
import type { SubscribeOptions } from "./signals.js";
import { serverFault } from "./faults.js";
import type { Position, Publication, Refusal, Subscribed } from "./wire.js";

/** What a subscription needs of its client. */
export interface Host extends Gate {
  /** Whether the server took us. */
  readonly held: boolean;
  /** Gives the connection up and dials again. */
  giveUp(code: string): void;
}

type Phase =
  | { at: "down"; due?: undefined }
  | { at: "waiting" | "joining"; due: number }
  /** `due`: when to stop waiting for the app. */
  | { at: "asking"; due: number }
  | { at: "joined"; since: number; due?: undefined };

/** How long the app may take to find a token. */
const TOKEN_PATIENCE = 15_000;
const ANSWER_PATIENCE = 10_000;
/** A subscription counts as held after this long. */
const HELD = 5000;

/** One channel, as this client hears it. */
export class Subscription implements Bearer {
  /** The server subscribed us by itself. */
  served = false;
  /** The app wants it. */
  wanted = false;
  /** Where to go on. */
  position: Position | undefined;
  private options: SubscribeOptions = {};
  pass: Pass;
  private phase: Phase = { at: "down" };
  private attempt = 0;

  constructor(
    private readonly host: Host,
    readonly channel: string,
  ) {
    this.pass = new Pass(host, channel);
  }

  want(options: SubscribeOptions): void {
    this.options = options;
    this.wanted = true;
    this.pass = new Pass(this.host, this.channel, options.asksToken);
    if (options.recover !== false && !this.position) this.position = options.since;
    if (this.held) this.host.emit({ is: "subscribed", channel: this.channel, how: "fresh" });
    else if (this.host.held) this.join();
  }

  /** The server subscribed us by itself. */
  serve(result: Subscribed): void {
    this.served = true;
    this.welcomed(result);
  }

  /** Leaves the channel. Answers that still come are for nobody. */
  leave(): void {
    const { at } = this.phase;
    this.wanted = false;
    if (this.served) return;
    this.down();
    // The server was asked, perhaps together with a `connect` that is not answered yet.
    if (at === "joining" || at === "joined") this.host.send({ unsubscribe: { channel: this.channel } });
  }

  /** Subscribes, if that is for us to do; called for each new connection and when it is time to try again. */
  join(): void {
    const { channel, options, host, pass } = this;
    if (!this.wanted || this.served || (this.phase.at !== "down" && this.phase.at !== "waiting")) return;
    if (!pass.ready()) return void (this.phase = { at: "asking", due: host.instant + TOKEN_PATIENCE });
    const recover = options.recover !== false || undefined;
    const position = recover && this.position;
    const { offset, epoch } = Object(position) as Partial<Position>;
    const phase: Phase = (this.phase = { at: "joining", due: host.instant + ANSWER_PATIENCE });
    const subscribe = {
      channel,
      token: pass.token,
      recover: position && true,
      epoch,
      offset: offset || undefined,
      data: options.data,
      positioned: recover,
      recoverable: recover,
      join_leave: options.joinLeave || undefined,
    };
    host.send({ subscribe }, (reply) => {
      if (this.phase !== phase) return;
      if (reply.error) {
        this.down();
        this.refused(reply.error);
      } else this.welcomed(reply.subscribe || {}, !!position);
    });
  }

  /** The server took us, by our wish or its own. */
  private welcomed(
    { ttl, recovered, recoverable, offset = 0, epoch = "", publications = [] }: Subscribed,
    recovering = !!this.position,
  ): void {
    this.phase = { at: "joined", since: this.host.instant };
    this.pass.lasts(ttl);
    const how = !recovering ? "fresh" : recovered ? "recovered" : "gap";
    this.position = recoverable ? { offset, epoch } : undefined;
    this.host.emit({ is: "subscribed", channel: this.channel, how });
    for (const publication of publications) this.publication(publication);
    if (!publications.length) this.save();
  }

  /** One message. What was heard before is not heard again. */
  publication(publication: Publication): void {
    if (!this.held) return;
    const { offset } = publication;
    const { channel, position } = this;
    if (offset && position) {
      if (offset <= position.offset) return;
      this.position = { offset, epoch: position.epoch };
    }
    this.host.emit({ is: "publication", channel, publication });
    this.save();
  }

  /** The server ended it. From 2500 on we may come back. While we ask to join, that is about a subscription before. */
  unsubscribed(ended: { code: number; reason: string }): void {
    const { code } = ended;
    if (!this.held) return;
    this.served = false;
    if (code === 2502) {
      // What the app is looking for is good for nothing either.
      if (this.pass.asked) this.host.login++;
      this.pass.forget();
      this.position = undefined;
    }
    if (code >= 2500 && this.wanted) return this.retry();
    this.down();
    this.deny(serverFault(ended));
  }

  /** The connection is gone. The app may still find the token that it looks for. */
  down(): void {
    this.phase = { at: "down" };
  }

  get held(): boolean {
    return this.phase.at === "joined";
  }

  go(): void {
    if (this.phase.at === "asking") this.again();
  }

  delay(): void {
    if (this.phase.at === "asking") this.retry();
  }

  due(): number {
    const { at, due = Infinity } = this.phase;
    return at === "joined" ? this.pass.due : due;
  }

  settleWhatIsDue(): void {
    if (this.due() > this.host.instant) return;
    const { at } = this.phase;
    if (at === "joined") this.pass.ready();
    else if (at === "asking") {
      this.pass.asked = false;
      this.retry();
    } else if (at === "joining") this.host.giveUp("no-answer");
    else this.again();
  }

  private again(): void {
    this.down();
    if (this.host.held) this.join();
  }

  refused(error: Refusal): void {
    const again = error.code === 109 ? this.pass.forget() : error.temporary;
    if (again) this.retry();
    else this.deny(serverFault(error));
  }

  private retry(): void {
    const { phase, host } = this;
    if (phase.at === "joined" && host.instant - phase.since >= HELD) this.attempt = 0;
    this.phase = { at: "waiting", due: host.instant + backoff(this.attempt++, host.luck) };
  }

  /** It is over, and the client forgets it upon this, its position too: who subscribes again begins anew. */
  deny(fault: Fault): void {
    this.served = false;
    this.leave();
    this.host.emit({ is: "unsubscribed", channel: this.channel, fault });
  }

  private save(): void {
    const { channel, position } = this;
    if (this.options.keep) this.host.emit({ is: "position", channel, position });
  }
}
