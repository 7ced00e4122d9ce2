// The probe (真机探针): tries on a real phone what only a real phone can tell, and hands over what it saw.
const config = require("../../config");
const { suona } = require("../../suona");
const { experiments } = require("./experiments");
const { Phone, about } = require("./phone");
const { PERIOD, Recorder } = require("./recorder");
const { Stage } = require("./stage");

/** Where the record is kept while the app is hidden, which it may not survive. */
const KEPT = "probe";
const STATES = { waiting: "未做", running: "进行中", done: "完成", skipped: "已跳过" };

Page({
  data: {
    address: config.probe,
    list: experiments.map(({ title }) => ({ title, state: STATES.waiting })),
    at: 0, // of the list: the next one, or the one that runs
    running: false,
    ask: "", // what the user shall do now
    problem: "",
    kept: false, // the record of a time before, which ended too early, is still there
    lines: [], // the last ones
    count: 0,
    canShare: !!wx.shareFileMessage,
  },

  onLoad() {
    this.recorder = new Recorder(Date.now, (words) => this.stage && this.stage.came(words));
    this.phone = new Phone(wx, this.recorder);
    this.stage = new Stage(this.phone, this.recorder, (ask) => this.setData({ ask }));
    this.phone.watch();
    wx.getNetworkType({ success: ({ networkType }) => this.recorder.note(`the network is ${networkType}`) });
    this.setData({ kept: !!wx.getStorageSync(KEPT) });
    this.ticking = setInterval(() => this.tick(), PERIOD);
  },

  onShow() {
    this.recorder.came("page shown");
  },

  onHide() {
    this.recorder.came("page hidden");
    if (this.data.at || this.data.running) wx.setStorageSync(KEPT, this.transcript());
  },

  onUnload() {
    clearInterval(this.ticking);
    this.stage.end();
    this.phone.end();
  },

  tick() {
    this.recorder.tick();
    const { length } = this.recorder.lines;
    if (length !== this.data.count) this.setData({ count: length, lines: this.recorder.tail(12) });
  },

  write({ detail }) {
    this.setData({ address: detail.value });
  },

  /** Runs the next experiment, and after it those that need nobody. */
  async begin() {
    suona.close(); // it would take one of the few sockets, and dial in between
    this.phone.address = this.data.address.trim();
    this.setData({ running: true, problem: "", kept: false });
    if (await this.isReached()) await this.performAll();
    else this.setData({ problem: "连不上这台服务器。检查地址，以及手机和电脑是否在同一个网络里。" });
    suona.start();
    this.setData({ running: false });
  },

  async isReached() {
    const n = this.phone.dial("/");
    await this.stage.happened([`open ${n}`, `error ${n}`, `close ${n}`, `fail ${n}`], 10000);
    this.phone.closeAll();
    await this.stage.pause(300);
    return this.recorder.has(`open ${n}`);
  },

  async performAll() {
    do await this.perform(this.data.at);
    while (!this.stage.ended && this.data.at < experiments.length && !experiments[this.data.at].what);
  },

  async perform(at) {
    const { id, run } = experiments[at];
    this.recorder.begin(id);
    this.mark(at, "running");
    try {
      await run(this.stage);
    } catch (error) {
      this.recorder.note(`the experiment failed: ${error}`);
    }
    this.phone.closeAll();
    await this.stage.pause(300);
    this.recorder.end();
    this.mark(at, "done");
    this.setData({ at: at + 1 });
  },

  /** On without waiting for the phone. */
  goOn() {
    this.stage.next();
  },

  skip() {
    this.mark(this.data.at, "skipped");
    this.setData({ at: this.data.at + 1 });
  },

  mark(at, state) {
    this.setData({ [`list[${at}].state`]: STATES[state] });
  },

  copy() {
    wx.setClipboardData({ data: this.transcript() });
  },

  share() {
    const filePath = `${wx.env.USER_DATA_PATH}/suona-probe.txt`;
    wx.getFileSystemManager().writeFileSync(filePath, this.transcript(), "utf8");
    wx.shareFileMessage({ filePath });
  },

  transcript() {
    if (this.data.kept) return wx.getStorageSync(KEPT);
    return this.recorder.transcript(about(wx));
  },
});
