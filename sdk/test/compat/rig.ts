import { afterEach, beforeEach, mock } from "node:test";
import type { HeartbeatTask, WebsocketHeartbeatOptions } from "../../src/compat/websocket-heartbeat.js";
import { FakeWx } from "../fake-wx.js";
import { settled } from "../heard.js";

/** The one thing that both packages offer. */
export type Import = (options: WebsocketHeartbeatOptions) => Promise<HeartbeatTask>;

/** The tests of this file have a clock and dice of their own. */
export function virtually(): void {
  beforeEach(() => {
    mock.timers.enable({ apis: ["setTimeout", "Date"], now: 1_700_000_000_000 });
    mock.method(Math, "random", () => 0.5);
  });
  afterEach(() => {
    mock.timers.reset();
    mock.restoreAll();
  });
}

/** Lets time pass in small steps, and all that follows from them. */
export async function pass(ms: number): Promise<void> {
  for (let left = ms; left > 0; left -= 100) {
    await settled();
    mock.timers.tick(Math.min(left, 100));
  }
  await settled();
}

/** A page as it was written for the original: not a line of it may know on what it runs. */
export async function page(WebsocketHeartbeat: Import, wx: FakeWx, options: Partial<WebsocketHeartbeatOptions> = {}) {
  const log: string[] = [];
  const task = await WebsocketHeartbeat({
    miniprogram: wx,
    connectSocketParams: { url: "wss://example.org/bids" },
    pingTimeout: 10_000,
    pongTimeout: 5000,
    ...options,
  });
  task.onOpen = () => {
    log.push("open");
    task.send({ data: "join lot 7" });
  };
  task.onClose = (event) => log.push(`close ${(event as { code: number }).code}`);
  task.onError = (event) => log.push(`error ${(event as { errMsg: string }).errMsg}`);
  task.onMessage = (event) => log.push(`message ${(event as { data: string }).data}`);
  task.onReconnect = () => log.push("reconnect");
  task.socketTask.onMessage((event) => log.push(`raw message ${(event as { data: string }).data}`));
  task.socketTask.onOpen(() => log.push("raw open"));
  return { task, log };
}

/** What went out on a socket, the last one unless told. */
export const sent = (wx: FakeWx, at = wx.tasks.length - 1): unknown[] => wx.tasks[at]?.sent.map(({ data }) => data) ?? [];
