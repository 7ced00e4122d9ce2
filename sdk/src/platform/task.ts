/** Sockets of mini-programs: `connectSocket` and the task that it returns, with the traps of real devices. */

import { clock } from "./clock.js";
import { frameOf } from "./frame.js";
import type { Dial, Frame, Loss, Socket, SocketEvents } from "./platform.js";
import { encoded } from "./url.js";

/** The part of a platform's socket task that is used. No `readyState`, which lies, and no `off…`, which is missing. */
export interface SocketTask {
  send(message: { data: Frame; isBuffer?: boolean } & Callbacks): unknown;
  close(how: { code: number; reason: string } & Callbacks): unknown;
  onOpen(listener: (event?: unknown) => void): unknown;
  onMessage(listener: (event?: unknown) => void): unknown;
  onError(listener: (event?: unknown) => void): unknown;
  onClose(listener: (event?: unknown) => void): unknown;
}

/** What is passed to `connectSocket`. */
export interface ConnectOptions extends Callbacks {
  url: string;
  header?: Record<string, string>;
  protocols?: string[];
  timeout?: number;
  multiple?: boolean;
}

/** `fail` and `complete` are always passed: without one, uni-app returns no task, and failures become rejections. */
export interface Callbacks {
  success(answer?: unknown): void;
  fail(error?: unknown): void;
  complete(answer?: unknown): void;
}

/** Where a platform says it in its own way. */
export interface Dialect {
  /** What a listener was given, without its wrapping. */
  unwrap(event: unknown): unknown;
  incoming(message: unknown): Frame | undefined;
  outgoing(frame: Frame): { data: Frame; isBuffer?: boolean };
}

/** What `connectSocket` returned: a task, something with a task in it, the promise of one, or nothing. */
export type Connect = (callbacks: Callbacks) => unknown;

const plain: Dialect = {
  unwrap: (event) => event,
  incoming: (message) => frameOf(field(message, "data")),
  outgoing: (frame) => ({ data: frame }),
};

/** Dials by `connect`, and keeps the promises of {@link Platform.open} whatever the device does. */
export function openTask(on: SocketEvents, connect: Connect, dialect: Dialect = plain): Socket {
  const socket = new TaskSocket(on, dialect);
  socket.dial(connect);
  return socket;
}

/** The options for `connectSocket`; what is not asked for is left out, since some devices stumble over `undefined`. */
export function connectOptions(dial: Dial, callbacks: Callbacks): ConnectOptions {
  const options: ConnectOptions = Object.assign({ url: encoded(dial.url), timeout: dial.timeout }, callbacks);
  if (dial.headers) options.header = dial.headers;
  if (dial.protocols && dial.protocols.length > 0) options.protocols = dial.protocols;
  return options;
}

type State =
  | { at: "dialling" } // the device has not handed over a task
  | { at: "opening"; task: SocketTask }
  | { at: "open"; task: SocketTask }
  /** `again` where the device was told to close before it had opened, which it may have ignored. */
  | { at: "closing"; task: SocketTask | undefined; code: number; reason: string; again: boolean }
  | { at: "lost" };

class TaskSocket implements Socket {
  private state: State = { at: "dialling" };
  /** A call into the device is under way: what it tells meanwhile is told when it has returned. */
  private calling = false;

  constructor(
    private readonly on: SocketEvents,
    private readonly dialect: Dialect,
  ) {}

  dial(connect: Connect): void {
    this.call((fail) => {
      const answer = connect(callbacks(fail));
      if (isPromise(answer)) answer.then((task) => this.call(() => this.take(task)), fail);
      else this.take(answer);
    });
  }

  send(frame: Frame): void {
    const { state } = this;
    if (state.at !== "open") return;
    const message = this.dialect.outgoing(frameOf(frame) ?? "");
    this.call((fail) => settle(state.task.send(Object.assign(message, callbacks(fail))), fail));
  }

  close(code: number, reason: string): void {
    const { state } = this;
    if (state.at === "lost" || state.at === "closing") return;
    const task = state.at === "dialling" ? undefined : state.task;
    this.state = { at: "closing", task, code, reason, again: state.at !== "open" };
    if (task) closeTask(task, code, reason);
  }

