import { clock } from "./clock.js";
import { watchApp, type AppLife } from "./life.js";
import type { LifeEvents, Platform } from "./platform.js";
import { appStorage, type AppStorage } from "./storage.js";
import { connectOptions, openTask, type ConnectOptions, type Dialect } from "./task.js";

/** What is used of the API object of a mini-program: `wx`, and all that were made after its likeness. */
export interface MiniApp extends AppLife, AppStorage {
  connectSocket?(options: ConnectOptions): unknown;
}

/** A mini-program that dials by `open`. */
export function miniPlatform(name: string, app: MiniApp, open: Platform["open"]): Platform {
  return Object.assign(
    {
      name,
      habits: { suspends: true, sockets: 5 },
      open,
      watch: (on: LifeEvents) => watchApp(app, on),
      storage: appStorage(app),
    },
    clock,
  );
}

/** Dials by a `connectSocket` like WeChat's. */
export function dialBy(connect: (options: ConnectOptions) => unknown, dialect?: Dialect): Platform["open"] {
  return (dial, on) => openTask(on, callbacks => connect(connectOptions(dial, callbacks)), dialect);
}
