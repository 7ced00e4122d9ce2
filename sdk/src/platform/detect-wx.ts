import { callable } from "./absent.js";
import type { MiniApp } from "./mini.js";
import type { Platform } from "./platform.js";
import { wxPlatform } from "./wx.js";

declare const wx: MiniApp;

/** Stands in for `detect` in the build for WeChat, where there is nothing to tell apart. */
export function detect(): Platform | undefined {
  return callable(() => wx.connectSocket) ? wxPlatform() : undefined;
}
