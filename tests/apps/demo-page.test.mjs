// The page of the demo: what is committed is what its sources make, and everybody can read and use it.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { networkInterfaces, tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { isDeepStrictEqual } from "node:util";

import { browser } from "./harness/browser.mjs";
import { ROOT, demo, look } from "./harness/demo.mjs";
import { focusMark, unreadable } from "./harness/readable.mjs";
import { until } from "./harness/until.mjs";

const DEMO = join(ROOT, "examples/demo");
const PHONE = { width: 375, height: 812, deviceScaleFactor: 2, hasTouch: true, isMobile: true };
const PICTURES = join(ROOT, "target/pictures");
/** Those of the READMEs, which are made anew with SUONA_WRITE_PICTURES. */
const OURS = join(DEMO, "pictures");
const MAKING = process.env.SUONA_WRITE_PICTURES !== undefined;
const esbuild = createRequire(join(ROOT, "sdk/package.json"))("esbuild");
const whole = { after };

const [{ url, turn }, chromium] = await Promise.all([demo(whole), browser(whole)]);
for (const off of [{ robot: false }, { scanner: false }]) await turn(off);

function folder(t) {
  const made = mkdtempSync(join(tmpdir(), "suona-demo-test-"));
  t.after(() => rmSync(made, { recursive: true }));
  return made;
}

test("the committed page is what a fresh build makes of its sources, to the byte", (t) => {
  const fresh = folder(t);
  execFileSync(process.execPath, [join(DEMO, "page/build.mjs"), fresh]);
  const made = readdirSync(fresh).sort();
  assert.deepEqual(readdirSync(join(DEMO, "page/dist")).sort(), made);
  for (const file of made) {
    const same = readFileSync(join(fresh, file)).equals(readFileSync(join(DEMO, "page/dist", file)));
    assert.ok(same, `${file} is another; run: node examples/demo/page/build.mjs`);
  }
});

test("the sources of the page have the types that they say", () => {
  execFileSync(process.execPath, [join(ROOT, "sdk/node_modules/typescript/bin/tsc"), "-p", join(DEMO, "page")], { stdio: "inherit" });
});

/** What a source of the page exports. */
function source(t, name) {
  const outfile = join(folder(t), `${name}.mjs`);
  esbuild.buildSync({ entryPoints: [join(DEMO, `page/src/${name}.ts`)], outfile, bundle: true, format: "esm" });
  return import(outfile);
}

test("the list has each bid once, the best first, and so many of them", async (t) => {
  const { SHOWN, withBid } = await source(t, "bids");
  const bid = (number) => ({ id: `1-${number}`, price: 1000 - number });
  const numbers = Array.from({ length: SHOWN + 10 }, (_, number) => number);
  // As they may come: some late, all of them twice.
  const late = numbers.map((number) => number ^ 1);
  const list = [...late, ...numbers].map(bid).reduce(withBid, []);
  assert.deepEqual(list, numbers.map(bid).reverse().slice(0, SHOWN));
});

test("the log notices what comes twice, what does not come, and what is said to be gone", async (t) => {
  const { Ledger } = await source(t, "ledger");
  const told = (...what) => {
    const ledger = new Ledger(() => 0);
    for (const one of what) {
      if (one === "gap") ledger.gap("lot:1");
      else ledger.hear("lot:1", {}, one, false);
    }
    const { heard, twice, missing, gaps, good } = ledger;
    return { heard, twice, missing, gaps, good };
  };
  assert.deepEqual(told(7, 8, 9), { heard: 3, twice: 0, missing: 0, gaps: 0, good: true });
  assert.deepEqual(told(7, 8, 8), { heard: 3, twice: 1, missing: 0, gaps: 0, good: false });
  assert.deepEqual(told(7, 10), { heard: 2, twice: 0, missing: 2, gaps: 0, good: false });
  assert.deepEqual(told(7, 9, 8), { heard: 3, twice: 1, missing: 1, gaps: 0, good: false });
  assert.deepEqual(told(7, "gap", 1, 2), { heard: 3, twice: 0, missing: 0, gaps: 1, good: true });
});

