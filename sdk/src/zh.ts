import type { Words } from "./client/errors.js";

export { diagnosisZh } from "./platform/diagnosis-zh.js";

/** Notices and hints in Chinese: `createSuona({ words: zh })`. */
export const zh: Words = {
  connecting: "正在连接…",
  hints: {
    unreachable: "连不上服务器，请检查网络和地址。",
    "connection-lost": "连接已断开，会自动重连。",
    tls: "服务器需要完整的证书链，并支持 TLS 1.2。",
    domain: "请在小程序后台把服务器加入 socket 合法域名。",
    "no-websocket": "该地址没有 WebSocket 服务，请检查路径和代理。",
    "not-centrifuge": "对方不是 Centrifuge 协议的服务，请检查地址和路径。",
    "bad-address": "地址应以 wss:// 开头。",
    "too-many-sockets": "请先关闭应用里其他的 socket。",
    "no-answer": "服务器没有应答，请重试。",
    "no-token": "请先登录，再调用 start()。",
    "token-failed": "获取登录凭证失败，请检查 getToken。",
    "token-slow": "获取登录凭证太慢，请检查 getToken。",
    "token-expired": "登录已过期，请重新登录。",
    "token-refused": "请重新登录；并核对服务器与后端的密钥是否一致。",
    "permission-denied": "当前用户没有权限。",
    "unknown-channel": "服务器没有配置这个命名空间。",
    "unknown-method": "后端没有这个方法。",
    "not-available": "服务器没有开启此功能。",
    "bad-request": "请检查名称和数据。",
    expired: "等待太久，没有发送，请重试。",
    "unknown-outcome": "可能已经生效，请先核对再重试。",
    "outbox-full": "待发送的内容太多，请稍候。",
    "too-large": "内容太大，请分开发送。",
    "not-json": "数据无法转成 JSON。",
    stopped: "连接已关闭，请先调用 start()。",
    "no-platform": "请传入 `platform`，例如 suona/node 的 nodePlatform(WebSocket)。",
    "too-many-requests": "操作太频繁，请稍后再试。",
    "server-trouble": "服务器繁忙，请稍后再试。",
  },
};
