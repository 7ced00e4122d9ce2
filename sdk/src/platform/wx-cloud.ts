import { miniPlatform, type MiniApp } from "./mini.js";
import type { Platform } from "./platform.js";
import { appStorage } from "./storage.js";
import { connectOptions, TaskSocket } from "./task.js";

declare const wx: CloudApp;

/** Which container to dial (微信云托管). */
export interface Container {
  /** The environment's id, as in `wx.cloud.init`. Default: the one given there. */
  env?: string;
  /** The name of the service in that environment. */
  service: string;
}

interface CloudApp extends MiniApp {
  cloud?: { connectContainer?(options: ContainerOptions): unknown };
}

/** Without callbacks, since with one it returns no promise, and the task comes by the promise alone. */
interface ContainerOptions {
  config?: { env: string };
  service: string;
  path: string;
  header?: Record<string, string>;
  protocols?: string[];
  timeout?: number;
}

/**
 * WeChat, dialling a container of its cloud hosting: needs no domain, certificate or filing. Call `wx.cloud.init` first.
 *
 * Of the url only the path and the query count; `/connection/websocket` alone will do.
 */
export function wxCloudPlatform(container: Container, app: CloudApp = wx): Platform {
  return miniPlatform("wx-cloud", app, appStorage(app), (dial, on) =>
    new TaskSocket(on, (callbacks) => {
      const { url, header, protocols, timeout } = connectOptions(dial, callbacks);
      const options: ContainerOptions = { service: container.service, path: pathOf(url), timeout };
      if (container.env) options.config = { env: container.env };
      if (header) options.header = header;
      if (protocols) options.protocols = protocols;
      return app.cloud!.connectContainer!(options);
    }),
  );
}

function pathOf(url: string): string {
  const path = url.replace(/^[a-z]+:\/\/[^/?#]*/i, "");
  return path[0] === "/" ? path : "/" + path;
}
