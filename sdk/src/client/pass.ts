/** A token that the app finds: asked for one at a time, and not again while the old one holds. */
export class Pass {
  /** When to ask for the next one. */
  due = Infinity;
  private asked = false;

  constructor(
    /** Whether there is an app to ask. If not, the token given, or none, is all there is. */
    private readonly asks: boolean,
    private readonly ask: () => void,
    public token?: string | undefined,
  ) {}

  /** Whether there is all that is needed. If not, the app is asked, unless it has been already. */
  ready(time: number): boolean {
    if (time >= this.due) this.forget();
    if (!this.asks || this.token) return true;
    if (!this.asked) this.ask();
    this.asked = true;
    return false;
  }

  /** The app has answered, or will not any more. */
  answered(token?: string | null): void {
    this.asked = false;
    if (!token) return;
    this.token = token;
    this.due = Infinity;
  }

  /** The token is good for nothing any more. False if there is no way to another. */
  forget(): boolean {
    if (this.asks) this.token = undefined;
    this.due = Infinity;
    return this.asks;
  }

  /** Asks for the next one. */
  renew(): void {
    this.forget();
    this.ready(0);
  }

  /** The token is good for `ttl` seconds from `time` on: then the next one is to be asked for. */
  lasts(time: number, ttl: number | undefined): void {
    this.due = ttl && this.asks ? time + ttl * 1000 : Infinity;
  }

  /** It did not work, and may a little later. */
  later({ time, luck }: { time: number; luck: number }): void {
    this.due = time + Math.floor(5000 * (1 + luck));
  }
}
