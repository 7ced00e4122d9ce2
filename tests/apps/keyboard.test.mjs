// The H5 build of the uni-app example without mouse and fingers, on a screen as narrow as a phone's.
import assert from "node:assert/strict";
import { after, test } from "node:test";

import { browser, site, visitor } from "./harness/browser.mjs";
import { built } from "./harness/build.mjs";
import { focusMark } from "./harness/readable.mjs";
import { until } from "./harness/until.mjs";
import { world } from "./harness/world.mjs";

const whole = { after };
const { backend, line } = await world(whole);
const { websocket } = await line();
const h5 = built(whole, "h5", { gateway: websocket, backend: backend.url });
const [folder, chromium] = await Promise.all([h5, browser(whole)]);
const url = await site(whole, folder);

/** Somebody with a keyboard. */
class Typist {
  constructor(web) {
    this.web = web;
    this.keyboard = web.page.keyboard;
  }

  /** What has the focus: its words, or its label. */
  focused() {
    return this.web.page.evaluate(() => {
      const { activeElement: element } = document;
      if (element.tagName === "INPUT") return "the field";
      return element === document.body ? "" : element.getAttribute("aria-label") ?? element.innerText.trim().split("\n")[0];
    });
  }

  /** Goes on with Tab until there is what has these words. */
  async to(words) {
    const seen = [];
    for (let steps = 0; steps < 40; steps++) {
      await this.keyboard.press("Tab");
      seen.push(await this.focused());
      if (seen.at(-1) === words) return;
    }
    assert.fail(`Tab does not lead to "${words}" but to ${seen.join(" | ")}`);
  }

  async press(words, key = "Enter") {
    await this.to(words);
    await this.keyboard.press(key);
  }

  /** As fast as people do: uni-app hands on what is typed ten times a second. */
  type(text) {
    return this.keyboard.type(text, { delay: 110 });
  }

  shows(words) {
    return until(() => this.web.shows(words), `the page shows ${words}`);
  }

  /** Whatever can be touched is reached by Tab, and shows where the keyboard is. */
  async reachesAll(name) {
    const touchable = 'uni-button:not([disabled]), [role="button"]:not([disabled]), input';
    const { length: all } = await this.web.page.$$(touchable);
    for (let steps = 0; steps < all + 3; steps++) {
      await this.keyboard.press("Tab");
      const mark = await this.web.page.evaluate(focusMark);
      if (!mark) continue;
      await this.web.page.evaluate(() => (document.activeElement.dataset.reached = "yes"));
      assert.ok(mark.width >= 2, `${name}: ${await this.focused()} does not show that it has the focus`);
      assert.ok(mark.contrast >= 3, `${name}: the mark of ${await this.focused()} is at ${mark.contrast.toFixed(2)} : 1`);
    }
    const missed = (elements) => elements.filter(({ dataset }) => !dataset.reached).map(({ innerText }) => innerText);
    assert.deepEqual(await this.web.page.$$eval(touchable, missed), [], `${name}: all are reached`);
    await this.web.looksGood(`keyboard-${name}`);
  }
}

test("every page is used by keyboard alone", async (t) => {
  const web = await visitor(t, chromium, url);
  const typist = new Typist(web);
  await typist.shows("怎么称呼你");
  await typist.reachesAll("welcome");
  await typist.to("the field");
  await typist.type("宏达机电");
  await typist.press("进入");
  await typist.shows("你好，宏达机电");
  await typist.reachesAll("home");

  await typist.press("供应商报价");
  await typist.shows("目前最低");
  await typist.reachesAll("lots");
  await typist.press((await web.texts())[1], " ");
  await typist.shows("最高限价");
  await typist.reachesAll("lot");
  await typist.press("− 10", " ");
  await typist.shows("（我）");
  await typist.to("the field");
  await typist.type("1000");
  await typist.press("出价");
  await typist.shows("¥1,000.00");
  await typist.press("返回");
  await typist.shows("目前最低");
  await typist.press("返回");

  await typist.press("设备控制");
  await typist.shows("已停止");
  await typist.reachesAll("device");
  await typist.press("启动");
  await typist.shows("等待设备…");
  await typist.press("返回");

  for (const [title, name] of [["订单看板", "orders"], ["扫码任务", "scan"]]) {
    await typist.press(title);
    await until(async () => (await web.texts())[0] === title, `the page ${title} is open`);
    await typist.reachesAll(name);
    await typist.press("返回");
  }
  await typist.shows("你好，宏达机电");
  assert.deepEqual(web.errors, []);
});

test("a disabled button is passed by", async (t) => {
  const web = await visitor(t, chromium, url);
  const typist = new Typist(web);
  await typist.shows("怎么称呼你");
  await web.write("李记五金");
  await typist.press("进入");
  await typist.shows("你好");
  await typist.press("设备控制");
  await typist.shows("压力");
  const isRunning = await web.shows("运行中");
  await assert.rejects(typist.to(isRunning ? "启动" : "停止"), /Tab does not lead/);
});
