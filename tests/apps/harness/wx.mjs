// What apps call of `wx`, on npm `ws`, fetch and memory. A simulation, not a phone.

import { WebSocket } from "ws";

/** How many sockets a mini-program may have, those that are opening or closing included. */
const MOST_SOCKETS = 5;

export class Wx {
  #listeners = { AppShow: new Set(), AppHide: new Set(), NetworkStatusChange: new Set(), MemoryWarning: new Set() };
  #storage = new Map();
  #sockets = new Set();
  /** What toasts said. */
  toasts = [];
  /** How often it buzzed. */
  buzzes = 0;
  /** What was copied last. */
  clipboard = "";
  /** Written files by their paths, and the path of the one that was sent to somebody. */
  files = new Map();
  sent = "";
  /** How often `wx.login` was called. */
  logins = 0;

  /** Who uses the phone; each code of `wx.login` is another one. */
  constructor({ user, navigate }) {
    this.user = user;
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

  tell(what, event = {}) {
    this.#listeners[what].forEach((listener) => listener(event));
  }

  /** What is put in the place of the global `wx`. */
  api = {
    connectSocket: (options) => this.#connect(options),
    request: (options) => void this.#request(options),
    login: ({ success, complete }) => {
      const code = `${this.user}-${++this.logins}`;
      answer({ code, errMsg: "login:ok" }, success, complete);
    },
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
    getNetworkType: ({ success, complete }) => answer({ networkType: "wifi" }, success, complete),
    getDeviceInfo: () => ({ model: "the harness in tests/apps, which is no phone", system: `Node ${process.version}` }),
    getAppBaseInfo: () => ({}),
    setClipboardData: ({ data, success, complete }) => {
      this.clipboard = data;
      answer({ errMsg: "setClipboardData:ok" }, success, complete);
    },
    getFileSystemManager: () => ({ writeFileSync: (path, text) => void this.files.set(path, text) }),
    shareFileMessage: ({ filePath, success, complete }) => {
      this.sent = filePath;
      answer({ errMsg: "shareFileMessage:ok" }, success, complete);
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

  #connect({ url, protocols = [], header, timeout, success, fail, complete }) {
    if (this.#sockets.size === MOST_SOCKETS) {
      answer({ errMsg: "createSocketTask:fail exceed max concurrent count" }, fail, complete);
      return DEAD_TASK;
    }
    const socket = new WebSocket(url, protocols, { headers: header, handshakeTimeout: timeout });
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

const nothing = () => {};
const DEAD_TASK = { onOpen: nothing, onMessage: nothing, onError: nothing, onClose: nothing, send: nothing, close: nothing };

function answer(result, ...callbacks) {
  setTimeout(() => callbacks.forEach((callback) => callback?.(result)));
}
