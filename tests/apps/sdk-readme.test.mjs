// The uni-app page of the SDK's README, word for word, in a project of its own: compiled for both fronts, and run.
import assert from "node:assert/strict";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, test } from "node:test";

import { browser, site, visitor } from "./harness/browser.mjs";
import { UNIAPP, built } from "./harness/build.mjs";
import { until } from "./harness/until.mjs";
import { launch } from "./harness/wechat.mjs";
import { world } from "./harness/world.mjs";

const README = new URL("../../sdk/README.md", import.meta.url);

const whole = { after };
const { backend, line } = await world(whole);
const lines = { h5: await line(), weixin: await line() };
const chromium = await browser(whole);

/** What the README leaves to its reader. */
const surroundings = {
  "src/main.ts": `
    import { createSSRApp } from "vue";
    import App from "./App.vue";
    export const createApp = () => ({ app: createSSRApp(App) });`,
  "src/App.vue": `
    <script>
    import { suona } from "./suona";
    export default {
      onLaunch() {
        uni.setStorageSync("token", import.meta.env.VITE_TOKEN);
        suona.start();
      },
    };
    </script>`,
  "src/pages.json": JSON.stringify({
    pages: [{ path: "pages/home/home" }, { path: "pages/lot/lot" }, { path: "pages/watch/watch" }],
  }),
  "src/heard.ts": `
    import { reactive } from "vue";
    export const heard = reactive({ joined: "no", here: 0, there: 0 });`,
  // Listens as long as the app runs.
  "src/pages/home/home.vue": `
    <template>
      <view>joined: {{ heard.joined }}, {{ heard.here }} here, {{ heard.there }} there</view>
      <button @click="watch">Watch</button>
    </template>
    <script>
    import { heard } from "../../heard";
    import { suona } from "../../suona";
    export default {
      data: () => ({ heard }),
      onLoad() {
        suona.channel("lot:2").on({ subscribed: () => { heard.joined = "yes"; }, message: () => { heard.here++; } });
      },
      methods: { watch: () => uni.navigateTo({ url: "/pages/watch/watch" }) },
    };
    </script>`,
  // Listens as long as it is open, by a scope of its own.
  "src/pages/watch/watch.vue": `
    <template><view>{{ heard.there }} heard</view></template>
    <script>
    import { heard } from "../../heard";
    import { suona } from "../../suona";
    export default {
      data: () => ({ heard }),
      onLoad() { suona.scope(this).channel("lot:2").each(() => { heard.there++; }); },
    };
    </script>`,
};

/** A project of the README's files, whose gateway is at `address`. */
function project(address, token) {
  const folder = mkdtempSync(join(tmpdir(), "suona-readme-"));
  whole.after(() => rmSync(folder, { recursive: true }));
  for (const file of ["package.json", "vite.config.ts", "index.html", "tsconfig.json", "src/manifest.json"]) {
    cpSync(join(UNIAPP, file), join(folder, file));
  }
  symlinkSync(join(UNIAPP, "node_modules"), join(folder, "node_modules"));
  const blocks = readFileSync(README, "utf8").matchAll(/^```\w+\n(?:\/\/|<!--) (src\/(?:suona\.ts|pages\/\S+\.vue)).*?\n(.*?)^```$/gms);
  const files = { ...surroundings, ...Object.fromEntries([...blocks].map(([, file, code]) => [file, code])) };
  assert.deepEqual(Object.keys(files).slice(-2), ["src/suona.ts", "src/pages/lot/lot.vue"]);
  for (const [file, code] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    writeFileSync(join(folder, file), code.replace("wss://example.com/connection/websocket", address));
  }
  writeFileSync(join(folder, ".env"), `VITE_TOKEN=${token}\n`);
  return folder;
}

async function made(target, { websocket }, name) {
  return built(whole, target, { project: project(websocket, await backend.login({ name })) });
}

const [h5, weixin] = await Promise.all([made("h5", lines.h5, "李"), made("mp-weixin", lines.weixin, "王")]);
const app = launch(whole, weixin);

test("the page lists bids on both fronts, those of a break included, and says why one is refused", async (t) => {
  const page = `/pages/lot/lot?lot=1&endAt=${Date.now() + 60_000}`;
  const web = await visitor(t, chromium, `${await site(t, h5)}/#${page}`);
  app.open(page);
  const both = (words) => until(async () => app.page.shows(words) && (await web.shows(words)), `both show ${words}`);
  await until(() => !app.page.isDisabled("100"), "the mini-program is online");
  app.page.tap("100");
  await both("王: 100");
  await web.tap("100");
  await until(() => web.shows("要低于 100 元"), "the web page says why not");
  lines.h5.cut();
  await until(() => web.shows("正在连接…"), "the web page warns");
  await backend.rpc("赵", "bid", { lot: "1", price: 90 });
  lines.h5.mend();
  await both("赵: 90");
  assert.equal((await web.texts()).filter((text) => text === "赵: 90").length, 1);
  assert.deepEqual(web.errors, []);
});

test("what listens by a scope of its page ends with it on both fronts, and nothing else does", async (t) => {
  const web = await visitor(t, chromium, `${await site(t, h5)}/`);
  app.back();
  const both = (words) => until(async () => app.page.shows(words) && (await web.shows(words)), `both show ${words}`);
  await both("joined: yes, 0 here, 0 there");
  app.page.tap("Watch");
  await web.tap("Watch");
  await both("0 heard");
  await backend.rpc("赵", "bid", { lot: "2", price: 100 });
  await both("1 heard");
  app.back();
  await web.back();
  await both("1 here, 1 there");
  await backend.rpc("赵", "bid", { lot: "2", price: 90 });
  await both("2 here, 1 there");
  assert.deepEqual(web.errors, []);
});
