import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve, sep } from "node:path";
import { after, before, test } from "node:test";
import vm from "node:vm";
import { build, transformSync } from "esbuild";
import { FakeWx } from "./fake-wx.js";
import { loader } from "./loader.js";
import { MiniPage } from "./mini-page.js";
import { allListeners, holding, keptPlace, ownPlatform } from "./programs.js";
import { settled } from "./timeline.js";

const root = resolve(import.meta.dirname, "..");
const dist = join(root, "dist");
/** A project that has the package installed. */
let project: string;

type Exports = Record<
  string,
  { import: { types: string; default: string }; require: { types: string; default: string } }
>;
const manifest = (): { exports: Exports; miniprogram: string } =>
  JSON.parse(readFileSync(join(dist, "package.json"), "utf8"));
const names = (): string[] => Object.keys(manifest().exports).filter((name) => name !== "./package.json");

before(() => {
  execFileSync(process.execPath, [join(root, "scripts/build.mjs")], { stdio: "pipe" });
  project = mkdtempSync(join(tmpdir(), "suona-project-"));
  mkdirSync(join(project, "node_modules"));
  symlinkSync(dist, join(project, "node_modules/suona"));
  const vue = join(project, "node_modules/vue");
  mkdirSync(vue);
  writeFileSync(join(vue, "index.js"), `module.exports = require(${JSON.stringify(join(root, "node_modules/vue"))});`);
  writeFileSync(join(vue, "index.d.ts"), `export * from ${JSON.stringify(join(root, "node_modules/vue"))};`);
});
after(() => rmSync(project, { recursive: true, force: true }));

function run(file: string, code: string): string {
  writeFileSync(join(project, file), code);
  return execFileSync(process.execPath, ["--preserve-symlinks", join(project, file)], {
    cwd: project,
    encoding: "utf8",
  });
}

test("every name is imported by Node as an ES module and as CommonJS, and both offer the same", () => {
  const specifiers = names().map((name) => `suona${name.slice(1)}`);
  const list = (load: string) => `
    const seen = {};
    for (const name of ${JSON.stringify(specifiers)}) seen[name] = Object.keys(${load}).filter((key) => key !== "module.exports").sort();
    console.log(JSON.stringify(seen));`;
  const esm = JSON.parse(run("all.mjs", list("await import(name)")));
  const cjs = JSON.parse(run("all.cjs", list("require(name)")));
  assert.ok(specifiers.length >= 10);
  assert.deepEqual(cjs, esm);
  assert.deepEqual(esm["suona/compat/websocket-heartbeat"], ["HeartbeatTask", "default"]);
  for (const name of specifiers) assert.ok(esm[name].length > 0, name);
});

test("a bundler takes every name without a warning", async () => {
  for (const name of names()) {
    const from = JSON.stringify(`suona${name.slice(1)}`);
    const { warnings } = await build({
      stdin: { contents: `export * from ${from}; import * as all from ${from}; export default all;`, resolveDir: project },
      bundle: true,
      write: false,
      format: "esm",
      external: ["vue"],
      logLevel: "silent",
    });
    assert.deepEqual(warnings.map(({ id, text }) => `${name}: ${id} ${text}`), []);
  }
});

test("every name is a real file too, for tools that know no exports", () => {
  for (const name of names()) {
    const file = name === "." ? "index" : name.slice(2);
    const keys = run(
      "real.cjs",
      `console.log(Object.keys(require(${JSON.stringify(join(dist, `${file}.js`))})).length)`,
    );
    assert.ok(Number(keys) > 0, file);
    assert.match(readFileSync(join(dist, `${file}.d.ts`), "utf8"), /export \* from/);
  }
});

