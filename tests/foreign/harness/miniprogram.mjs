// As much of a mini-program's `wx` as a WebSocket library touches, made on npm `ws`.

import { WebSocket } from "ws";

globalThis.window = globalThis; // the library's bundle expects a browser's global object
const { default: library } = await import("websocket-heartbeat-miniprogram");

/** npm `websocket-heartbeat-miniprogram`, unmodified. */
export const websocketHeartbeat = library.default;

export const wx = {
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
