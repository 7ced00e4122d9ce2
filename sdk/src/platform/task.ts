/** Sockets of mini-programs: `connectSocket` and the task that it returns, with the traps of real devices. */

import { attempt } from "../link/attempt.js";
import { clock } from "./clock.js";
import { frameOf } from "./frame.js";
import type { Dial, Frame, Loss, Socket, SocketEvent } from "./platform.js";
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

/** What `connectSocket` returned: a task, something with a task in it, the promise of one, or nothing. */
export type Connect = (callbacks: Callbacks) => unknown;

/** The options for `connectSocket`; what is not asked for is left out, since some devices stumble over `undefined`. */
export function connectOptions(dial: Dial, callbacks: Callbacks): ConnectOptions {
  const options: ConnectOptions = Object.assign({ url: encoded(dial.url), timeout: dial.timeout }, callbacks);
  if (dial.headers) options.header = dial.headers;
  if (dial.protocols && dial.protocols.length) options.protocols = dial.protocols;
  return options;
}

type State =
  | { at: "opening" }
  | { at: "open" }
  /** `again` where the device was told to close before it had opened, which it may have ignored. */
  | { at: "closing"; code: number; reason: string; again: boolean }
  | { at: "lost" };

/** Dials by `connect`, and keeps the promises of {@link Platform.open} whatever the device does. */
export class TaskSocket implements Socket {
  private state: State = { at: "opening" };
  /** Nothing as long as the device has not handed over a task. */
  private task: SocketTask | undefined;
  /** A call into the device is under way: what it tells meanwhile is told when it has returned. */
  private calling = false;
  private readonly fail = (error?: unknown): void => this.lose(error);

  constructor(
    private readonly on: (event: SocketEvent) => void,
    connect: Connect,
  ) {
    this.call(connect, (answer) => this.take(answer));
  }

  send(frame: Frame): void {
    if (this.state.at === "open") this.call((callbacks) => this.task!.send(Object.assign({ data: frame }, callbacks)));
  }

  close(code: number, reason: string): void {
    const { at } = this.state;
    if (at === "lost" || at === "closing") return;
    this.state = { at: "closing", code, reason, again: at !== "open" };
    this.release(code, reason);
  }

  private call(run: (callbacks: Callbacks) => unknown, done?: (answer: unknown) => void): void {
    this.calling = true;
    attempt(() => run(callbacks(this.fail)), this.fail, done);
    this.calling = false;
  }

  /** The task has come. All listeners are attached in the same breath, or the first events would be missed. */
  private take(answer: unknown): void {
    const task = (this.task = taskIn(answer));
    if (!task) {
      // A `fail` that says why may still come.
      clock.after(100, () => this.lose({ reason: "connectSocket returned no task", answer }));
      return;
    }
    task.onOpen(() => this.opened());
    task.onMessage((event) => this.received(event));
    task.onError(this.fail);
    task.onClose((event) => this.lose(event, true));
    const { state } = this;
    if (state.at === "closing") this.release(state.code, state.reason);
    else if (state.at === "lost") this.release(1000, "");
  }

  private opened(): void {
    const { state } = this;
    if (state.at === "opening") {
      this.state = { at: "open" };
      this.tell({ is: "opened" });
    } else if (state.at === "closing" && state.again) {
      state.again = false;
      this.release(state.code, state.reason);
    }
  }

  /** A message proves that the socket is open, also where `onOpen` was missed. */
  private received(event: unknown): void {
    this.opened();
    if (this.state.at !== "open") return;
    const frame = frameOf(field(event, "data"));
    if (frame !== undefined) this.tell({ is: "received", frame });
  }

  /** A device that reports an error may keep the socket, and count it, until it is told to close. */
  private lose(event: unknown, closed = false): void {
    if (this.state.at === "lost") return;
    this.state = { at: "lost" };
    if (!closed) this.release(1000, "");
    this.tell({ is: "lost", loss: lossOf(event) });
  }

  /** To close what is dead already, or not there yet, is an error on every device, and no news. */
  private release(code: number, reason: string): void {
    attempt(() => this.task!.close(Object.assign({ code, reason }, callbacks(nothing))), nothing);
  }

  private tell(event: SocketEvent): void {
    if (this.calling) void Promise.resolve().then(() => this.on(event));
    else this.on(event);
  }
}

function callbacks(fail: (error?: unknown) => void): Callbacks {
  return { success: nothing, fail, complete: nothing };
}

function nothing(): void {}

function taskIn(answer: unknown): SocketTask | undefined {
  const task = field(answer, "socketTask") || answer;
  return typeof field(task, "onMessage") === "function" ? (task as SocketTask) : undefined;
}

function lossOf(event: unknown): Loss {
  const reason = wordsOf(event);
  return {
    code: Number(field(event, "code")) || undefined, // Douyin may say "1000", and WeChat 0
    reason,
    raw: event,
    full: /exceed.*max|max.*exceed|最多|并行|already exist/i.test(reason || "") || undefined,
  };
}

/** What a device says of an error, in whichever field it says it. */
export function wordsOf(error: unknown): string | undefined {
  const { errMsg, errorMessage, message, reason } = Object(error);
  return [error, errMsg, errorMessage, message, reason].find((words) => typeof words === "string" && words);
}

/** A field of something that came from outside. */
export function field(value: unknown, name: string): unknown {
  return Object(value)[name];
}
