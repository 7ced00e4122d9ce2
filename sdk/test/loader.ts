import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import vm from "node:vm";

/** CommonJS as a mini-program has it: relative files of one folder, and the globals of `context` alone. */
export function loader(context: vm.Context, folder: string): (file: string) => object {
  const modules = new Map<string, { exports: object }>();
  const load = (file: string): object => {
    const path = file.endsWith(".js") ? file : `${file}.js`;
    const known = modules.get(path);
    if (known) return known.exports;
    const module = { exports: {} };
    modules.set(path, module);
    const code = `(function (require, module, exports) {${readFileSync(join(folder, path), "utf8")}\n})`;
    const run = vm.runInContext(code, context, { filename: path }) as (...given: unknown[]) => void;
    run((asked: string) => load(join(dirname(path), asked)), module, module.exports);
    return module.exports;
  };
  return load;
}
