import { alipayPlatform } from "../src/platform/alipay.js";
import { douyinPlatform } from "../src/platform/douyin.js";
import type { Platform } from "../src/platform/platform.js";
import { uniPlatform } from "../src/platform/uni.js";
import { wxPlatform } from "../src/platform/wx.js";
import { type Dialect, FakeWx } from "./fake-wx.js";

/** A platform made after WeChat's likeness, and in which words its devices say the same. */
interface Alike {
  readonly dialect: Dialect;
  platform(app: FakeWx): Platform;
}

/** Alipay wraps what a task tells, has names of its own for errors, and takes objects for its storage. */
const alipay: Alike = {
  dialect: (what, event) => {
    const { errMsg, ...rest } = event as { errMsg?: string };
    const said = errMsg === undefined ? rest : { error: 1, errorMessage: errMsg };
    if (what === "fail") return said;
    return { data: { socketTaskID: 1, ...(what === "message" && { isBuffer: false }), ...said } };
  },
  platform: (app) =>
    alipayPlatform({
      connectSocket: (options) => (options.multiple ? app.connectSocket(options) : undefined),
      onAppShow: app.onAppShow,
      onAppHide: app.onAppHide,
      onNetworkStatusChange: app.onNetworkStatusChange,
      getStorageSync: ({ key }) => ({ data: app.stored.get(key) ?? null }),
      setStorageSync: ({ key, data }) => void app.stored.set(key, data),
    }),
};

/** Douyin's codes may be text, and what a socket opens and closes with has more fields. */
const douyin: Alike = {
  dialect: (what, event) => {
    const { code, ...rest } = event as { code?: number };
    if (what === "open") return { ...rest, protocolType: "http/1.1", socketType: "ttnet" };
    return what === "close" ? { ...rest, code: `${code}`, errMsg: "onSocketClose:ok" } : event;
  },
  platform: (app) => douyinPlatform(app),
};

const inItsOwnWords: Dialect = (_, event) => event;

/** By name. */
export const alikes: Readonly<Record<string, Alike>> = {
  WeChat: { dialect: inItsOwnWords, platform: (app) => wxPlatform(app) },
  "uni-app": { dialect: inItsOwnWords, platform: (app) => uniPlatform({ connect: (options) => app.connectSocket(options), app }) },
  Alipay: alipay,
  Douyin: douyin,
};
