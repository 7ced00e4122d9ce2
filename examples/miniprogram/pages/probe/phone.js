// What a mini-program gets of its phone: sockets and news. All that passes is written down.
const { masked, quoted } = require("./recorder");

class Phone {
  constructor(wx, recorder) {
    this.wx = wx;
    this.recorder = recorder;
    /** By number: the task, and whether it was told to close. Those that have closed are gone. */
    this.sockets = new Map();
    this.dialled = 0;
    this.address = "";
    this.undo = [];
    this.remarks = new Set();
  }

  /** Listens until `end`. */
  watch() {
    const { recorder } = this;
    this.listen("AppShow", () => recorder.came("shown"));
    this.listen("AppHide", () => recorder.came("hidden"));
    this.listen("NetworkStatusChange", ({ isConnected, networkType = "unknown" }) => {
      recorder.came(`network ${isConnected ? "online" : "offline"} ${networkType}`);
    });
    this.listen("MemoryWarning", ({ level = 0 }) => recorder.came(`memory ${level}`));
  }

  /** Takes no more orders. */
  end() {
    this.closeAll();
    this.undo.forEach((each) => each());
    this.undo = [];
    this.wx = {};
  }

  /** Dials, and gives the number by which the lines name this socket. */
  dial(path, options) {
    const { recorder, sockets } = this;
    const n = ++this.dialled;
    const url = this.address.replace(/\/+$/, "") + path;
    recorder.did(`dial ${n} ${masked(url)}`);
    const task = this.connect(n, Object.assign({ url, timeout: 10000 }, options));
    if (!task) return n;
    sockets.set(n, { task, told: false });
    task.onOpen(() => this.opened(n));
    task.onMessage(({ data } = {}) => this.received(n, data));
    task.onError((error = {}) => recorder.came(`error ${n}${number(error.errCode)} ${quoted(error.errMsg)}`));
    task.onClose(({ code, reason } = {}) => {
      sockets.delete(n);
      recorder.came(`close ${n}${number(code)} ${quoted(reason)}`);
    });
    return n;
  }

  send(n, data) {
    const socket = this.sockets.get(n);
    if (!socket) return;
    const { recorder } = this;
    recorder.did(`send ${n} ${size(data)}`);
    socket.task.send({
      data,
      success: () => recorder.came(`sent ${n}`),
      fail: ({ errMsg } = {}) => recorder.came(`unsent ${n} ${quoted(errMsg)}`),
    });
  }

  close(n, code = 1000, reason = "done") {
    const socket = this.sockets.get(n);
    if (!socket) return;
    const { recorder } = this;
    recorder.did(`close ${n} ${code} ${quoted(reason)}`);
    socket.told = true;
    socket.task.close({ code, reason, fail: ({ errMsg } = {}) => recorder.came(`unclosed ${n} ${quoted(errMsg)}`) });
  }

  closeAll() {
    for (const [n, { told }] of this.sockets) if (!told) this.close(n);
  }

  connect(n, options) {
    const { recorder } = this;
    const callbacks = {
      success: () => recorder.came(`success ${n}`),
      fail: ({ errMsg } = {}) => recorder.came(`fail ${n} ${quoted(errMsg)}`),
    };
    try {
      const task = this.wx.connectSocket(Object.assign(callbacks, options));
      if (!task) recorder.note(`connectSocket returned no task for ${n}`);
      return task;
    } catch (error) {
      recorder.came(`fail ${n} ${quoted(error)}`);
    }
  }

  /** Phones are said to ignore a close before the open. */
  opened(n) {
    this.recorder.came(`open ${n}`);
    if (this.sockets.has(n) && this.sockets.get(n).told) this.close(n);
  }

  received(n, data) {
    this.recorder.came(`message ${n} ${size(data)}`);
    // Remarks of the probe's own server. What others say may be secret, and is only measured.
    if (!/^note: /.test(data) || this.remarks.has(data)) return;
    this.remarks.add(data);
    this.recorder.note(data.slice(6));
  }

  listen(news, heard) {
    const { wx } = this;
    if (!wx[`on${news}`]) return this.recorder.note(`this phone has no on${news}`);
    const listener = (event) => heard(event || {});
    wx[`on${news}`](listener);
    this.undo.push(() => wx[`off${news}`] && wx[`off${news}`](listener));
  }
}

/** What the phone says of itself. Old versions say it in another place. */
function about(wx) {
  const said = wx.getDeviceInfo ? Object.assign({}, wx.getDeviceInfo(), wx.getAppBaseInfo()) : wx.getSystemInfoSync();
  const { brand, model, system, platform, version: wechat, SDKVersion: library } = said;
  return { brand, model, system, platform, wechat, library, globals: globals() };
}

/** What the language has here, of that which is not sure. */
function globals() {
  const found = {
    globalThis: typeof globalThis,
    TextDecoder: typeof TextDecoder,
    WebSocket: typeof WebSocket,
    URL: typeof URL,
    AbortController: typeof AbortController,
  };
  return Object.keys(found).filter((name) => found[name] !== "undefined");
}

function number(code) {
  return code === undefined || isNaN(code) ? "" : ` ${Number(code)}`;
}

function size(data = "") {
  return typeof data === "string" ? `${data.length} text` : `${data.byteLength} bytes`;
}

module.exports = { Phone, about };
