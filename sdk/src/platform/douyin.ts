import { likeWx, type MiniApp } from "./mini.js";
import type { Platform } from "./platform.js";

declare const tt: MiniApp;

/**
 * Mini-programs of Douyin, Toutiao and Lark.
 *
 * @experimental Made from Douyin's documents and typings; not yet seen on a phone.
 */
export function douyinPlatform(app: MiniApp = tt): Platform {
  return likeWx("douyin", app);
}
