import { clock } from "./clock.js";
import { watchApp, type AppLife } from "./life.js";
import type { Platform, Storage } from "./platform.js";
import { appStorage, type AppStorage } from "./storage.js";
import { connectOptions, TaskSocket, type ConnectOptions } from "./task.js";

/** What is used of the API object of a mini-program: `wx`, and all that were made after its likeness. */
export interface MiniApp extends AppLife, AppStorage {
  connectSocket?(options: ConnectOptions): unknown;
}

/** A mini-program whose API is like WeChat's. */
export function likeWx(name: string, app: MiniApp): Platform {
  return miniPlatform(
    name,
    app,
    appStorage(app),
    dialBy((options) => app.connectSocket!(options)),
  );
}

/** A mini-program that dials by `open`. */
export function miniPlatform(name: string, app: AppLife, storage: Storage, open: Platform["open"]): Platform {
  return Object.assign(
    {
      name,
      habits: { suspends: true },
      open,
      watch: (on: Parameters<typeof watchApp>[1]) => watchApp(app, on),
      storage,
    },
    clock,
  );
}

/** Dials by a `connectSocket` like WeChat's. */
export function dialBy(connect: (options: ConnectOptions) => unknown): Platform["open"] {
  return (dial, on) => new TaskSocket(on, (callbacks) => connect(connectOptions(dial, callbacks)));
}
