/**
 * A scripted `wx`: does what phones were reported to do, on command and on the spot.
 *
 * It has six methods on a task, no `readyState` and no `off…`, ignores a close before the open, counts sockets that are
 * closing, and holds events back while the app is suspended. A simulation made from reports, not a phone.
 */

import type { ConnectOptions } from "../src/platform/task.js";

type Listener = (event?: unknown) => void;

/** What `connectSocket` answers with. */
export type Answer = "task" | "promise" | "wrapped promise" | "nothing" | "rejection" | "throw" | "ids alone";

/** In which words a device says what happened. Unless told otherwise, in WeChat's. */
export type Dialect = (what: "open" | "message" | "error" | "close" | "fail", event: unknown) => unknown;

export class FakeWx {
  readonly tasks: FakeTask[] = [];
  readonly appListeners: Record<"show" | "hide" | "network", Listener[]> = { show: [], hide: [], network: [] };
  readonly stored = new Map<string, unknown>();
  answer: Answer = "task";
  dialect: Dialect = (_, event) => event;
  /** How many sockets may exist, closing ones included. */
  limit = 5;
  /** Whether `fail` is called before `connectSocket` returns. */
  failsAtOnce = false;
  private held: Array<() => void> | undefined;

  // Arrow functions, because frameworks take the methods off their object.
  readonly connectSocket = (options: ConnectOptions): unknown => {
    const task = new FakeTask(this, options);
    this.tasks.push(task);
    if (this.tasks.filter((each) => !each.gone).length > this.limit) {
      task.gone = true;
      this.refuse(task, "createSocketTask:fail exceed max concurrent count");
    }
    if (this.failsAtOnce) this.refuse(task, "connectSocket:fail url not in domain list", true);
    return this.hand(task.api);
  };

  readonly onAppShow = (listener: Listener): number => this.appListeners.show.push(listener);
  readonly onAppHide = (listener: Listener): number => this.appListeners.hide.push(listener);
  readonly onNetworkStatusChange = (listener: Listener): number => this.appListeners.network.push(listener);
  readonly getStorageSync = (key: string): unknown => this.stored.get(key) ?? "";
  readonly setStorageSync = (key: string, value: unknown): void => void this.stored.set(key, value);

  get task(): FakeTask {
    const task = this.tasks[this.tasks.length - 1];
    if (!task) throw new Error("nothing was dialled");
    return task;
  }

  /** The code stops: events wait. What the app does meanwhile is up to the test. */
  suspend(): void {
    this.held = [];
  }

  /** The app comes back, and with it all that waited. The order is the one reported: first the show, then the rest. */
  resume(): void {
    const held = this.held ?? [];
    this.held = undefined;
    this.say("show");
    held.forEach((event) => event());
  }

  say(what: "show" | "hide" | "network", event?: unknown): void {
    this.happen(() => [...this.appListeners[what]].forEach((listener) => listener(event)));
  }

  happen(event: () => void): void {
    if (this.held) this.held.push(event);
    else event();
  }

  private refuse(task: FakeTask, errMsg: string, atOnce = false): void {
    const tell = (): void => task.fail(errMsg);
    if (atOnce) tell();
    else void Promise.resolve().then(tell);
  }

  private hand(api: object): unknown {
    switch (this.answer) {
      case "task":
        return api;
      case "promise":
        return Promise.resolve(api);
      case "wrapped promise":
        return Promise.resolve({ errMsg: "ok", socketTask: api });
      case "rejection":
        return Promise.reject({ errMsg: "connectContainer:fail -501000" });
      case "ids alone":
        return Promise.resolve({ errMsg: "connectSocket:ok", socketTaskId: 1 });
      case "throw":
        throw new TypeError("Cannot read property 'connectSocket' of undefined");
      case "nothing":
        return undefined;
    }
  }
}

export class FakeTask {
  readonly sent: Array<{ data: unknown; isBuffer?: boolean | undefined }> = [];
  readonly closes: Array<{ code?: number | undefined; reason?: string | undefined }> = [];
  /** Closed in the eyes of the system: it counts no longer. */
  gone = false;
  /** What `send` does. Phones say success of what never leaves them. */
  sending: "success" | "fail" | "throw" | "rejection" = "success";
  /** What becomes of what was sent. Without it, it vanishes. */
  arrived: (data: unknown) => void = () => undefined;
  /** What becomes of being told to close. Without it, no event ever comes. */
  closing: (code: number, reason: string) => void = () => undefined;
  private isOpen = false;
  private readonly listeners: Record<"open" | "message" | "error" | "close", Listener[]> = {
    open: [],
    message: [],
    error: [],
    close: [],
  };

  constructor(
    private readonly wx: FakeWx,
    readonly options: ConnectOptions,
  ) {}

  /** What the program under test gets to see. */
  readonly api = {
    send: (message: { data: unknown; isBuffer?: boolean; success?(): void; fail?(error: unknown): void }): unknown => {
      if (this.sending === "throw") throw new Error("WebSocket is not open: readyState 3");
      if (this.sending === "rejection") return Promise.reject({ errMsg: "sendSocketMessage:fail taskID not exist" });
      if (this.sending === "fail") message.fail?.(this.wx.dialect("fail", { errMsg: "sendSocketMessage:fail WebSocket is not connected" }));
      else {
        this.sent.push({ data: message.data, isBuffer: message.isBuffer });
        message.success?.();
        this.arrived(message.data);
      }
      return undefined;
    },
    close: (how: { code?: number; reason?: string; fail?(error: unknown): void }): void => {
      this.closes.push({ code: how.code, reason: how.reason }); // throws without an argument, as devices do
      if (this.gone) how.fail?.(this.wx.dialect("fail", { errMsg: "closeSocket:fail taskID not exist" }));
      else if (this.isOpen) this.closing(how.code ?? 1000, how.reason ?? "");
    },
    onOpen: (listener: Listener) => void this.listeners.open.push(listener),
    onMessage: (listener: Listener) => void this.listeners.message.push(listener),
    onError: (listener: Listener) => void this.listeners.error.push(listener),
    onClose: (listener: Listener) => void this.listeners.close.push(listener),
  };

  get opened(): boolean {
    return this.isOpen;
  }

  open(): void {
    this.isOpen = true;
    this.emit("open", { header: {} });
  }

  message(data: unknown): void {
    this.emit("message", { data });
  }

  /** As an event that is wrapped in the way of the platform. */
  emit(what: "open" | "message" | "error" | "close", event?: unknown): void {
    const told = this.wx.dialect(what, event);
    this.wx.happen(() => this.listeners[what].forEach((listener) => listener(told)));
  }

  /** The dial, or what was asked of it, failed. */
  fail(errMsg: string): void {
    this.options.fail(this.wx.dialect("fail", { errMsg }));
  }

  error(errMsg: string): void {
    this.emit("error", { errCode: 1004, errMsg });
  }

  closed(code: number, reason = ""): void {
    this.gone = true;
    this.emit("close", { code, reason });
  }
}
