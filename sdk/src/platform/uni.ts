import { callable, present } from "./absent.js";
import { likeWxTask } from "./alipay.js";
import { browserPlatform, type BrowserWindow } from "./browser.js";
import { dialBy, miniPlatform, type MiniApp } from "./mini.js";
import type { Platform } from "./platform.js";
import { appStorage } from "./storage.js";
import type { ConnectOptions } from "./task.js";

declare const uni: MiniApp;
declare const my: MiniApp;
declare const self: BrowserWindow;
declare const document: unknown;

/** What uni-app must be handed where its `uni` is compiled away. */
export interface UniOptions {
  /**
   * `o => uni.connectSocket(o)`: a call, written out. In H5 builds the object `uni` is empty, and only calls are
   * rewritten by the compiler.
   */
  connect(options: ConnectOptions): unknown;
  /** The object for life and storage. Default: `uni`, as far as it is there; in H5 the page itself. */
  app?: MiniApp;
}

/** uni-app, for every target that it compiles to: mini-programs, apps, H5. */
export function uniPlatform({ connect, app = uniHere() }: UniOptions): Platform {
  const alipay = callable(() => my.connectSocket); // uni-app hands its API through as it is
  const open = dialBy((options) => {
    const answer = connect(Object.assign(options, { multiple: true }));
    return alipay ? likeWxTask(answer) : answer;
  });
  if (!onPage()) return miniPlatform("uni", app, appStorage(app), open);
  const page = browserPlatform(self);
  return Object.assign(page, { name: "uni", open });
}

function uniHere(): MiniApp {
  return typeof uni === "undefined" ? {} : uni;
}

function onPage(): boolean {
  return present(() => document) && present(() => self);
}