test("the types need no others, neither of the DOM nor of Node nor of a platform", () => {
  const withoutVue = names().filter((name) => name !== "./vue");
  const imports = withoutVue.map(
    (name, at) => `import * as all${at} from "suona${name.slice(1)}"; export const keep${at} = all${at};`,
  );
  const use = `
    import WebsocketHeartbeat from "suona/compat/websocket-heartbeat";
    import { ReliableSocket } from "suona/socket";
    import { wxPlatform } from "suona/wx";
    const socket = new ReliableSocket({ url: "wss://example.org", platform: wxPlatform(), heartbeat: { send: "ping" } });
    const sent: Promise<void> = socket.send(new Uint8Array(2));
    // @ts-expect-error: there is no such option
    new ReliableSocket({ url: "wss://example.org", platform: wxPlatform(), hartbeat: 1 });
    export const all = [sent, WebsocketHeartbeat];`;
  for (const flavour of ["mts", "cts"]) writeFileSync(join(project, `use.${flavour}`), imports.join("\n") + use);
  const options = [
    "--noEmit",
    "--strict",
    "--target",
    "es2015",
    "--lib",
    "es2015",
    "--module",
    "nodenext",
    "--types",
    "",
  ];
  const tsc = join(root, "node_modules/typescript/bin/tsc");
  execFileSync(process.execPath, [tsc, ...options, "use.mts", "use.cts"], { cwd: project, stdio: "inherit" });
  // Vue's own types ask for the DOM, which is Vue's affair.
  const useVue = `import { useStatus } from "suona/vue"; import { createSuona } from "suona";
    const { online } = useStatus(createSuona({ url: "" })); export const is: boolean = online.value;
    // @ts-expect-error: it is no number
    export const no: number = online.value;`;
  for (const flavour of ["mts", "cts"]) writeFileSync(join(project, `vue.${flavour}`), useVue);
  execFileSync(process.execPath, [tsc, ...options, "--skipLibCheck", "vue.mts", "vue.cts"], {
    cwd: project,
    stdio: "inherit",
  });
});

/** Whether it has syntax that ES2015 lacks: then something is to be done to make it ES2015. */
function isNewer(text: string): boolean {
  const written = (target: string): string => transformSync(text, { target, charset: "utf8", logLevel: "silent" }).code;
  // The printer leaves out what needs no rewriting: a comma behind the last argument, underscores in numbers.
  return written("es2015") !== written("esnext") || /[\w)\]}],\s*\)|\b\d+_\d/.test(text);
}

test("every file has the syntax of ES2015", () => {
  const files = readdirSync(dist, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".js"));
  for (const part of ["esm/index.js", "cjs/index.js", "miniprogram/index.js", "miniprogram/suona-status/index.js", "index.js"]) {
    assert.ok(files.includes(part.replaceAll("/", sep)), part);
  }
  assert.deepEqual(files.filter((file) => isNewer(readFileSync(join(dist, file), "utf8"))), []);
});

for (const text of [
  "a ** b;",
  "a **= 2;",
  "async function f() {}",
  "const f = async () => await 1;",
  "({ ...a });",
  "const { a, ...b } = c;",
  "f(a,\n);",
  "try { f(); } catch { g(); }",
  "a?.b;",
  "a?.();",
  "a ?? b;",
  "a ??= b;",
  "class A { b = 1; }",
  "class A { #b; c() { return this.#b; } }",
  "class A { static { f(); } }",
  "async function f() { for await (const a of b) g(a); }",
  "async function* f() {}",
  "/(?<=a)b/;",
  "/(?<a>b)/;",
  "/a.b/s;",
  "1_000;",
  "1n;",
]) {
  test(`the syntax of ${JSON.stringify(text)} is noticed as newer than ES2015`, () => assert.ok(isNewer(text)));
}

const folder = (): string => join(dist, manifest().miniprogram);
const wechatFiles = (): string[] =>
  readdirSync(folder(), { recursive: true, encoding: "utf8" }).filter(
    (file) => file.endsWith(".js") && !file.startsWith("suona-status/"),
  );

