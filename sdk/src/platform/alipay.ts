import { fromBase64, toBase64 } from "../base64.js";
import { frameOf } from "./frame.js";
import { dialBy, miniPlatform, type MiniApp } from "./mini.js";
import type { Frame, Platform } from "./platform.js";
import { safeStorage } from "./storage.js";
import { field, type Dialect } from "./task.js";

declare const my: AlipayApp;

interface AlipayApp extends Omit<MiniApp, "getStorageSync" | "setStorageSync" | "removeStorageSync"> {
  getStorageSync?(options: { key: string }): unknown;
  setStorageSync?(options: { key: string; data: string }): unknown;
  removeStorageSync?(options: { key: string }): unknown;
}

/** Alipay carries bytes as base64, and wraps what its socket tasks tell in one more object. */
export const alipayDialect: Dialect = {
  read: (event) => {
    const inner = field(event, "data");
    const told = inner && frameOf(inner) === undefined ? inner : event;
    const data = field(told, "data");
    return typeof data === "string" && field(told, "isBuffer") ? { data: fromBase64(data) } : told;
  },
  write: (frame: Frame) => (typeof frame === "string" ? { data: frame } : { data: toBase64(frame), isBuffer: true }),
};

/**
 * Alipay mini-programs.
 *
 * @experimental Made from Alipay's documents and typings; not yet seen on a phone.
 */
export function alipayPlatform(app: AlipayApp = my): Platform {
  const storage = safeStorage(
    (key) => field(app.getStorageSync!({ key }), "data"),
    (key, data) => app.setStorageSync!({ key, data }),
    (key) => app.removeStorageSync!({ key }),
  );
  // Without `multiple` there is one socket for all, no task, and a rival's dial closes ours.
  const open = dialBy((options) => app.connectSocket!(Object.assign(options, { multiple: true })), alipayDialect);
  return miniPlatform("alipay", app, storage, open);
}
