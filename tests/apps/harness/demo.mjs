// The demo as it is started by hand, and people who look at its page.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { until } from "./until.mjs";

export const ROOT = fileURLToPath(new URL("../../..", import.meta.url));
const BINARY = process.env.DEMO_BIN ?? join(ROOT, "target/debug/suona-demo");
const DESK = { width: 1440, height: 900 };

/** Starts the demo, for this machine alone or where it listens by default; its switches are turned by `turn`. */
export async function demo(t, { env, port = 0, host = ["--host", "127.0.0.1"] } = {}) {
  const child = spawn(BINARY, ["--port", `${port}`, ...host], { env: { ...process.env, ...env } });
  let said = "";
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", (text) => (said += text));
  const exited = once(child, "exit");
  const quit = (signal = "SIGINT") => (child.kill(signal), exited);
  t.after(() => quit("SIGKILL"));
  await until(() => /http:\S+/.test(said) || child.exitCode !== null, "the demo says where it is");
  const [url] = said.match(/http:\S+/) ?? [];
  if (!url) throw new Error(`the demo did not start:\n${said}`);
  const turn = (it) =>
    fetch(`${url}/demo/switch`, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(it) });
  return { url, turn, quit, said: () => said };
}

/** A window of a browser that knows nothing of the other windows. */
export async function look(t, browser, url, { language = "zh-CN", theme = "light", screen = DESK } = {}) {
  const context = await browser.createBrowserContext();
  t.after(() => browser.connected && context.close());
  const page = await context.newPage();
  await page.setViewport(screen);
  // What moves is half-way between two colours now and then.
  await page.emulateMediaFeatures([
    { name: "prefers-color-scheme", value: theme },
    { name: "prefers-reduced-motion", value: "reduce" },
  ]);
  await page.evaluateOnNewDocument((it) => Object.defineProperty(navigator, "language", { get: () => it }), language);
  const view = new View(page);
  await page.goto(url);
  for (const user of ["hongda", "yuanhang"]) await until(() => view.isOpen(user), `${user} can bid`);
  return view;
}

class View {
  /** What scripts failed with. */
  errors = [];

  constructor(page) {
    this.page = page;
    page.on("pageerror", ({ message }) => this.errors.push(message));
  }

  /** The text of what is found on the phone of a user; nothing if nothing is found. */
  text(user, selector) {
    const found = `.phone[data-user="${user}"] ${selector}`;
    return this.page.evaluate((it) => document.querySelector(it)?.textContent?.trim() ?? "", found);
  }

  /** The texts of all that is found there. */
  texts(user, selector) {
    const found = `.phone[data-user="${user}"] ${selector}`;
    return this.page.evaluate((it) => [...document.querySelectorAll(it)].map(({ textContent }) => textContent.trim()), found);
  }

  /** Clicks on the phone of a user. */
  async click(user, selector) {
    const found = `.phone[data-user="${user}"] ${selector}`;
    await this.page.waitForSelector(`${found}:enabled`, { timeout: 30_000 });
    await this.page.evaluate((it) => document.querySelector(it).click(), found);
  }

  /** Turns the switch of a user's line. */
  async cutOrMend(user) {
    await this.page.click(`.wire[data-user="${user}"] .switch`);
  }

  /** Bids so much less than the lowest, by the first, second or third button. */
  bid(user, button = 1) {
    return this.click(user, `.quotation .step:nth-child(${button})`);
  }

  async isOpen(user) {
    return (await this.text(user, ".pill")) !== "" && (await this.page.$(`.phone[data-user="${user}"] .step:enabled`)) !== null;
  }

  /** The ids of the bids that a user sees, best first. */
  bids(user) {
    const found = `.phone[data-user="${user}"] [data-bid]`;
    return this.page.evaluate((it) => [...document.querySelectorAll(it)].map(({ dataset }) => dataset.bid), found);
  }

  /** Sent, heard, recovered, gaps; and what the client's log says of its order. */
  async ledger(user) {
    const counts = Object.fromEntries(
      await Promise.all(
        ["sent", "heard", "recovered", "gaps"].map(async (it) => [it, Number(await this.text(user, `[data-count="${it}"] dd`))]),
      ),
    );
    const good = `.phone[data-user="${user}"] .verdict[data-good="true"]`;
    return { ...counts, good: (await this.page.$(good)) !== null };
  }

  /** How many bids came by the lot's channel: bids are answered before they are published. */
  async published(user) {
    const heard = await this.texts(user, '[data-is="heard"] .where, [data-is="recovered"] .where');
    return heard.filter((where) => where.startsWith("lot:")).length;
  }

  /** What is left of the countdown. */
  clock(user) {
    return this.text(user, ".clock .left");
  }

  /** Leaves a picture for people to look at: of the whole page, or from one element to the end of another. */
  async picture(folder, name, ends) {
    mkdirSync(folder, { recursive: true });
    const path = join(folder, `${name}.png`);
    if (!ends) return this.page.screenshot({ path, fullPage: true });
    const clip = await this.page.evaluate(between, ...ends);
    return this.page.screenshot({ path, clip });
  }
}

/** Runs in a page: all of its width, from the beginning of one element to the end of another, and a little more. */
function between(first, last) {
  const at = (selector) => document.querySelector(selector).getBoundingClientRect();
  const y = at(first).top + scrollY - 10;
  return { x: 0, y, width: document.documentElement.clientWidth, height: at(last).bottom + scrollY + 10 - y };
}
