import type { Socket } from "../../src/platform/platform.js";
import { wxPlatform } from "../../src/platform/wx.js";
import { FakeWx } from "../fake-wx.js";
import { Heard } from "../heard.js";

export const dial = { url: "wss://example.org/connection/websocket", timeout: 10_000 };

/** A socket that is being opened on a WeChat of its own. */
export function dialled(change: (wx: FakeWx) => void = () => undefined): { wx: FakeWx; on: Heard; socket: Socket } {
  const wx = new FakeWx();
  change(wx);
  const on = new Heard();
  return { wx, on, socket: wxPlatform(wx).open(dial, on.on) };
}
