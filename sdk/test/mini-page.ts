/** A native page of a mini-program, as far as its code can tell. */

type Method = (...given: unknown[]) => unknown;

/** One opened page: `Page` makes a definition of what it is given, and the app opens it any number of times. */
export class MiniPage {
  readonly data: Record<string, unknown>;
  /** What was set, in order. */
  readonly patches: Record<string, unknown>[] = [];
  [member: string]: unknown;

  constructor(definition: object, query: Record<string, string> = {}) {
    const { data = {}, ...members } = definition as { data?: object };
    Object.assign(this, members);
    this.data = structuredClone(data) as Record<string, unknown>;
    this.call("onLoad", query);
    this.call("onShow");
  }

  setData(patch: Record<string, unknown>): void {
    this.patches.push(structuredClone(patch)); // what is no plain data does not reach the screen
    Object.assign(this.data, patch);
  }

  hide(): void {
    this.call("onHide");
  }

  show(): void {
    this.call("onShow");
  }

  unload(): void {
    this.call("onUnload");
  }

  private call(name: string, ...given: unknown[]): void {
    (this[name] as Method | undefined)?.apply(this, given);
  }
}
