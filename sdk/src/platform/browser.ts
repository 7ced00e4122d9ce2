import { clock } from "./clock.js";
import type { LifeEvent, Platform, Undo } from "./platform.js";
import { safeStorage } from "./storage.js";
import { openWebSocket, type WebSocketLike } from "./web-socket.js";

/** What is used of a browser's `window`. */
export interface BrowserWindow extends Target {
  WebSocket: new (url: string, protocols?: string[]) => WebSocketLike;
  document?: Target & { visibilityState?: string };
  localStorage?: {
    getItem(key: string): string | null;
    setItem(key: string, value: string): void;
    removeItem(key: string): void;
  };
}

interface Target {
  addEventListener?(type: string, listener: () => void): void;
  removeEventListener?(type: string, listener: () => void): void;
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
      // Touching `localStorage` throws where cookies are blocked, so it is touched at each call only.
      storage: safeStorage(
        (key) => page.localStorage!.getItem(key),
        (key, value) => page.localStorage!.setItem(key, value),
        (key) => page.localStorage!.removeItem(key),
      ),
    } satisfies Omit<Platform, keyof typeof clock>,
    clock,
  );
}

/** A page may leave by `pagehide` (into the back-forward cache), by `visibilitychange`, or by both: it is told once. */
function watchPage(page: BrowserWindow, on: (event: LifeEvent) => void): Undo {
  let hidden = false;
  const turn = (now: boolean): void => {
    if (now === hidden) return;
    hidden = now;
    on({ is: hidden ? "hidden" : "shown" });
  };
  const undo = [
    listen(page.document, "visibilitychange", () => turn(page.document?.visibilityState === "hidden")),
    listen(page, "pagehide", () => turn(true)),
    listen(page, "pageshow", () => turn(false)),
    listen(page, "online", () => on({ is: "network", online: true })),
    listen(page, "offline", () => on({ is: "network", online: false })),
  ];
  return () => undo.forEach((each) => each());
}

function listen(target: Target | undefined, type: string, heard: () => void): Undo {
  target?.addEventListener?.(type, heard);
  return () => target?.removeEventListener?.(type, heard);
}
