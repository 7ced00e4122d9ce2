// Builds the package as it is published into `dist`: ES modules, CommonJS, types, and WeChat's own folder.
import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, relative } from "node:path";
import { build, transform } from "esbuild";
import { entries, root, wxAlone } from "./entries.mjs";
import { privateNames } from "./private-names.mjs";

const dist = `${root}dist`;
const source = JSON.parse(readFileSync(`${root}package.json`, "utf8"));

/** Modules that share their common parts. Members that are private are shortened: nobody else can name them. */
async function modules(list, options) {
  const { outputFiles } = await build({
    entryPoints: list.map(({ entry, source }) => ({ in: `${root}src/${source}.ts`, out: entry })),
    outdir: "/",
    bundle: true,
    external: ["vue"],
    splitting: true,
    format: "esm",
    target: "es2015",
    chunkNames: "parts/[name]-[hash]",
    mangleProps: privateNames(`${root}src`),
    legalComments: "none",
    charset: "utf8",
    write: false,
    ...options,
  });
  return outputFiles.map(({ path, text }) => ({ file: path.slice(1), text: withoutBareImports(text) }));
}

/** No part does anything by being loaded, and bundlers warn of imports that ask for nothing else. */
function withoutBareImports(text) {
  return text.replace(/(?<=^|[;\n])import ?"[^"]+";\n?/g, "");
}

async function commonJs({ file, text }, minify) {
  const { code } = await transform(text, { format: "cjs", target: "es2015", minify, charset: "utf8" });
  return { file, text: code };
}

function write(folder, { file, text }) {
  mkdirSync(dirname(`${dist}/${folder}/${file}`), { recursive: true });
  writeFileSync(`${dist}/${folder}/${file}`, text);
}

async function forBundlers() {
  const list = entries.map(({ source }) => ({ entry: source, source }));
  for (const module of await modules(list)) {
    write("esm", module);
    write("cjs", await commonJs(module, false));
  }
  write("esm", { file: "package.json", text: `{ "type": "module", "sideEffects": false }\n` });
  write("cjs", { file: "package.json", text: `{ "type": "commonjs", "sideEffects": false }\n` });
}

/** WeChat copies this folder whole and ignores everything else of the package: no other platform is in it. */
async function forWeChat() {
  const list = entries.filter(({ wechat }) => wechat).map(({ name, source }) => ({ entry: name, source }));
  for (const module of await modules(list, { minify: true, plugins: [wxAlone] })) {
    write("miniprogram", await commonJs(module, true));
  }
  if (existsSync(`${root}src/components`)) cpSync(`${root}src/components`, `${dist}/miniprogram`, { recursive: true });
}

function types() {
  const tsc = [`${root}node_modules/typescript/bin/tsc`, "-p", root, "--noEmit", "false", "--rootDir", `${root}src`];
  execFileSync(process.execPath, [...tsc, "--declaration", "--emitDeclarationOnly", "--outDir", `${dist}/esm`], { stdio: "inherit" });
  const declarations = (path) => statSync(path).isDirectory() || path.endsWith(".d.ts");
  cpSync(`${dist}/esm`, `${dist}/cjs`, { recursive: true, filter: declarations });
}

/** A file for each name, for tools that know no `exports`. */
function realFiles() {
  for (const { name, source } of entries) {
    const to = relative(dirname(`/${name}`), `/cjs/${source}.js`).replace(/^(?!\.)/, "./");
    const hasDefault = /^export default/m.test(readFileSync(`${root}src/${source}.ts`, "utf8"));
    write(".", { file: `${name}.js`, text: `module.exports = require("${to}");\n` });
    write(".", { file: `${name}.d.ts`, text: `export * from "${to}";\n${hasDefault ? `export { default } from "${to}";\n` : ""}` });
  }
}

function manifest() {
  const { name, version, description, license, sideEffects, peerDependencies, peerDependenciesMeta } = source;
  const exported = entries.map(({ name, source }) => [
    name === "index" ? "." : `./${name}`,
    {
      import: { types: `./esm/${source}.d.ts`, default: `./esm/${source}.js` },
      require: { types: `./cjs/${source}.d.ts`, default: `./cjs/${source}.js` },
    },
  ]);
  const published = {
    ...{ name, version, description, license, sideEffects },
    main: "./cjs/index.js",
    module: "./esm/index.js",
    types: "./index.d.ts",
    miniprogram: "miniprogram",
    ...{ peerDependencies, peerDependenciesMeta },
    exports: { ...Object.fromEntries(exported), "./package.json": "./package.json" },
  };
  write(".", { file: "package.json", text: `${JSON.stringify(published, null, 2)}\n` });
}

rmSync(dist, { recursive: true, force: true });
await forBundlers();
await forWeChat();
types();
realFiles();
manifest();
for (const file of ["README.md", "README.zh-CN.md", "docs/api.md"]) if (existsSync(root + file)) cpSync(root + file, `${dist}/${file}`);
cpSync(`${root}../LICENSE`, `${dist}/LICENSE`);
