/** Programs that use what is built, as an app does, with a platform of their own; each prints what it saw. */

/** The states of a connection that is lost, and then hidden. */
export const ownPlatform = `
  const { createSuona } = require("suona/client");
  const said = [];
  let tell;
  const platform = {
    name: "own",
    habits: { suspends: false },
    now: () => Date.now(),
    random: () => 0.5,
    after: (ms, wake) => {
      const timer = setTimeout(wake, ms);
      return () => clearTimeout(timer);
    },
    open: (dial, on) => {
      tell = on;
      setTimeout(() => on({ is: "opened" }));
      const send = () => setTimeout(() => on({ is: "received", frame: '{"id":1,"connect":{"client":"c"}}' }));
      return { send, close: () => undefined };
    },
    watch: (on) => (platform.live = on, () => undefined),
  };
  const suona = createSuona({ url: "wss://h/", platform, onHide: "close" });
  suona.status.on(({ state, error }) => {
    said.push(error ? state + " " + error.code : state);
    if (state === "online") tell({ is: "lost", loss: { code: 1006 } });
    if (state === "waiting") platform.live({ is: "hidden" });
    if (state === "hidden") suona.close();
    if (state === "offline") console.log(said.join(", "));
  });
  suona.start();`;

/** The names by which a listener is called. */
export const allListeners = `
  const { createSuona } = require("suona");
  const { nodePlatform } = require("suona/node");
  const said = [];
  class Line {
    constructor() {
      setTimeout(() => this.onopen());
    }
    send(frame) {
      const answers = ['{"id":1,"connect":{"client":"c"}}', '{"id":2,"subscribe":{}}'];
      const who = '"info":{"user":"ann","client":"d"}';
      const pushes = ['"pub":{"data":1}', '"join":{' + who + '}', '"leave":{' + who + '}', '"unsubscribe":{"code":2000,"reason":"gone"}'];
      for (const push of pushes) answers.push('{"push":{"channel":"news",' + push + '}}');
      setTimeout(() => this.onmessage({ data: answers.join("\\n") }));
    }
    close() {}
  }
  const suona = createSuona({ url: "wss://h/", platform: nodePlatform(Line), onHide: "keep" });
  const listener = {};
  for (const event of ["message", "reload", "subscribed", "join", "leave", "ended"]) {
    listener[event] = (what) => {
      said.push(event);
      if (event === "reload") return;
      if (event === "ended") suona.close();
    };
  }
  suona.channel("news", { recover: false, joinLeave: true }).on(listener);
  suona.status.on(({ state }) => state === "offline" && setTimeout(() => console.log(said.join(" "))));
  suona.start();`;

/** What is in storage after a message. */
export const keptPlace = `
  const { createSuona } = require("suona");
  const kept = new Map();
  const storage = { get: (key) => kept.get(key), set: (key, value) => void kept.set(key, value) };
  const answers = [
    '{"id":1,"connect":{"client":"c"}}',
    '{"id":2,"subscribe":{"recoverable":true,"epoch":"e","offset":0}}',
    '{"push":{"channel":"news","pub":{"data":"a","offset":1}}}',
  ];
  const platform = {
    name: "own",
    habits: { suspends: false },
    now: () => Date.now(),
    random: () => 0.5,
    after: () => () => undefined,
    storage,
    open: (dial, on) => {
      setTimeout(() => on({ is: "opened" }));
      return { send: () => setTimeout(() => on({ is: "received", frame: answers.join("\\n") })), close: () => undefined };
    },
  };
  const suona = createSuona({ url: "wss://h/", platform });
  suona.channel("news", { keep: 3 }).each({
    message: () => setTimeout(() => suona.close()),
    reload: () => console.log("load"),
  });
  suona.status.on(({ reason }) => reason === "closed" && console.log(kept.get("suona/news")));
  suona.start();
  createSuona({ url: "wss://h/", platform, ttl: NaN }).start();`;

/** What holds a process of Node: nothing, a command that waits, nothing after the end. */
export const holding = `
  const { createSuona } = require("suona");
  const { nodePlatform } = require("suona/node");
  const timers = () => process.getActiveResourcesInfo().filter((kind) => kind === "Timeout").length;
  const suona = createSuona({ url: "wss://h/", platform: nodePlatform(class { close() {} }) });
  const seen = [timers()];
  suona.rpc("bid").catch(({ code }) => console.log(seen.join(" "), code));
  setImmediate(() => {
    seen.push(timers());
    suona.close();
    seen.push(timers());
  });`;