  private call(run: (fail: (error?: unknown) => void) => void): void {
    const fail = (error?: unknown): void => this.fail(error);
    this.calling = true;
    try {
      run(fail);
    } catch (error) {
      fail(error);
    }
    this.calling = false;
  }

  /** The task has come. All listeners are attached in the same breath, or the first events would be missed. */
  private take(answer: unknown): void {
    const task = taskIn(answer);
    if (!task) {
      this.awaitReason(answer);
      return;
    }
    const { state } = this;
    if (state.at === "lost") return closeTask(task, 1000, "");
    this.state = state.at === "closing" ? Object.assign(state, { task }) : { at: "opening", task };
    task.onOpen(() => this.opened());
    task.onMessage((event) => this.received(event));
    task.onError((event) => this.fail(this.dialect.unwrap(event)));
    task.onClose((event) => this.closed(this.dialect.unwrap(event)));
    if (state.at === "closing") closeTask(task, state.code, state.reason);
  }

  /** Without a task a `fail` that says why may still come. */
  private awaitReason(answer: unknown): void {
    clock.after(100, () => this.lose({ reason: "connectSocket returned no task", raw: answer }));
  }

  private opened(): void {
    const { state } = this;
    if (state.at === "opening") {
      this.state = { at: "open", task: state.task };
      this.tell(() => this.on.opened());
    } else if (state.at === "closing" && state.again && state.task) {
      state.again = false;
      closeTask(state.task, state.code, state.reason);
    }
  }

  /** A message proves that the socket is open, also where `onOpen` was missed. */
  private received(event: unknown): void {
    this.opened();
    if (this.state.at !== "open") return;
    const frame = this.dialect.incoming(this.dialect.unwrap(event));
    if (frame !== undefined) this.tell(() => this.on.received(frame));
  }

  private closed(event: unknown): void {
    const code = Number(field(event, "code")); // Douyin may say "1000"
    const reason = field(event, "reason");
    this.lose({
      code: code > 0 ? code : undefined,
      reason: typeof reason === "string" ? reason : undefined,
      raw: event,
    });
  }

  /** A device that reports an error may keep the socket, and count it, until it is told to close. */
  private fail(error: unknown): void {
    const { state } = this;
    const reason = wordsOf(error);
    this.lose({ reason, raw: error, full: isFull(reason) || undefined }, "task" in state ? state.task : undefined);
  }

  private lose(loss: Loss, task?: SocketTask): void {
    if (this.state.at === "lost") return;
    this.state = { at: "lost" };
    if (task) closeTask(task, 1000, "");
    this.tell(() => this.on.lost(loss));
  }

  private tell(news: () => void): void {
    if (this.calling) void Promise.resolve().then(news);
    else news();
  }
}

/** Closing what is dead already is an error on every device, and no news. */
function closeTask(task: SocketTask, code: number, reason: string): void {
  try {
    settle(task.close(Object.assign({ code, reason }, callbacks(nothing))), nothing);
  } catch {
    // As above.
  }
}

function callbacks(fail: (error?: unknown) => void): Callbacks {
  return { success: nothing, fail, complete: nothing };
}

function nothing(): void {}

/** Frameworks return promises beside calling `fail`, or instead; nobody else catches their rejections. */
function settle(answer: unknown, fail: (error?: unknown) => void): void {
  if (isPromise(answer)) answer.then(undefined, fail);
}

function isPromise(value: unknown): value is PromiseLike<unknown> {
  return typeof field(value, "then") === "function";
}

function taskIn(answer: unknown): SocketTask | undefined {
  const task = field(answer, "socketTask") ?? answer;
  return typeof field(task, "onMessage") === "function" ? (task as SocketTask) : undefined;
}

/** What a device says of an error, in whichever field it says it. */
export function wordsOf(error: unknown): string | undefined {
  for (const words of [error, ...["errMsg", "errorMessage", "message", "reason"].map((name) => field(error, name))]) {
    if (typeof words === "string" && words) return words;
  }
  return undefined;
}

function isFull(words = ""): boolean {
  return /exceed.*max|max.*exceed|同时最多|最多.*连接|并行连接|already exist/i.test(words);
}

/** A field of something that came from outside. */
export function field(value: unknown, name: string): unknown {
  return value === null || value === undefined ? undefined : (value as Record<string, unknown>)[name];
}
