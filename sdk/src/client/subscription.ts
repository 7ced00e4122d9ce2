import { backoff } from "../link/moment.js";
import { Pass } from "./pass.js";
import type { ClientOutput, SubscribeOptions } from "./signals.js";
import { serverFault } from "./faults.js";
import type { Position, Publication, Refusal, Reply, Subscribed } from "./wire.js";

/** What a subscription needs of its client. */
export interface Host {
  readonly time: number;
  readonly luck: number;
  /** Whether the server took us. */
  readonly up: boolean;
  /** Sends a command; `answered` hears the answer if it comes on this connection. */
  send(command: object, answered?: (reply: Reply) => void): void;
  emit(output: ClientOutput): void;
  /** Gives the connection up and dials again. */
  drop(code: string, reason: string): void;
}

type Phase =
  | { at: "down" }
  | { at: "waiting"; due: number }
  /** `due`: when to stop waiting for the app. */
  | { at: "asking"; due: number }
  | { at: "joining"; due: number }
  | { at: "joined"; since: number; refresh: number }
  | { at: "ended" };

/** How long the app may take to find a token. */
const TOKEN_PATIENCE = 15_000;
const ANSWER_PATIENCE = 10_000;
/** A subscription counts as held after this long. */
const HELD = 5000;

/** One channel, as this client hears it. */
export class Subscription {
  /** The server subscribed us by itself. */
  served = false;
  /** The app wants it. */
  wanted = false;
  private options: SubscribeOptions = {};
  private position: Position | undefined;
  private pass = new Pass(false, () => undefined);
  private phase: Phase = { at: "down" };
  private attempt = 0;

  constructor(
    private readonly host: Host,
    readonly channel: string,
  ) {}

  want(options: SubscribeOptions): void {
    this.options = options;
    this.wanted = true;
    this.pass = new Pass(!!options.asksToken, () => this.host.emit({ is: "ask", channel: this.channel }));
    if (options.recover !== false) this.position ??= options.since;
    if (this.phase.at === "ended") this.phase = { at: "down" };
    if (this.host.up) this.join();
  }

  /** The server subscribed us by itself. */
  serve(result: Subscribed): void {
    this.served = true;
    this.joined(result);
  }

  /** Leaves the channel. Answers that still come are for nobody. */
  leave(): void {
    const { at } = this.phase;
    if (this.served) return void (this.wanted = false);
    this.phase = { at: "ended" };
    this.wanted = false;
    if (this.host.up && (at === "joining" || at === "joined"))
      this.host.send({ unsubscribe: { channel: this.channel } });
  }

  /** Subscribes, if that is for us to do; called for each new connection and when it is time to try again. */
  join(): void {
    if (!this.wanted || this.served || (this.phase.at !== "down" && this.phase.at !== "waiting")) return;
    if (!this.pass.ready(this.host.time))
      return void (this.phase = { at: "asking", due: this.host.time + TOKEN_PATIENCE });
    const { channel, options } = this;
    const { token } = this.pass;
    const recover = options.recover !== false || undefined;
    const position = recover && this.position;
    const joining: Phase = { at: "joining", due: this.host.time + ANSWER_PATIENCE };
    this.phase = joining;
    this.host.send(
      {
        subscribe: {
          channel,
          token,
          recover: position && true,
          epoch: position?.epoch,
          offset: position?.offset || undefined,
          data: options.data,
          positioned: recover,
          recoverable: recover,
          join_leave: options.joinLeave || undefined,
        },
      },
      (reply) => {
        if (this.phase !== joining) return;
        if (reply.error) this.refused(reply.error);
        else this.joined(reply.subscribe ?? {}, !!position);
      },
    );
  }

  /** The server took us, by our wish or its own. */
  joined(result: Subscribed, recovering = this.position !== undefined): void {
    this.phase = { at: "joined", since: this.host.time, refresh: this.pass.expiry(this.host.time, result.ttl) };
    const how = !recovering ? "fresh" : result.recovered ? "recovered" : "gap";
    this.position = result.recoverable ? { offset: result.offset ?? 0, epoch: result.epoch ?? "" } : undefined;
    this.host.emit({ is: "subscribed", channel: this.channel, how });
    for (const publication of result.publications ?? []) this.publication(publication);
    if (!result.publications?.length) this.save();
  }

