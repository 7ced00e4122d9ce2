// What the package offers, by the name that is imported, and the sources behind it. `wechat`: part of the WeChat build.
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

const offered = [
  { name: "index", source: "index", wechat: true },
  { name: "client", source: "client/suona", wechat: true },
  { name: "socket", source: "socket", wechat: true },
  { name: "page", source: "page", wechat: true },
  { name: "store", source: "store", wechat: true },
  { name: "vue", source: "vue" },
  { name: "mixin", source: "mixin" },
  { name: "en", source: "en", wechat: true },
  { name: "zh", source: "zh", wechat: true },
  { name: "diagnosis", source: "platform/diagnosis", wechat: true },
  { name: "detect", source: "platform/detect" },
  { name: "wx", source: "platform/wx", wechat: true },
  { name: "wx-cloud", source: "platform/wx-cloud", wechat: true },
  { name: "uni", source: "platform/uni" },
  { name: "browser", source: "platform/browser" },
  { name: "node", source: "platform/node" },
  { name: "alipay", source: "platform/alipay" },
  { name: "douyin", source: "platform/douyin" },
  { name: "compat/websocket-heartbeat", source: "compat/websocket-heartbeat", wechat: true },
];

export const root = fileURLToPath(new URL("..", import.meta.url));

export const entries = offered.filter(({ source }) => existsSync(`${root}src/${source}.ts`));

/** Leaves all platforms but WeChat's out of a bundle. */
export const wxAlone = {
  name: "wx-alone",
  setup: ({ onResolve }) => onResolve({ filter: /\/detect\.js$/ }, () => ({ path: `${root}src/platform/detect-wx.ts` })),
};
