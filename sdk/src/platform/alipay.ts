import { fromBase64, toBase64 } from "../base64.js";
import { frameOf } from "./frame.js";
import { dialBy, miniPlatform, type MiniApp } from "./mini.js";
import type { Frame, Platform } from "./platform.js";
import { safeStorage } from "./storage.js";
import { field, type SocketTask } from "./task.js";

declare const my: AlipayApp;

interface AlipayApp extends Omit<MiniApp, "getStorageSync" | "setStorageSync"> {
  getStorageSync?(options: { key: string }): unknown;
  setStorageSync?(options: { key: string; data: string }): unknown;
}

/** The task as WeChat would have made it: Alipay carries bytes as base64, and wraps what is told in one more object. */
export function likeWxTask(answer: unknown): unknown {
  if (typeof field(answer, "onMessage") !== "function") return answer;
  const task = answer as SocketTask;
  return {
    send: (message) => task.send(Object.assign(message, written(message.data))),
    close: (how) => task.close(how),
    onOpen: (listener) => task.onOpen(listener),
    onMessage: (listener) => task.onMessage((event) => listener(read(event))),
    onError: (listener) => task.onError((event) => listener(read(event))),
    onClose: (listener) => task.onClose((event) => listener(read(event))),
  } satisfies SocketTask;
}

function read(event: unknown): unknown {
  const inner = field(event, "data");
  const told = inner && frameOf(inner) === undefined ? inner : event;
  const data = field(told, "data");
  return typeof data === "string" && field(told, "isBuffer") ? { data: fromBase64(data) } : told;
}

function written(data: Frame): { data: Frame; isBuffer?: boolean } {
  return typeof data === "string" ? { data } : { data: toBase64(data), isBuffer: true };
}

/**
 * Alipay mini-programs.
 *
 * @experimental Made from Alipay's documents and typings; not yet seen on a phone.
 */
export function alipayPlatform(app: AlipayApp = my): Platform {
  const storage = safeStorage(
    (key) => field(app.getStorageSync!({ key }), "data"),
    (key, data) => app.setStorageSync!({ key, data }),
  );
  // Without `multiple` there is one socket for all, no task, and a rival's dial closes ours.
  const open = dialBy((options) => likeWxTask(app.connectSocket!(Object.assign(options, { multiple: true }))));
  return miniPlatform("alipay", app, storage, open);
}