test("Ctrl-C ends the demo, which puts nothing on the disk", async (t) => {
  const TMPDIR = folder(t);
  const short = await demo(t, { env: { TMPDIR } });
  assert.deepEqual(readdirSync(TMPDIR), []);
  assert.deepEqual(await short.quit("SIGINT"), [0, null]);
  assert.deepEqual(readdirSync(TMPDIR), []);
});

test("it says where the page is, on this machine and for a phone in the same network", async (t) => {
  const open = await demo(t, { host: [] });
  await until(() => open.said().includes("Ctrl-C"), "it has said all");
  const [here, there] = open.said().match(/http:\S+/g);
  assert.match(here, /^http:\/\/127\.0\.0\.1:\d+$/);
  const others = Object.values(networkInterfaces()).flat().filter(({ family, internal }) => family === "IPv4" && !internal);
  for (const address of [here, there ?? here]) {
    const page = await fetch(address);
    assert.match(await page.text(), /<script type="module" src="\/page\.js">/);
  }
  assert.ok(!there || others.some(({ address }) => there === `http://${address}:${new URL(here).port}`), there);
});

test("a page of a demo that has ended says so, and begins anew with the next demo", async (t) => {
  const first = await demo(t);
  const view = await look(t, chromium, first.url);
  await first.quit();
  await until(() => view.page.$('[role="alert"]'), "the page says so");
  const anew = view.page.waitForNavigation();
  const next = await demo(t, { port: new URL(first.url).port });
  await anew;
  await next.turn({ robot: false });
  await until(() => view.isOpen("hongda"), "somebody can bid");
  await view.bid("hongda");
  await until(async () => (await view.texts("yuanhang", ".bids .who")).includes("宏达机电"), "the bid is listed");
});

test("other pages of the same browser have no business with the demo", async () => {
  for (const path of ["demo/switch", "line/hongda/login"]) {
    const headers = { "Content-Type": "application/json", Origin: "https://example.com" };
    const answer = await fetch(`${url}/${path}`, { method: "POST", headers, body: '{"robot":true}' });
    assert.equal(answer.status, 403);
  }
});

/** What the keyboard reaches. */
const reached = () => {
  const { activeElement: at } = document;
  return { which: [...document.querySelectorAll("*")].indexOf(at), is: at.outerHTML.slice(0, 80) };
};

/** What it should reach, in this order. A group of radio buttons is one stop. */
const reachable = () => {
  const all = [...document.querySelectorAll('a[href], button:enabled, input:enabled, [tabindex="0"]')];
  const stops = all.filter((it) => it.checkVisibility() && (it.type !== "radio" || it.checked));
  return stops.map((it) => [...document.querySelectorAll("*")].indexOf(it));
};

/** Goes through a page by the keyboard; nothing if it changed meanwhile, as it does when a lot ends. */
async function walk(page) {
  const expected = await page.evaluate(reachable);
  const visited = [];
  for (const _ of expected) {
    await page.keyboard.press("Tab");
    visited.push({ ...(await page.evaluate(reached)), mark: await page.evaluate(focusMark) });
  }
  return isDeepStrictEqual(await page.evaluate(reachable), expected) ? { expected, visited } : undefined;
}

for (const [name, theme, screen] of [["a desk", "light", undefined], ["a phone", "dark", PHONE]]) {
  test(`on ${name} the keyboard reaches everything in order, and one sees where one is`, async (t) => {
    const newcomer = async () => (await look(t, chromium, url, { theme, screen })).page;
    const walked = (await walk(await newcomer())) ?? (await walk(await newcomer()));
    assert.ok(walked, "the page stands still while one walks");
    const { expected, visited } = walked;
    assert.ok(expected.length > 15);
    assert.deepEqual(visited.filter(({ mark }) => !(mark?.width >= 2 && mark.contrast >= 3)), []);
    assert.deepEqual(visited.map(({ which }) => which), expected);
  });
}

