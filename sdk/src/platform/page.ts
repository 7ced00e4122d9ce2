import { quietly } from "./absent.js";
import type { LifeEvent, Storage, Undo } from "./platform.js";
import { safeStorage } from "./storage.js";

/** What is used of a web page's `window`, whatever opens the sockets there. */
export interface Page extends Target {
  document?: Target & { visibilityState?: string };
  localStorage?: {
    getItem(key: string): string | null;
    setItem(key: string, value: string): void;
  };
}

interface Target {
  addEventListener?(type: string, listener: () => void): void;
  removeEventListener?(type: string, listener: () => void): void;
}

/** Touching `localStorage` throws where cookies are blocked, so it is touched at each call only. */
export function pageStorage(page: Page): Storage {
  return safeStorage(
    (key) => page.localStorage!.getItem(key),
    (key, value) => page.localStorage!.setItem(key, value),
  );
}

/** A page may leave by `pagehide` (into the back-forward cache), by `visibilitychange`, or by both: it is told once. */
export function watchPage(page: Page, on: (event: LifeEvent) => void): Undo {
  let hidden = false;
  const turn = (now: boolean): void => {
    if (now === hidden) return;
    hidden = now;
    on({ is: hidden ? "hidden" : "shown" });
  };
  const undo = [
    listen(page.document, "visibilitychange", () => turn(page.document!.visibilityState === "hidden")),
    listen(page, "pagehide", () => turn(true)),
    listen(page, "pageshow", () => turn(false)),
    listen(page, "online", () => on({ is: "network", online: true })),
    listen(page, "offline", () => on({ is: "network", online: false })),
  ];
  return () => undo.forEach((each) => each());
}

function listen(target: Target | undefined, type: string, heard: () => void): Undo {
  quietly(() => target!.addEventListener!(type, heard));
  return () => quietly(() => target!.removeEventListener!(type, heard));
}
