import type { DiagnosisWords } from "./diagnosis.js";

/** What {@link diagnose} says, in Chinese. */
export const diagnosisZh: DiagnosisWords = {
  "bad-address": { message: "这不是 WebSocket 地址。", hint: "请写完整地址：wss://你的域名/connection/websocket。" },
  "insecure-address": {
    message: "设备拒绝以 ws:// 开头的地址。",
    hint: "请使用 wss:// 并配置证书。手机只允许用 ws:// 连接同一局域网内的电脑，仅供调试。",
  },
  loopback: {
    message: "本机地址没有应答。",
    hint: "请先启动网关。在手机上，这个地址指手机自己：请改用电脑的局域网地址（`suona serve --dev` 会打印出来）。",
  },
  unreachable: { message: "连不上服务器。", hint: "请检查网关是否在运行、域名和端口是否正确、防火墙是否放行。" },
  dns: { message: "服务器域名无法解析。", hint: "请检查域名拼写和 DNS 记录。" },
  offline: { message: "设备没有网络。", hint: "无需处理：网络恢复后会自动连接。" },
  timeout: {
    message: "服务器没有及时应答。",
    hint: "可能是网络慢，也可能是防火墙丢弃了数据包。换一处网络用 `suona doctor` 检查这个地址即可分辨。",
  },
  tls: {
    message: "安全连接失败（TLS）。",
    hint: "手机要求完整证书链（fullchain.pem）、TLS 1.2、且证书与域名一致。可用 `suona doctor --wechat` 检查。",
  },
  "no-websocket": {
    message: "对方有应答，但不是 WebSocket。",
    hint: "请检查路径（Suona 的路径是 /connection/websocket），以及代理是否转发 Upgrade 头。Socket.IO 是另一种协议。",
  },
  "sub-protocol": { message: "服务器没有确认子协议。", hint: "不要传 `protocols`，或让服务器回应其中之一。" },
  domain: {
    message: "域名不在小程序的合法域名列表中。",
    hint: "请在小程序后台把它加入 socket 合法域名，然后重启小程序。",
  },
  "too-many-sockets": {
    message: "小程序打开的 socket 太多。",
    hint: "整个小程序共用一条连接即可；最多同时存在五条，正在关闭的也算。",
  },
  interrupted: { message: "小程序在后台时，系统切断了连接。", hint: "无需处理：回到前台后会自动重连。" },
  broken: {
    message: "连接断开了。",
    hint: "无需处理：会自动重连。如果每分钟断一次，请把代理的读超时调到大于心跳间隔。",
  },
};
