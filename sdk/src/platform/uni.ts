import { callable, present } from "./absent.js";
import { likeWxTask } from "./alipay.js";
import { clock } from "./clock.js";
import { watchApp } from "./life.js";
import { dialBy, type MiniApp } from "./mini.js";
import { type Page, pageStorage, watchPage } from "./page.js";
import type { LifeEvent, Platform } from "./platform.js";
import { appStorage } from "./storage.js";
import type { ConnectOptions } from "./task.js";

declare const uni: MiniApp;
declare const my: MiniApp;
declare const self: Page;
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
  const page = onPage();
  return Object.assign(
    {
      name: "uni",
      habits: { suspends: !page },
      open,
      watch: (on: (event: LifeEvent) => void) => (page ? watchPage(self, on) : watchApp(app, on)),
      storage: page ? pageStorage(self) : appStorage(app),
    },
    clock,
  );
}

function uniHere(): MiniApp {
  return typeof uni === "undefined" ? {} : uni;
}

function onPage(): boolean {
  return present(() => document) && present(() => self);
}
