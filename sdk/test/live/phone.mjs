// A phone: `wx` on real sockets (npm `ws`), with the habits that were reported of WeChat. A simulation, not a phone.
import vm from "node:vm";
import { fileURLToPath } from "node:url";
import { WebSocket } from "ws";
import { loader } from "../loader.ts";

const folder = fileURLToPath(new URL("../../dist/miniprogram", import.meta.url));

export class Phone {
  /** Sockets that the system counts, those that are closing included. */
  sockets = new Set();
  dials = 0;
  #listeners = { AppShow: [], AppHide: [], NetworkStatusChange: [] };
  #suspended = false;
  #held = [];

  /** What the app is given. */
  wx = this.#wx();

  /** The built package, as a mini-program loads it: no globals but these. */
  load = loader(
    vm.createContext({
      wx: this.wx,
      setTimeout: (wake, ms) => setTimeout(() => this.#happen(wake), ms),
      clearTimeout,
      console,
    }),
    folder,
  );

  /** Hidden, and soon after suspended: the system cuts all sockets, and tells of nothing until the app is shown. */
  background() {
    this.#listeners.AppHide.forEach((listener) => listener());
    this.#suspended = true;
    for (const socket of this.sockets) socket.terminate();
  }

  foreground() {
    this.#suspended = false;
    this.#listeners.AppShow.forEach((listener) => listener());
    this.#held.splice(0).forEach((event) => event());
  }

  network(change) {
    this.#listeners.NetworkStatusChange.forEach((listener) => listener(change));
  }

  /** Ends what a test left behind. */
  off() {
    for (const socket of this.sockets) socket.terminate();
  }

  /** While the code stands still, events wait. */
  #happen(event) {
    if (this.#suspended) this.#held.push(event);
    else event();
  }

  #wx() {
    const on = (what) => (listener) => this.#listeners[what].push(listener);
    return {
      connectSocket: (options) => this.#connect(options),
      onAppShow: on("AppShow"),
      onAppHide: on("AppHide"),
      onNetworkStatusChange: on("NetworkStatusChange"),
    };
  }

  #connect({ url, protocols = [], header, success, fail, complete }) {
    this.dials++;
    const tell = (callback, event) => setTimeout(() => this.#happen(() => callback?.(event)));
    if (this.sockets.size >= 5) {
      tell(fail, { errMsg: "createSocketTask:fail exceed max concurrent count" });
      return silentTask;
    }
    const socket = new WebSocket(url, protocols, { headers: header });
    this.sockets.add(socket);
    socket.on("close", () => this.sockets.delete(socket));
    socket.on("error", () => undefined);
    tell(success, { errMsg: "connectSocket:ok" });
    tell(complete, { errMsg: "connectSocket:ok" });
    return this.#task(socket, tell);
  }

  #task(socket, tell) {
    const on = (event, make) => (listener) => socket.on(event, (...given) => this.#happen(() => listener(make(...given))));
    return {
      onOpen: on("open", () => ({ header: {} })),
      onMessage: on("message", (data, binary) => ({ data: binary ? new Uint8Array(data).buffer : `${data}` })),
      onError: on("error", ({ message }) => ({ errMsg: message })),
      onClose: on("close", (code, reason) => ({ code, reason: `${reason}` })),
      // Success says that the system took it, dead line or not.
      send: ({ data, success, fail }) => {
        if (socket.readyState !== WebSocket.OPEN) return tell(fail, { errMsg: "sendSocketMessage:fail taskID not exist" });
        socket.send(data);
        tell(success, { errMsg: "sendSocketMessage:ok" });
      },
      // Before the open it does nothing, and on a dead line the event takes as long as TCP does.
      close: ({ code, reason, fail }) => {
        if (socket.readyState === WebSocket.OPEN) socket.close(code, reason);
        else tell(fail, { errMsg: "closeSocket:fail WebSocket is not connected" });
      },
    };
  }
}

const silentTask = {
  onOpen: () => undefined,
  onMessage: () => undefined,
  onError: () => undefined,
  onClose: () => undefined,
  send: () => undefined,
  close: () => undefined,
};

/** A phone that is off when its test is over. */
export function phone(t) {
  const made = new Phone();
  t.after(() => made.off());
  return made;
}
