// Debian's Chromium without a window, and the pages of an H5 build in it. CHROMIUM_BIN names another one.

import assert from "node:assert/strict";
import { once } from "node:events";
import { existsSync, mkdirSync, readFileSync, statSync } from "node:fs";
import { createServer } from "node:http";
import { extname, join } from "node:path";
import { fileURLToPath } from "node:url";

import { launch } from "puppeteer-core";

import { authority } from "./authority.mjs";
import { unreadable } from "./readable.mjs";

const CHROMIUM = process.env.CHROMIUM_BIN ?? "/usr/bin/chromium";
const PICTURES = fileURLToPath(new URL("../../../target/pictures", import.meta.url));
const TYPES = { ".html": "text/html", ".js": "text/javascript", ".css": "text/css" };
const PATIENCE = 30_000;
const PHONE = { width: 375, height: 812, deviceScaleFactor: 2, hasTouch: true, isMobile: true };

/** A browser for a whole file of tests. */
export async function browser(t) {
  const args = ["--no-sandbox", "--no-proxy-server", ...(authority?.chromium ?? [])];
  // Apps are built beside it, and it starts when they let it.
  const made = await launch({ executablePath: CHROMIUM, args, timeout: 120_000 });
  t.after(() => made.close());
  return made;
}

/** Serves the files of an H5 build. */
export async function site(t, root) {
  const server = createServer((request, response) => {
    const asked = join(root, new URL(request.url, "http://localhost").pathname);
    const file = existsSync(asked) && statSync(asked).isFile() ? asked : join(root, "index.html");
    response.setHeader("Content-Type", TYPES[extname(file)] ?? "application/octet-stream");
    response.end(readFileSync(file));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${server.address().port}`;
}

/** A visitor with a phone, and a browser that knows nothing of the others. */
export async function visitor(t, browser, url) {
  const context = await browser.createBrowserContext();
  const page = await context.newPage();
  const made = new Visitor(page);
  t.after(() => browser.connected && context.close());
  await page.setViewport(PHONE);
  await page.goto(url);
  return made;
}

class Visitor {
  /** What scripts failed with. */
  errors = [];

  constructor(page) {
    this.page = page;
    page.on("pageerror", ({ message }) => this.errors.push(message));
  }

  /** What can be read, piece by piece. */
  async texts() {
    const text = await this.page.evaluate(() => document.body.innerText);
    return text.split("\n").map((line) => line.trim()).filter(Boolean);
  }

  async shows(words) {
    return (await this.texts()).join(" ").includes(words);
  }

  /** Touches what has exactly these words. */
  async tap(words) {
    const found = await this.page.waitForSelector(`::-p-xpath(//*[normalize-space(.)="${words}"][not(*)])`, { timeout: PATIENCE });
    await found.tap();
  }

  /** Writes into the only field of the page. */
  async write(value) {
    const field = await this.page.waitForSelector("input", { timeout: PATIENCE });
    await field.focus();
    await this.page.evaluate((text) => document.execCommand("insertText", false, text), value);
  }

  back() {
    return this.page.goBack();
  }

  /** Everything can be read, on a screen this narrow; and leaves a picture for people to look at. */
  async looksGood(name) {
    mkdirSync(PICTURES, { recursive: true });
    await this.page.screenshot({ path: join(PICTURES, `${name}.png`), fullPage: true });
    assert.deepEqual(await this.page.evaluate(unreadable), []);
  }
}
