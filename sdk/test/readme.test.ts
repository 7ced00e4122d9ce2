// Every code block of both READMEs: scripts are run, or checked with their types, under the names in their first lines.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, posix, resolve } from "node:path";
import { mock, test } from "node:test";
import vm from "node:vm";
import Vue2 from "vue2";
import { entries } from "../scripts/entries.mjs";
import * as index from "../src/index.js";
import * as mixin from "../src/mixin.js";
import * as page from "../src/page.js";
import * as zh from "../src/zh.js";
import { MiniPage } from "./mini-page.js";
import { World } from "./world.js";

const root = resolve(import.meta.dirname, "..");

interface Block {
  readonly language: string;
  readonly file: string;
  readonly code: string;
}

function blocks(readme: string): Block[] {
  const found = readFileSync(join(root, readme), "utf8").matchAll(/^```(\w+)\n(.*?)^```$/gms);
  return [...found].map(([, language, code]) => ({
    language: language!,
    code: code!,
    file: code!.match(/^(?:\/\/|<!--) (\S+)/)?.[1] ?? "",
  }));
}

/** What the examples find around them. */
const surroundings = `
  declare const uni: {
    connectSocket(options: object): unknown;
    getStorageSync(key: string): string;
    showToast(options: { title: string; icon: "none" }): void;
  };
  declare function defineProps<Props>(): Props;
`;

/** Loads scripts of a README as a mini-program does: each once, CommonJS, with these globals. */
function loader(scripts: Block[], device: World["device"], globals: object): (file: string) => unknown {
  const here = {
    ...index,
    createSuona: (options: index.Options) => index.createSuona({ ...options, platform: device }),
  };
  const packages: Record<string, object> = { suona: here, "suona/page": page, "suona/mixin": mixin, "suona/zh": zh };
  const modules = new Map<string, { exports: unknown }>();
  const load = (file: string): unknown => {
    const known = modules.get(file);
    if (known) return known.exports;
    const script = scripts.find((it) => it.file === file);
    assert.ok(script, `the README has no ${file}`);
    const module = { exports: {} };
    modules.set(file, module);
    const run = vm.compileFunction(script.code, ["require", "module", "exports", ...Object.keys(globals)], {
      filename: file,
    });
    const demand = (asked: string) => packages[asked] ?? load(`${posix.join(posix.dirname(file), asked)}.js`);
    run(demand, module, module.exports, ...Object.values(globals));
    return module.exports;
  };
  return load;
}

for (const readme of ["README.md", "README.zh-CN.md"]) {
  const all = blocks(readme);

  test(`${readme}: the native order desk, and the one of Vue 2, run`, async (t) => {
    mock.timers.enable({ apis: ["setTimeout"] });
    t.after(() => mock.timers.reset());
    const world = new World();
    world.server.rpc = () => ({ data: { total: 2, list: [{ id: 1, name: "唢呐" }] } });
    const asked: string[] = [];
    const definitions: object[] = [];
    const load = loader(
      all.filter(({ language }) => language === "js"),
      world.device,
      {
        wx: {
          request: ({ url, success }: { url: string; success(answer: object): void }) => {
            asked.push(url);
            success({ data: { token: "abc" } });
          },
        },
        App: ({ onLaunch }: { onLaunch(): void }) => onLaunch(),
        Page: (definition: object) => definitions.push(definition),
      },
    );
    load("app.js");
    load("pages/orders/orders.js");
    const desk = new MiniPage(definitions[0]!);
    assert.equal(desk.data.notice, "正在连接…");
    const Component = Vue2.extend(load("components/orders.js") as never) as unknown as new () => {
      list: object[];
      $destroy(): void;
    };
    const component = new Component();
    await world.pass(1000);
    const list = [{ id: 1, name: "唢呐" }];
    assert.deepEqual(desk.data, { online: true, pending: 0, notice: "", total: 2, list });
    assert.equal(JSON.stringify(component.list), JSON.stringify(list));
    assert.equal(world.server.greetings[0]!.token, "abc");
    assert.deepEqual(asked, ["https://example.com/token"]);
    world.server.rpc = () => ({ data: { total: 3, list: [] } });
    world.server.publish("orders", { method: "notify" });
    await world.pass(1000);
    assert.equal(desk.data.total, 3);
    assert.equal(component.list.length, 0);
    component.$destroy();
    (load("suona.js") as { suona: index.Suona }).suona.close();
  });

  test(`${readme}: what is in TypeScript has the right types`, (t) => {
    const project = mkdtempSync(join(tmpdir(), "suona-readme-"));
    t.after(() => rmSync(project, { recursive: true, force: true }));
    const typed = all.filter(({ language }) => language === "ts" || language === "vue");
    assert.ok(typed.length >= 5);
    for (const { file, code, language } of typed) {
      const script = language === "vue" ? code.match(/<script[^>]*>\n(.*)<\/script>/s)![1]! : code;
      const to = join(project, language === "vue" ? `${file}.ts` : file);
      mkdirSync(dirname(to), { recursive: true });
      writeFileSync(to, script);
    }
    writeFileSync(join(project, "surroundings.d.ts"), surroundings);
    symlinkSync(join(root, "node_modules"), join(project, "node_modules"));
    const ours = entries.map(({ name, source }) => [
      name === "index" ? "suona" : `suona/${name}`,
      [`${root}/src/${source}.ts`],
    ]);
    const compilerOptions = {
      target: "es2022",
      lib: ["es2022", "dom"],
      types: ["node"],
      noUnusedLocals: false,
      paths: { ...Object.fromEntries(ours), "@/*": ["./src/*"] },
    };
    const config = { extends: join(root, "tsconfig.json"), compilerOptions, include: ["."] };
    writeFileSync(join(project, "tsconfig.json"), JSON.stringify(config));
    const tsc = join(root, "node_modules/typescript/bin/tsc");
    try {
      execFileSync(process.execPath, [tsc, "-p", project], { encoding: "utf8" });
    } catch (error) {
      assert.fail((error as { stdout: string }).stdout);
    }
  });

  test(`${readme}: nothing else is code, the component exists, and links lead somewhere`, () => {
    const text = readFileSync(join(root, readme), "utf8");
    for (const { language, code } of all.filter(({ language }) => !["js", "ts", "vue"].includes(language))) {
      if (language === "json") {
        const { usingComponents } = JSON.parse(code) as { usingComponents: Record<string, string> };
        const path = usingComponents["suona-status"]!.replace(/^suona\//, "");
        assert.ok(existsSync(join(root, `src/components/${path}.wxml`)), path);
      } else {
        assert.equal(language, "html");
        assert.match(code, /<suona-status notice="\{\{notice\}\}" \/>/);
      }
    }
    for (const [, link] of text.matchAll(/\]\(([^)#]+)(?:#[^)]*)?\)/g)) assert.ok(existsSync(join(root, link!)), link);
  });
}

test("both READMEs have the same code, but for words", () => {
  const [english, chinese] = ["README.md", "README.zh-CN.md"].map((readme) =>
    blocks(readme).map(({ file, language }) => `${language} ${file}`),
  );
  assert.deepEqual(chinese, english);
});
