/** What the SDK says to people, in Chinese: pass `words: zh` to `createSuona`, or `diagnosisZh` to `diagnose`. */

import type { Words } from "./client/errors.js";

export { diagnosisZh } from "./platform/diagnosis-zh.js";

export const zh: Words = {
  connecting: "正在连接…",
  hints: {
    "": "服务器拒绝了请求，请联系管理员。",
    unreachable: "请检查网络和服务器地址。",
    "connection-lost": "无需处理：会自动重连。",
    tls: "服务器需要完整的证书链和 TLS 1.2。",
    domain: "请在小程序后台把服务器加入 socket 合法域名。",
    "no-websocket": "该地址没有 WebSocket 服务，请检查路径和代理。",
    "not-centrifuge": "该地址是另一种服务器，请检查地址和路径。",
    "bad-address": "请填写以 wss:// 开头的地址。",
    "too-many-sockets": "请关闭小程序里的其他 socket。",
    "no-answer": "请重试。",
    "no-token": "请先登录，再调用 start()。",
    "token-failed": "请检查 getToken 所请求的接口。",
    "token-slow": "请检查 getToken 所请求的接口。",
    "token-expired": "请重新登录。",
    "token-refused": "请重新登录，并核对网关与后端的密钥是否一致。",
    "permission-denied": "该用户无权进行此操作。",
    "unknown-channel": "服务器没有这个命名空间。",
    "unknown-method": "后端没有这个方法。",
    "not-available": "请在服务器上启用此功能。",
    "bad-request": "请检查名称和数据。",
    expired: "没有发送出去，请重试。",
    "unknown-outcome": "可能已经生效，请先确认再重试。",
    "outbox-full": "待发送的内容太多，请稍后再试。",
    "too-large": "请减少单次发送的数据。",
    "not-json": "请传入可以用 JSON 表示的数据。",
    stopped: "请先调用 start()。",
    "no-platform": "请传入 `platform`，例如 suona/node 的 nodePlatform(WebSocket)。",
    "too-many-requests": "请求过于频繁，请稍后再试。",
    "server-trouble": "服务器繁忙，请稍后再试。",
  },
};
