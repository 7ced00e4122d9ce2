import { quietly } from "./absent.js";
import type { Storage } from "./platform.js";

/** The part of a mini-program's API that keeps strings. */
export interface AppStorage {
  getStorageSync?(key: string): unknown;
  setStorageSync?(key: string, value: string): unknown;
}

/** Storage that is full, forbidden, broken or absent loses what it was given, and throws at nobody. */
export function safeStorage(get: (key: string) => unknown, set: (key: string, value: string) => unknown): Storage {
  return {
    get: (key) => {
      const value = quietly(() => get(key));
      return typeof value === "string" && value ? value : undefined; // WeChat says "" of what it does not have
    },
    set: (key, value) => void quietly(() => set(key, value)),
  };
}

export function appStorage(app: AppStorage): Storage {
  return safeStorage(
    (key) => app.getStorageSync!(key),
    (key, value) => app.setStorageSync!(key, value),
  );
}
