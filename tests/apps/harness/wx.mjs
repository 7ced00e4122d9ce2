// What apps call of `wx`, on npm `ws`, fetch and memory. A simulation, not a phone.

import { WebSocket } from "ws";

export class Wx {
  #listeners = { AppShow: new Set(), AppHide: new Set(), NetworkStatusChange: new Set() };
  #storage = new Map();
  #sockets = new Set();
  /** What toasts said. */
  toasts = [];
  /** How often it buzzed. */
  buzzes = 0;

  constructor({ code, navigate }) {
    this.code = code;
    this.navigate = navigate;
  }

  /** The system takes the sockets of a hidden app, and tells of nothing. */
  cutSockets() {
    for (const socket of this.#sockets) socket.removeAllListeners().on("error", () => {});
    this.endSockets();
    this.#sockets.clear();
  }

  endSockets() {
    for (const socket of this.#sockets) socket.terminate();
  }

  tell(what) {
    this.#listeners[what].forEach((listener) => listener({}));
  }

  /** What is put in the place of the global `wx`. */
  api = {
    connectSocket: (options) => this.#connect(options),
    request: (options) => void this.#request(options),
    login: ({ success, complete }) => answer({ code: this.code, errMsg: "login:ok" }, success, complete),
    getStorageSync: (key) => this.#storage.get(key) ?? "",
    setStorageSync: (key, value) => void this.#storage.set(key, value),
    removeStorageSync: (key) => void this.#storage.delete(key),
    showToast: ({ title, success, complete }) => {
      this.toasts.push(title);
      answer({ errMsg: "showToast:ok" }, success, complete);
    },
    vibrateShort: ({ success, complete } = {}) => {
      this.buzzes++;
      answer({ errMsg: "vibrateShort:ok" }, success, complete);
    },
    navigateTo: ({ url, success, complete }) => {
      this.navigate(url);
      answer({ errMsg: "navigateTo:ok" }, success, complete);
    },
    ...this.#life(),
  };

  #life() {
    const functions = {};
    for (const [what, listeners] of Object.entries(this.#listeners)) {
      functions[`on${what}`] = (listener) => void listeners.add(listener);
      functions[`off${what}`] = (listener) => void listeners.delete(listener);
    }
    return functions;
  }

  async #request({ url, method = "GET", data, header, success, fail, complete }) {
    const body = data === undefined ? undefined : JSON.stringify(data);
    try {
      const response = await fetch(url, { method, body, headers: { "Content-Type": "application/json", ...header } });
      answer({ data: await response.json(), statusCode: response.status, errMsg: "request:ok" }, success, complete);
    } catch ({ message }) {
      answer({ errMsg: `request:fail ${message}` }, fail, complete);
    }
  }

  #connect({ url, protocols = [], header, success, complete }) {
    const socket = new WebSocket(url, protocols, { headers: header });
    this.#sockets.add(socket);
    socket.on("close", () => this.#sockets.delete(socket));
    socket.on("error", () => {});
    answer({ errMsg: "connectSocket:ok" }, success, complete);
    const on = (event, made) => (listener) => socket.on(event, (...given) => listener(made(...given)));
    return {
      onOpen: on("open", () => ({ header: {} })),
      onMessage: on("message", (data, binary) => ({ data: binary ? new Uint8Array(data).buffer : `${data}` })),
      onError: on("error", ({ message }) => ({ errMsg: message })),
      onClose: on("close", (code, reason) => ({ code, reason: `${reason}` })),
      // Success says that the system took it, dead line or not.
      send: ({ data, success, fail, complete }) => {
        if (socket.readyState !== WebSocket.OPEN) return answer({ errMsg: "sendSocketMessage:fail" }, fail, complete);
        socket.send(data);
        answer({ errMsg: "sendSocketMessage:ok" }, success, complete);
      },
      // Before the open it does nothing.
      close: ({ code, reason, fail, complete } = {}) => {
        if (socket.readyState === WebSocket.OPEN) socket.close(code, reason);
        else answer({ errMsg: "closeSocket:fail" }, fail, complete);
      },
    };
  }
}

function answer(result, ...callbacks) {
  setTimeout(() => callbacks.forEach((callback) => callback?.(result)));
}
