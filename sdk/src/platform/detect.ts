import { callable, present } from "./absent.js";
import { alipayPlatform } from "./alipay.js";
import { browserPlatform } from "./browser.js";
import { douyinPlatform } from "./douyin.js";
import { likeWx, type MiniApp } from "./mini.js";
import { nodePlatform } from "./node.js";
import type { Platform } from "./platform.js";
import { uniPlatform } from "./uni.js";
import { wxPlatform } from "./wx.js";

// Each by its bare name: mini-programs have no global object to look them up in.
declare const WebSocket: unknown;
declare const document: unknown;
declare const tt: MiniApp;
declare const my: MiniApp;
declare const swan: MiniApp;
declare const uni: MiniApp;
declare const wx: MiniApp;

/**
 * The platform that this code runs on, or nothing where it knows none. Never throws.
 *
 * Pages come first: in uni-app's H5 builds `uni` and `wx` exist and are empty. An API counts only if it can dial.
 * `wx` comes last of the mini-programs, because others bring a `wx` of their own.
 */
export function detect(): Platform | undefined {
  if (callable(() => WebSocket) && present(() => document)) return browserPlatform();
  if (callable(() => tt.connectSocket)) return douyinPlatform();
  if (callable(() => my.connectSocket)) return alipayPlatform();
  if (callable(() => swan.connectSocket)) return likeWx("swan", swan);
  if (callable(() => uni.connectSocket)) return uniPlatform({ connect: (options) => uni.connectSocket!(options) });
  if (callable(() => wx.connectSocket)) return wxPlatform();
  if (callable(() => WebSocket)) return nodePlatform();
  return undefined;
}