test("lines are cut and mended, and bids made, by the keyboard alone", async (t) => {
  const view = await look(t, chromium, url);
  const line = '.wire[data-user="hongda"] .switch';
  const isWhole = async (is) => (await view.page.$eval(line, (it) => it.ariaChecked)) === `${is}`;
  await view.page.focus(line);
  for (const is of [false, true]) {
    await view.page.keyboard.press("Space");
    await until(() => isWhole(is), `the line is ${is ? "mended" : "cut"}`);
  }
  await until(async () => (await view.text("hongda", ".notice")) === "", "the phone is back");
  const before = await view.bids("hongda");
  const next = Number((await view.text("hongda", ".quotation .figure strong")).replace(/\D/g, "")) - 7;
  await view.page.focus('.phone[data-user="hongda"] .own input');
  await view.page.keyboard.type(`${next}`);
  await view.page.keyboard.press("Enter");
  await until(async () => (await view.bids("hongda")).length === before.length + 1, "the bid is there");
  assert.equal((await view.text("hongda", ".bids .amount")).replace(/\D/g, ""), `${next}`);
});

test("what is refused is said in words, in either language", async (t) => {
  for (const [language, words] of [["zh-CN", "请填一个大于 0 的价格"], ["en-US", "Enter a price above 0"]]) {
    const view = await look(t, chromium, url, { language });
    await view.page.type('.phone[data-user="yuanhang"] .own input', "-5");
    await view.page.keyboard.press("Enter");
    await until(async () => (await view.text("yuanhang", ".aside")) === words, words);
    assert.equal(await view.page.evaluate(() => document.documentElement.lang), language.replace("en-US", "en"));
  }
});

for (const theme of ["light", "dark"]) {
  test(`on a phone the other phone is chosen by touch and by arrow keys, and can be read: ${theme}`, async (t) => {
    const view = await look(t, chromium, url, { theme, screen: PHONE });
    const shown = () => view.page.$$eval(".phone", (all) => all.filter((it) => it.checkVisibility()).map(({ dataset }) => dataset.user));
    assert.deepEqual(await shown(), ["hongda"]);
    await view.page.tap('.tab[data-user="yuanhang"]');
    assert.deepEqual(await shown(), ["yuanhang"]);
    const before = await view.bids("yuanhang");
    await view.page.tap('.phone[data-user="yuanhang"] .quotation .step');
    await until(async () => (await view.bids("yuanhang")).length > before.length, "the bid is listed");
    assert.deepEqual(await view.page.evaluate(unreadable), []);
    await view.page.focus('.tab[data-user="yuanhang"] input');
    await view.page.keyboard.press("ArrowLeft");
    assert.deepEqual(await shown(), ["hongda"]);
  });
}

test("what is too pale, has no edge or is too wide is found", async (t) => {
  const { page } = await look(t, chromium, url);
  for (const [selector, property, value, fault] of [
    [".panel h3", "color", "#cccccc", /^"供应商报价" at 1\.6/],
    [".own input", "border-color", "#dddddd", /^the edge of a field at/],
    [".own input", "border-style", "none", /^a field without an edge/],
    [".own input", "--soft", "#cccccc", /^"自己填一个价格" at/],
    [".switch", "--good", "#dddddd", /^a switch at/],
    [".switch", "--card", "#0e6245", /^the knob of a switch at 1\.00/],
    [".cable", "color", "#dddddd", /^a picture in cable at/],
    [".panels", "width", "3000px", /px wide on a screen of/],
  ]) {
    await page.$eval(selector, (it, ...to) => it.style.setProperty(...to), property, value);
    const faults = await page.evaluate(unreadable);
    assert.ok(faults.some((it) => fault.test(it)), `${fault} is not among ${faults.join("; ")}`);
    await page.$eval(selector, (it, name) => it.style.removeProperty(name), property);
  }
});

/** In pictures things happen as people do them. */
const pause = () => MAKING && new Promise((resolve) => setTimeout(resolve, 1000 + 3000 * Math.random()));

