/**
 * The API of npm `websocket-heartbeat-miniprogram` 1.0.3 on a {@link ReliableSocket}: moving over is one import.
 *
 * Kept: options, hooks, `send`, `close`, `task.socketTask`. Better: delays between dials are random and grow, messages
 * wait for the connection, a line that died silently is left at once, late events of old sockets are not heard, listeners
 * of `task.socketTask` survive reconnects, and the connection follows the app to the background and back.
 */

import { withoutFlaws } from "../client/flaw.js";
import { attempt } from "../link/attempt.js";
import { likeWxTask } from "../platform/alipay.js";
import { clock } from "../platform/clock.js";
import { watchApp, type AppLife } from "../platform/life.js";
import { dialBy } from "../platform/mini.js";
import type { Frame, Platform } from "../platform/platform.js";
import { field, type ConnectOptions } from "../platform/task.js";
import { complaints } from "../socket/complain.js";
import { ReliableSocket, type SocketStatus } from "../socket.js";
import { SocketTaskFacade, type CloseParams, type SendParams } from "./socket-task.js";

/** `wx`, `uni`, `my`, `tt`, `Taro`…: whatever can dial. */
export interface Miniprogram extends AppLife {
  connectSocket(options: never): unknown;
  offSocketClose?: unknown;
}

/** The options of the original, with its defaults. */
export interface WebsocketHeartbeatOptions {
  miniprogram: Miniprogram;
  /** Passed to `connectSocket`. Read anew at each dial, so that a changed `url` counts. */
  connectSocketParams: { url: string } & Record<string, unknown>;
  /** Milliseconds between two heartbeats. Default 15,000. */
  pingTimeout?: number;
  /** Milliseconds for something to come back. Default 10,000; at least 3,000. */
  pongTimeout?: number;
  /** Bound of the first random delay before dialling again, in milliseconds; it doubles up to ten times that. Default 2,000. */
  reconnectTimeout?: number;
  /** Default "heartbeat". */
  pingMsg?: Frame;
  /** How many dials in a row may fail before giving up. Default, and at 0: never. */
  repeatLimit?: number | null;
}

const report = complaints();

type Hook = (event: unknown) => unknown;

/** What the promise resolves to: hooks to assign, and the connection. */
export class HeartbeatTask {
  onOpen: Hook = nothing;
  onClose: Hook = nothing;
  onError: Hook = nothing;
  onMessage: Hook = nothing;
  onReconnect: Hook = nothing;
  /** Looks like the platform's task and outlives it: the listeners attached here stay. */
  readonly socketTask: SocketTaskFacade;
  readonly opts: Required<WebsocketHeartbeatOptions>;
  private readonly socket: ReliableSocket;
  private state: SocketStatus["state"] | undefined;

  constructor(options: WebsocketHeartbeatOptions) {
    this.opts = Object.assign(
      { pingTimeout: 15_000, pongTimeout: 10_000, reconnectTimeout: 2000, pingMsg: "heartbeat", repeatLimit: null },
      options,
    );
    const { pingTimeout, pongTimeout, reconnectTimeout, pingMsg, repeatLimit, connectSocketParams } = this.opts;
    const { timeout } = connectSocketParams;
    this.socket = new ReliableSocket({
      platform: platformOf(this.opts),
      url: () => this.opts.connectSocketParams.url,
      openTimeout: typeof timeout === "number" ? timeout : undefined,
      heartbeat: withoutFlaws({ send: pingMsg, every: pingTimeout, patience: pongTimeout }),
      firstWait: reconnectTimeout >= 0 ? reconnectTimeout : 2000,
      longestWait: reconnectTimeout >= 0 ? 10 * reconnectTimeout : 20_000,
      maxAttempts: repeatLimit || undefined,
    });
    this.socketTask = new SocketTaskFacade(this.socket);
    this.socket.messages.on((data) => this.tell("Message", { data }));
    this.socket.status.each((status) => this.follow(status));
    this.socket.start();
  }

  /** As `SocketTask.send`; before the connection is open it waits, half a minute at most. */
  send(message: SendParams): void {
    this.socketTask.send(message);
  }

  /** Closes, and dials no more. */
  close(params: CloseParams = {}): void {
    const { code = 1000, reason = "" } = params;
    this.socket.close(code, reason);
    this.socketTask.settle(params, "closeSocket:ok");
  }

  private follow({ state }: SocketStatus): void {
    const { at: before } = this.state ?? state;
    if (state === this.state) return; // only what waits has changed
    this.state = state;
    if (state.at === "online") return this.tell("Open", { header: {} });
    if (before === "opening" || before === "online") this.lost(state);
    // A wait, or a dial without one, is the reconnect; the dial that ends a wait is not another.
    const again = state.at === "waiting" || (state.at === "opening" && before !== "offline" && before !== "waiting");
    if (again) this.call(this.onReconnect, undefined);
  }

  private lost({ at, reason, loss }: SocketStatus["state"]): void {
    if (loss?.raw !== undefined && field(loss.raw, "code") === undefined) this.tell("Error", loss.raw);
    const byApp = at === "offline" && !loss;
    this.tell("Close", { code: loss?.code ?? (byApp ? 1000 : 1006), reason: loss?.reason ?? reason });
  }

  private tell(what: "Open" | "Close" | "Error" | "Message", event: unknown): void {
    this.call(this[`on${what}` as const], event);
    this.socketTask.tell(what, event);
  }

  private call(hook: Hook, event: unknown): void {
    attempt(() => hook.call(this, event), report);
  }
}

/** As the original: resolves once it dials, rejects where it cannot. */
export default function WebsocketHeartbeat(options: WebsocketHeartbeatOptions): Promise<HeartbeatTask> {
  return new Promise((resolve) => {
    if (!options?.miniprogram) throw new Error("miniprogram is missing: pass wx, uni, my, tt or Taro");
    if (!options.connectSocketParams?.url) throw new Error("connectSocketParams.url is missing: pass the address");
    resolve(new HeartbeatTask(options));
  });
}

function platformOf(opts: Required<WebsocketHeartbeatOptions>): Platform {
  const { miniprogram } = opts;
  const alipay = typeof miniprogram.offSocketClose === "function"; // nobody else has it
  return Object.assign(
    {
      name: "heartbeat",
      habits: { suspends: typeof miniprogram.onAppHide === "function" },
      open: dialBy((options) => dial(opts, options, alipay)),
      watch: (on: Parameters<typeof watchApp>[1]) => watchApp(miniprogram, on),
    },
    clock,
  );
}

/** The app's own callbacks are called beside ours. */
function dial(
  { miniprogram, connectSocketParams }: WebsocketHeartbeatOptions,
  ours: ConnectOptions,
  alipay: boolean,
): unknown {
  const params = Object.assign({}, connectSocketParams, ours, alipay && { multiple: true });
  for (const name of ["success", "fail", "complete"] as const) {
    const theirs = connectSocketParams[name];
    if (typeof theirs !== "function") continue;
    params[name] = (event?: unknown) => {
      ours[name](event);
      attempt(() => theirs(event), report);
    };
  }
  const answer = miniprogram.connectSocket(params as never);
  return alipay ? likeWxTask(answer) : answer;
}

function nothing(): void {}
