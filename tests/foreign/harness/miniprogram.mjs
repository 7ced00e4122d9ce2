// As much of a mini-program's `wx` as a WebSocket library touches, made on npm `ws`.

import { WebSocket } from "ws";

import { until } from "./clients.mjs";
import { supplierUrl } from "./quotation.mjs";

globalThis.window = globalThis; // the library's bundle expects a browser's global object
const { default: library } = await import("websocket-heartbeat-miniprogram");

/** npm `websocket-heartbeat-miniprogram`, unmodified. */
const websocketHeartbeat = library.default;

const wx = {
  connectSocket({ url, header, protocols, success, complete }) {
    const socket = new WebSocket(url, protocols ?? [], { headers: header });
    setTimeout(() => {
      success?.({ errMsg: "connectSocket:ok" });
      complete?.({ errMsg: "connectSocket:ok" });
    });
    return {
      onOpen: (listener) => socket.on("open", () => listener({ header: {} })),
      onMessage: (listener) => socket.on("message", (data, binary) => listener({ data: binary ? data : data.toString() })),
      onClose: (listener) => socket.on("close", (code, reason) => listener({ code, reason: reason.toString() })),
      onError: (listener) => socket.on("error", ({ message }) => listener({ errMsg: message })),
      send({ data, fail }) {
        if (socket.readyState === WebSocket.OPEN) socket.send(data);
        else fail?.({ errMsg: "sendSocketMessage:fail" });
      },
      // A phone that closes a dead line does not wait for the other side.
      close({ code = 1000, reason = "" } = {}) {
        socket.close(code, reason);
        setTimeout(() => socket.terminate(), 500);
      },
    };
  },
};

/** A supplier with the library; what happened to it is in `log`. */
export async function supplier(t, port, options = {}) {
  const task = await websocketHeartbeat({
    miniprogram: wx,
    connectSocketParams: { url: supplierUrl(port) },
    pingTimeout: 100,
    pongTimeout: 1000,
    reconnectTimeout: 100,
    pingMsg: "header",
    ...options,
  });
  const log = { opened: 0, closed: 0, messages: [] };
  task.onOpen = () => log.opened++;
  task.onClose = () => log.closed++;
  task.onError = () => {};
  task.onMessage = ({ data }) => log.messages.push(data);
  t.after(() => task.close({ code: 1000 }));
  await until(() => log.messages.length, "the greeting comes");
  return { log, answers: () => log.messages.filter((text) => text === "header").length };
}
