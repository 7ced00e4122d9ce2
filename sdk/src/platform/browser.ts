import { clock } from "./clock.js";
import { type Page, pageStorage, watchPage } from "./page.js";
import type { Platform } from "./platform.js";
import { openWebSocket, type WebSocketLike } from "./web-socket.js";

/** What is used of a browser's `window`. */
export interface BrowserWindow extends Page {
  WebSocket: new (url: string, protocols?: string[]) => WebSocketLike;
}

declare const self: BrowserWindow;

/** Web pages, uni-app's H5 and workers. Headers cannot be sent from here. `page` is the `window`, or a worker's `self`. */
export function browserPlatform(page: BrowserWindow = self): Platform {
  return Object.assign(
    {
      name: "browser",
      habits: { suspends: false },
      open: (dial, on) =>
        openWebSocket(on, () => new page.WebSocket(dial.url, dial.protocols?.length ? dial.protocols : undefined)),
      watch: (on) => watchPage(page, on),
      storage: pageStorage(page),
    } satisfies Omit<Platform, keyof typeof clock>,
    clock,
  );
}