/** Something in every panel. */
async function liven(view) {
  await turn({ scanner: true });
  await view.click("yuanhang", ".device .step:enabled");
  for (const [before, user] of ["hongda", "yuanhang", "hongda", "yuanhang"].entries()) {
    await pause();
    await view.bid(user, 2);
    await until(async () => (await view.published("yuanhang")) > before, "the bid is published");
  }
  await view.click("hongda", ".orders header .small");
  await until(async () => (await view.text("hongda", ".device .rows .badge")) !== "", "the device was told something");
  const tasks = MAKING ? 3 : 1;
  await until(async () => (await view.texts("hongda", ".scans li button")).length >= tasks, "something is scanned");
}

/** The line of one is cut, who bids all the same; the other bids on. */
async function divide(view) {
  await view.cutOrMend("hongda");
  await until(async () => (await view.text("hongda", ".notice")) !== "", "the notice is shown");
  const heard = await view.published("yuanhang");
  for (let bid = 0; bid < 2; bid++) {
    await pause();
    await view.bid("yuanhang", 2);
  }
  await pause();
  await view.bid("hongda", 3);
  await until(async () => (await view.published("yuanhang")) >= heard + 2, "the other's bids are published");
}

for (const language of ["zh-CN", "en-US"]) {
  for (const theme of ["light", "dark"]) {
    for (const [name, screen] of [["desk", undefined], ["phone", PHONE]]) {
      test(`everything can be read: ${language}, ${theme}, on a ${name}`, async (t) => {
        const view = await look(t, chromium, url, { language, theme, screen });
        const isReadable = async () => assert.deepEqual(await view.page.evaluate(unreadable), []);
        await isReadable();
        await liven(view);
        await divide(view);
        await isReadable();
        await view.cutOrMend("hongda");
        await until(async () => (await view.ledger("hongda")).recovered >= 2, "what was missed comes");
        await isReadable();
        await pause();
        await divide(view);
        await view.picture(PICTURES, `demo-${name}-${language}-${theme}`);
        if (MAKING && theme === "light") await view.picture(OURS, `${name}-${language}`, name === "phone" && [".wires", ".quotation"]);
        assert.equal(await view.page.evaluate(() => document.getAnimations().length), 0); // reduced motion
        assert.deepEqual(view.errors, []);
        await view.cutOrMend("hongda");
        await until(async () => (await view.text("hongda", ".notice")) === "", "the phone is back");
      });
    }
  }
}

test("a stopped gateway is readable too", async (t) => {
  const views = await Promise.all(["light", "dark"].map((theme) => look(t, chromium, url, { theme })));
  await turn("stop");
  for (const { page } of views) {
    await until(() => page.$('.gateway[data-away="true"]'), "the page shows it");
    assert.deepEqual(await page.evaluate(unreadable), []);
  }
  await until(async () => !(await views[0].page.$('.gateway[data-away="true"]')), "it is back");
});

test("the READMEs have the same commands, links that lead somewhere, and pictures of a fair size", () => {
  const read = (name) => readFileSync(join(DEMO, name), "utf8");
  const commands = (text) => [...text.matchAll(/^```sh\n(.*?)^```$/gms)].flatMap(([, code]) => code.trim().split("\n"));
  const [english, chinese] = ["README.md", "README.zh-CN.md"].map(read);
  // The first is what these tests start, as a debug build; the others are run by scripts/test and above.
  assert.deepEqual(commands(english), ["cargo run --release -p suona-demo", "npm ci --prefix sdk", "node examples/demo/page/build.mjs"]);
  assert.deepEqual(commands(chinese), commands(english));
  for (const text of [english, chinese]) {
    for (const [, link] of text.matchAll(/\]\((\w[^)#]*|\.\.[^)#]*)\)/g)) assert.ok(existsSync(join(DEMO, link)), link);
  }
  for (const picture of readdirSync(OURS)) assert.ok(statSync(join(OURS, picture)).size < 300_000, picture);
});
