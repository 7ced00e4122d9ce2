// What is tried on a phone, each because reports contradict each other or nobody has said yet what phones do.
// The server of tests/apps/probe does what the texts and paths here ask of it, and speaks twice a second by itself.

const lost = (n) => [`close ${n}`, `error ${n}`, `fail ${n}`];
const settled = (n) => [`open ${n}`, ...lost(n)];

async function dial(stage, path, limit = 15000) {
  const n = stage.dial(path);
  await stage.happened(settled(n), limit);
  return n;
}

/** Dials until it is taken, at most five times: after a change of network it may be too early. */
async function connect(stage) {
  for (let attempt = 1; ; attempt++) {
    const n = await dial(stage);
    if (stage.recorder.has(`open ${n}`) || attempt === 5 || stage.ended) return n;
    await stage.pause(2000);
  }
}

/** Long enough to hear the server speak, which shows that the line is alive. */
const listen = (stage) => stage.pause(1200);

async function comeBack(stage) {
  await stage.pause(500);
  await connect(stage);
  await listen(stage);
}

/** In what form a close of the server arrives: phones are said to change codes, and to lose reasons. */
const serverSays = (id, title, words) => ({
  id,
  title,
  async run(stage) {
    stage.start();
    const n = await connect(stage);
    stage.send(n, words);
    await stage.happened(lost(n), 5000);
    await comeBack(stage);
  },
});

/** When the code stops, what becomes of the socket, and in which order it is told afterwards. */
const away = (id, title, what) => ({
  id,
  title,
  what,
  async run(stage) {
    stage.start();
    const n = await connect(stage);
    await listen(stage);
    const back = stage.wait(["shown"]); // from now on, since a phone may tell of both in one breath
    if (!(await stage.asks(what, ["hidden"]))) return;
    await back;
    await connect(stage);
    await listen(stage);
    await stage.happened(lost(n), 3000);
  },
});

/** Whether anything is told of a line that is dead, what sending on it and dialling meanwhile come to. */
const withoutNetwork = (id, title, off, on) => ({
  id,
  title,
  what: off,
  async run(stage) {
    stage.start();
    const n = await connect(stage);
    await listen(stage);
    await stage.asks(off, ["network"]);
    for (let second = 0; second < 3; second++) {
      stage.send(n, "are you there?");
      await stage.pause(1000);
    }
    await dial(stage, "/", 5000);
    if (on) await stage.asks(on, ["network online"]);
    await connect(stage);
    await listen(stage);
    await stage.happened(lost(n), 3000);
  },
});

/** Those with a `what` need the user's hand. */
exports.experiments = [
  {
    id: "open",
    title: "连接、收发、协议层心跳",
    async run(stage) {
      stage.start();
      const n = await connect(stage);
      stage.send(n, "唢呐");
      stage.send(n, new Uint8Array([1, 2, 3]).buffer);
      stage.send(n, "ping");
      await listen(stage);
    },
  },
  {
    id: "own-close",
    title: "自己关闭：代码和原因会不会变",
    async run(stage) {
      stage.start();
      const n = await connect(stage);
      stage.stop("bye");
      stage.close(n, 4000, "bye");
      await stage.happened(lost(n), 3000);
      stage.start();
      await connect(stage);
      await listen(stage);
    },
  },
  serverSays("server-closes-1000", "服务器以 1000 关闭", "close 1000 done"),
  serverSays("server-closes-1001", "服务器以 1001 关闭", "close 1001 going away"),
  serverSays("server-closes-4001", "服务器以 4001 关闭，带原因", "close 4001 kicked"),
  serverSays("server-vanishes", "服务器不告而别", "vanish"),
  {
    id: "refused",
    title: "服务器拒绝升级（404）",
    async run(stage) {
      stage.start();
      const n = await dial(stage, "/refused");
      await stage.pause(1000); // where an error comes before a close, or after it
      stage.close(n);
      await comeBack(stage);
    },
  },
  {
    id: "protocol",
    title: "子协议：服务器不回应时",
    async run(stage) {
      stage.start();
      const n = stage.dial("/", { protocols: ["suona-probe"] });
      await stage.happened(settled(n), 5000);
      await stage.pause(1000);
      stage.close(n);
      await comeBack(stage);
    },
  },
  {
    id: "unanswered",
    title: "无人应答：手机是否遵守 timeout",
    async run(stage) {
      stage.start();
      const n = stage.dial("/silent", { timeout: 2000 });
      await stage.happened(settled(n), 6000);
      stage.close(n);
      await comeBack(stage);
    },
  },
  {
    id: "closed-early",
    title: "还没连上就关闭",
    async run(stage) {
      stage.start();
      const n = stage.dial("/slow");
      await stage.pause(300);
      stage.stop("changed my mind");
      stage.close(n, 1000, "changed my mind");
      await stage.happened(settled(n), 3000);
      stage.start();
      await comeBack(stage);
    },
  },
  {
    id: "six",
    title: "同时六个连接，关掉后立刻再连",
    async run(stage) {
      const others = [];
      for (let count = 0; count < 5; count++) others.push(await dial(stage));
      stage.start();
      await dial(stage);
      for (const n of others) stage.close(n);
      await dial(stage); // whether those that are closing count
      await comeBack(stage);
    },
  },
  {
    id: "sizes",
    title: "一条消息能有多大（1 KB 到 1 MB）",
    async run(stage) {
      stage.start();
      let n = await connect(stage);
      for (const size of [1 << 10, 1 << 16, 1 << 18, 1 << 20]) {
        stage.send(n, "x".repeat(size));
        await stage.happened([`message ${n} ${size}`, ...lost(n)], 5000);
        if (lost(n).some((start) => stage.recorder.has(start))) n = await connect(stage);
      }
      await listen(stage);
    },
  },
  away("away-3s", "离开 3 秒", "按 Home 键回到桌面，数到 3，再回到这个页面。"),
  away("away-6s", "离开 6 秒", "按 Home 键回到桌面，数到 6，再回到这个页面。"),
  away("away-30s", "离开 30 秒", "按 Home 键回到桌面，等半分钟，再回到这个页面。"),
  away("locked-10s", "锁屏 10 秒", "按电源键锁屏，数到 10，再解锁。"),
  away("share-sheet", "打开转发面板", "点右上角“···”，选“转发给朋友”，到了选人的页面再返回。没有反应就点“继续”。"),
  withoutNetwork("airplane", "飞行模式", "打开飞行模式。10 秒内没有反应就点“继续”。", "关闭飞行模式，等网络恢复。没有反应就点“继续”。"),
  withoutNetwork("network-switch", "切换网络", "关掉 Wi-Fi 改用流量（或者反过来）。没有反应就点“继续”。"),
];
