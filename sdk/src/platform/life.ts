import { quietly } from "./absent.js";
import type { LifeEvent, Undo } from "./platform.js";
import { field } from "./task.js";

/** The part of a mini-program's API that tells of its life. Old versions, and plugins, lack some of it. */
export interface AppLife {
  onAppShow?(listener: (event?: unknown) => void): unknown;
  offAppShow?(listener: (event?: unknown) => void): unknown;
  onAppHide?(listener: (event?: unknown) => void): unknown;
  offAppHide?(listener: (event?: unknown) => void): unknown;
  onNetworkStatusChange?(listener: (event?: unknown) => void): unknown;
  offNetworkStatusChange?(listener: (event?: unknown) => void): unknown;
}

type News = "AppShow" | "AppHide" | "NetworkStatusChange";

export function watchApp(app: AppLife, on: (event: LifeEvent) => void): Undo {
  const undo = [
    listen(app, "AppShow", () => on({ is: "shown" })),
    listen(app, "AppHide", () => on({ is: "hidden" })),
    listen(app, "NetworkStatusChange", (change) => {
      on({ is: "network", online: field(change, "isConnected") as boolean | undefined });
    }),
  ];
  return () => undo.forEach((each) => each());
}

/** Where there is no `on…`, nothing is heard; where there is no `off…` to take the listener back, it stays and is silent. */
function listen(app: AppLife, news: News, heard: (event?: unknown) => void): Undo {
  let listening = true;
  const listener = (event?: unknown): void => {
    if (listening) heard(event);
  };
  quietly(() => app[`on${news}`]!(listener));
  return () => {
    if (listening) quietly(() => app[`off${news}`]!(listener));
    listening = false;
  };
}
