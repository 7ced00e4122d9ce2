import type { Fault } from "../errors.js";
import { faultOf } from "./faults.js";
import type { ClientOutput } from "./signals.js";
import type { Refusal, Reply } from "./wire.js";

/** What a pass needs of its client. */
export interface Gate {
  readonly instant: number;
  readonly luck: number;
  /** One more whenever what was asked before is for somebody else, or good for nothing any more. */
  login: number;
  /** Sends a command; `answered` hears the answer if it comes on this connection. */
  send(command: object, answered?: (reply: Reply) => void): void;
  emit(output: ClientOutput): void;
}

/** Whom a pass lets in: a client, or one of its subscriptions. */
export interface Bearer {
  /** The server has let it in. */
  readonly held: boolean;
  /** There is a token. */
  go(): void;
  /** There is none yet, and may be a little later. */
  delay(why: string): void;
  /** There is none. */
  deny(fault: Fault): void;
  /** The server, which has let it in, refuses the new token. */
  refused(error: Refusal): void;
}

/** A token that the app finds: asked for one at a time, and not again while the old one holds. */
export class Pass {
  /** When to ask for the next one. */
  due = Infinity;
  /** The app is asked, and not given up. */
  asked = false;
  /** Tokens that the app was asked for in another login are none. */
  login: number;

  constructor(
    private readonly gate: Gate,
    /** The channel that it is for; none for the connection. */
    private readonly channel?: string,
    /** Whether there is an app to ask. If not, the token given, or none, is all there is. */
    private readonly asks?: boolean,
    public token?: string | undefined,
  ) {
    this.login = gate.login;
  }

  /** Whether there is all that is needed. If not, the app is asked, unless it has been already. */
  ready(): boolean {
    if (this.gate.instant >= this.due) this.forget();
    if (!this.asks || this.token) return true;
    if (!this.asked) this.gate.emit({ is: "ask", channel: this.channel, login: this.login });
    this.asked = true;
    return false;
  }

  /** The app has answered: with a token, with none, or with why it `failed` to find one. */
  take(bearer: Bearer, token?: string | null, failed?: string): void {
    const { held } = bearer;
    this.asked = false;
    if (token) {
      this.token = token;
      this.due = Infinity;
    }
    if (failed !== undefined) {
      if (held) this.later();
      else bearer.delay(failed);
    } else if (!token) bearer.deny(faultOf("no-token"));
    else if (held) this.refresh(bearer);
    else bearer.go();
  }

  /**
   * The token is good for nothing any more, nor is one that the app may be looking for. False if there is no way to
   * another.
   */
  forget(): boolean {
    this.login = this.gate.login;
    this.asked = false;
    if (this.asks) this.token = undefined;
    this.due = Infinity;
    return !!this.asks;
  }

  /** The token is good for `ttl` seconds from now on: then the next one is to be asked for. */
  lasts(ttl?: number): void {
    this.due = this.gate.instant + (this.asks && ttl! > 0 ? ttl! * 1000 : Infinity);
  }

  /** It did not work, and may a little later. */
  later(): void {
    this.due = this.gate.instant + Math.floor(5000 * (1 + this.gate.luck));
  }

  /** Hands the new token to a server that has let us in by an old one. */
  private refresh(bearer: Bearer): void {
    const { channel, token } = this;
    const name = channel === undefined ? "refresh" : "sub_refresh";
    this.gate.send({ [name]: { channel, token } }, ({ error, refresh, sub_refresh }) => {
      if (!error) this.lasts(Object(refresh || sub_refresh).ttl);
      else if (error.temporary) this.later();
      else if (bearer.held) bearer.refused(error);
    });
  }
}