test("WeChat's folder asks for nothing that phones lack, and holds no other platform", () => {
  for (const file of wechatFiles()) {
    const text = readFileSync(join(folder(), file), "utf8");
    const asked = text.match(
      /\beval\(|new Function|globalThis|\bwindow\b|\bdocument\b|Text(En|De)coder|AbortController|new URL|\bprocess\b/,
    );
    assert.equal(asked?.[0], undefined, file);
    for (const [, path] of text.matchAll(/require\("([^"]+)"\)/g)) assert.match(path ?? "", /^\.\.?\//, file);
    assert.doesNotMatch(text, /"(uni|douyin|alipay|swan|browser|node)"/, file);
  }
});

test("the package needs no other, and nothing happens by its being loaded", () => {
  const published = JSON.parse(readFileSync(join(dist, "package.json"), "utf8")) as Record<string, unknown>;
  assert.deepEqual([published.dependencies, published.optionalDependencies, published.scripts], [undefined, undefined, undefined]);
  assert.equal(published.sideEffects, false);
  for (const file of readdirSync(dist, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".js"))) {
    for (const [, from = ""] of readFileSync(join(dist, file), "utf8").matchAll(/(?:\bfrom ?|\brequire\(|\bimport ?\(?)"([^"]+)"/g)) {
      assert.match(from, /^\.\.?\/|^vue$/, file);
    }
  }
});

test("Vue is asked for where it is used, and nowhere else", () => {
  const { peerDependenciesMeta } = JSON.parse(readFileSync(join(dist, "package.json"), "utf8"));
  assert.deepEqual(peerDependenciesMeta, { vue: { optional: true } });
  for (const flavour of ["esm", "cjs"]) {
    const files = readdirSync(join(dist, flavour), { recursive: true, encoding: "utf8" }).filter((file) =>
      /\.js$/.test(file),
    );
    const asking = files.filter((file) =>
      /(from |require\()"vue"/.test(readFileSync(join(dist, flavour, file), "utf8")),
    );
    assert.deepEqual(asking, ["vue.js"]);
  }
});

test("WeChat's folder loads where there are no globals at all", () => {
  const load = loader(vm.createContext(Object.create(null)), folder());
  for (const file of wechatFiles()) assert.ok(Object.keys(load(file)).length > 0 || dirname(file) === "parts", file);
});

test("WeChat's folder runs with wx, setTimeout and nothing else", async () => {
  const wx = new FakeWx();
  const load = loader(vm.createContext({ wx, setTimeout, clearTimeout }), folder());
  const { ReliableSocket } = load("socket.js") as typeof import("../src/socket.js");
  const { wxPlatform } = load("wx.js") as typeof import("../src/platform/wx.js");
  const heard: unknown[] = [];
  const socket = new ReliableSocket({
    url: "wss://example.org",
    platform: wxPlatform(),
    heartbeat: { send: "ping", reply: "pong" },
  });
  socket.messages.on((frame) => heard.push(frame));
  socket.start();
  const sent = socket.send("hello");
  wx.task.open();
  await sent;
  wx.task.message("pong");
  wx.task.message(new Uint8Array([1]).buffer);
  assert.deepEqual(wx.task.sent[0]?.data, "hello");
  assert.deepEqual(heard, [new Uint8Array([1]).buffer]);
  assert.equal(socket.status.value.online, true);
  wx.task.closed(1006);
  assert.equal(socket.status.value.state.at, "waiting");
  socket.close();
  assert.equal(socket.status.value.state.at, "offline");
});

test("what is built understands a platform of the app's own", () => {
  assert.equal(run("own.cjs", ownPlatform).trim(), "opening, online, waiting connection-lost, hidden connection-lost, offline");
});

test("what is built calls listeners by the names that they have", () => {
  assert.equal(run("listeners.cjs", allListeners).trim(), "reload subscribed message join leave ended");
});

test("what is built keeps its place in storage under the names that stay", () => {
  assert.deepEqual(run("kept.cjs", keptPlace).trim().split("\n"), [
    "load",
    '{"position":{"offset":1,"epoch":"e"},"kept":[{"data":"a","offset":1}]}',
  ]);
});

test("in Node a command that waits holds the process, and after close nothing does", () => {
  assert.equal(run("holding.cjs", holding).trim(), "0 1 0 stopped");
});

test("a page on WeChat's folder shows its connection, counts down, and ends", async () => {
  const wx = new FakeWx();
  const load = loader(vm.createContext({ wx, setTimeout, clearTimeout }), folder());
  const { createSuona } = load("index.js") as typeof import("../src/index.js");
  const { suonaPage } = load("page.js") as typeof import("../src/page.js");
  const suona = createSuona({ url: "wss://example.org" });
  const heard: unknown[] = [];
  const definition = suonaPage(suona, {
    data: { online: false, pending: 0, notice: "", left: 0, endAt: 1 },
    channels: { news: { message: "onNews" } },
    countdowns: { left: () => Infinity },
    onNews: (data: unknown) => void heard.push(data),
  });
  const page = new MiniPage(definition);
  suona.start();
  await settled();
  wx.task.open();
  const [greeting, subscribe] = String(wx.task.sent[0]?.data).split("\n");
  assert.equal(JSON.parse(subscribe!).subscribe.channel, "news");
  wx.task.message(
    `{"id":${JSON.parse(greeting!).id},"connect":{"client":"c"}}\n{"id":${JSON.parse(subscribe!).id},"subscribe":{}}`,
  );
  wx.task.message(`{"push":{"channel":"news","pub":{"data":"你好"}}}`);
  assert.deepEqual(page.data, { online: true, pending: 0, notice: "", left: Infinity, endAt: 1 });
  assert.deepEqual(heard, ["你好"]);
  page.unload();
  suona.close();
  assert.equal(page.data.online, true);
});
