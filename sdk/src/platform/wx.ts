import { likeWx, type MiniApp } from "./mini.js";
import type { Platform } from "./platform.js";

declare const wx: MiniApp;

/** WeChat mini-programs and mini-games. `app` is `wx`, unless a test or a framework brings its own. */
export function wxPlatform(app: MiniApp = wx): Platform {
  return likeWx("wx", app);
}