  /** One message. What was heard before is not heard again. */
  publication(publication: Publication): void {
    if (this.phase.at !== "joined") return;
    const { offset } = publication;
    if (offset && this.position) {
      if (offset <= this.position.offset) return;
      this.position = { offset, epoch: this.position.epoch };
    }
    this.host.emit({ is: "publication", channel: this.channel, publication });
    this.save();
  }

  /** The server ended it. From 2500 on we may come back. */
  unsubscribed(code: number, reason: string): void {
    if (this.phase.at === "ended") return;
    this.served = false;
    if (code === 2502) this.forget();
    if (code >= 2500 && this.wanted) return this.retry();
    this.end(`server-${code}`, reason);
  }

  /** The connection is gone. */
  down(): void {
    if (this.phase.at === "joined" || this.phase.at === "joining") this.settleAttempts();
    if (this.phase.at !== "ended" && this.phase.at !== "asking") this.phase = { at: "down" };
  }

  /** The app found a token, or there is none to be had. */
  tokenFound(token: string | null | undefined): void {
    if (!token) return this.end("no-token", "no token for the channel");
    this.pass.answered(token);
    if (this.phase.at === "asking") {
      this.phase = { at: "down" };
      if (this.host.up) this.join();
    } else if (this.phase.at === "joined" && this.host.up) {
      this.refresh(token);
    }
  }

  tokenFailed(): void {
    this.pass.answered();
    if (this.phase.at === "asking") this.retry();
    else if (this.phase.at === "joined") this.phase.refresh = this.later();
  }

  forget(): void {
    this.pass.forget();
    this.position = undefined;
  }

  /** Where to go on, for subscriptions that the server makes. */
  get since(): Position | undefined {
    return this.position;
  }

  due(): number {
    const phase = this.phase;
    if (phase.at === "joined") return phase.refresh;
    return phase.at === "down" || phase.at === "ended" ? Infinity : phase.due;
  }

  settleWhatIsDue(): void {
    const phase = this.phase;
    if (this.due() > this.host.time) return;
    if (phase.at === "waiting" && this.host.up) this.join();
    else if (phase.at === "waiting") this.phase = { at: "down" };
    else if (phase.at === "asking") this.tokenFailed();
    else if (phase.at === "joining") this.host.drop("no-answer", `no answer to subscribing to ${this.channel}`);
    else if (phase.at === "joined") {
      phase.refresh = Infinity;
      this.pass.forget();
      this.pass.ready(this.host.time);
    }
  }

  private refused(error: Refusal): void {
    // The server serves it already; it says so in its own time.
    if (error.code === 105 && this.served) return;
    const again = error.code === 109 ? this.pass.forget() : error.temporary;
    const { code, message } = serverFault(error);
    if (again) this.retry();
    else this.end(code, message, error);
  }

  private refresh(token: string): void {
    this.host.send({ sub_refresh: { channel: this.channel, token } }, ({ error, sub_refresh }) => {
      const phase = this.phase;
      if (phase.at !== "joined") return;
      if (!error) phase.refresh = this.pass.expiry(this.host.time, sub_refresh?.ttl);
      else if (error.temporary) phase.refresh = this.later();
      else this.refused(error);
    });
  }

  private retry(): void {
    this.settleAttempts();
    this.phase = { at: "waiting", due: this.host.time + backoff(this.attempt++, this.host.luck) };
  }

  private settleAttempts(): void {
    if (this.phase.at === "joined" && this.host.time - this.phase.since >= HELD) this.attempt = 0;
  }

  private end(code: string, message: string, raw?: unknown): void {
    this.phase = { at: "ended" };
    this.wanted = false;
    this.host.emit({ is: "unsubscribed", channel: this.channel, fault: { code, message, raw } });
  }

  private save(): void {
    const { channel, position } = this;
    if (this.options.keep) this.host.emit({ is: "position", channel, position });
  }

  private later(): number {
    return this.host.time + 10_000 + Math.floor(this.host.luck * 10_000);
  }
}
