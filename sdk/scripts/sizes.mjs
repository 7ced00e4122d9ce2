// Prints what the parts weigh, minified and gzipped, and fails where one is over its limit; then what others weigh, and
// what WeChat's folder adds to a mini-program.
import { build } from "esbuild";
import { existsSync, readdirSync, statSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { wxAlone } from "./entries.mjs";
import { privateNames } from "./private-names.mjs";

const KIB = 1024;

/** What the core may weigh with a platform, and with those that carry more than their own. */
const core = 8 * KIB;
const platforms = {
  wx: core,
  douyin: core,
  browser: core,
  node: core,
  // The container's address, instead of one URL.
  "wx-cloud": 8.2 * KIB,
  // Bytes as base64, and events in another form.
  alipay: 8.5 * KIB,
  // What Alipay needs, and pages as well: one build of it serves any target.
  uni: 8.7 * KIB,
};

/** `limit`: what it may weigh. */
const parts = [
  { name: "link and driver", files: ["src/link/link.ts", "src/link/driver.ts"] },
  { name: "client core", files: ["src/client/core.ts", "src/link/driver.ts"] },
  { name: "the WeChat platform", files: ["src/platform/wx.ts"] },
  { name: "ReliableSocket", files: ["src/socket.ts"], limit: 3 * KIB },
  ...Object.entries(platforms).map(([name, limit]) => ({
    name: `createSuona on ${name}`,
    files: ["src/client/suona.ts", `src/platform/${name}.ts`],
    limit: Math.floor(limit),
  })),
  { name: "all of suona on wx", files: ["src/index.ts"], limit: Math.floor(13.5 * KIB) },
];

/** What else an app may use, on top of all of suona. */
const additions = { page: 1.1, mixin: 1.1, vue: 0.6, store: 0.6, zh: 2.4 };

/** What people use today, minified by the same tool; each with its own polyfills and parsers, and without ours. */
const others = ["centrifuge", "socket.io-client", "goeasy", "mqtt", "websocket-heartbeat-miniprogram"];

async function weigh(contents, options = {}) {
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: "." },
    bundle: true,
    minify: true,
    write: false,
    format: "esm",
    target: "es2015",
    charset: "utf8",
    ...options,
  });
  const bytes = outputFiles[0].contents;
  return { plain: bytes.length, zipped: gzipSync(bytes, { level: 9 }).length };
}

/** What these of our files weigh on WeChat. */
function weighOurs(files) {
  const contents = files.map((file) => `export * from "./${file}";`).join("\n");
  return weigh(contents, { mangleProps: privateNames(), plugins: [wxAlone], external: ["vue"] });
}

let heavy = false;
function say(name, { plain, zipped }, limit) {
  const over = limit !== undefined && zipped > limit;
  heavy ||= over;
  const bounds = limit ? ` (limit ${limit})` : "";
  console.log(`${name}: ${plain} bytes, ${zipped} gzipped${bounds}${over ? ": TOO HEAVY" : ""}`);
}

for (const { name, files, limit } of parts) say(name, await weighOurs(files), limit);
const whole = await weighOurs(["src/index.ts"]);
for (const [name, limit] of Object.entries(additions)) {
  const both = await weighOurs(["src/index.ts", `src/${name}.ts`]);
  const more = { plain: both.plain - whole.plain, zipped: both.zipped - whole.zipped };
  say(`suona/${name} on top`, more, Math.floor(limit * KIB));
}

for (const name of others) {
  const { plain, zipped } = await weigh(`export * from "${name}";`, { platform: "browser", target: "es2020" });
  console.log(`for comparison, ${name}: ${plain} bytes, ${zipped} gzipped`);
}

const folder = "dist/miniprogram";
if (existsSync(folder)) {
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).map((file) => statSync(`${folder}/${file}`));
  const bytes = files.reduce((sum, file) => sum + (file.isFile() ? file.size : 0), 0);
  console.log(`WeChat's folder, everything in it, unzipped: ${bytes} bytes`);
}
process.exit(heavy ? 1 : 0);
