// What WeChat's developer tools do to a native project: 构建 npm, which copies the `miniprogram` folders of packages.

import { execFileSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const NATIVE = fileURLToPath(new URL("../../../examples/miniprogram", import.meta.url));

/** A copy of the native example as it runs: with its packages as the tools build them, and `more` files. */
export function withPackages(t, more = {}) {
  execFileSync("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund"], { cwd: NATIVE, stdio: "pipe" });
  const root = mkdtempSync(join(tmpdir(), "suona-miniprogram-"));
  t.after(() => rmSync(root, { recursive: true }));
  const ours = (path) => !/node_modules|miniprogram_npm/.test(path);
  cpSync(NATIVE, root, { recursive: true, filter: ours });
  const { dependencies } = JSON.parse(readFileSync(join(NATIVE, "package.json"), "utf8"));
  for (const name of Object.keys(dependencies)) {
    const from = join(NATIVE, "node_modules", name);
    const { miniprogram } = JSON.parse(readFileSync(join(from, "package.json"), "utf8"));
    cpSync(join(from, miniprogram), join(root, "miniprogram_npm", name), { recursive: true });
  }
  // Node finds packages under this name only.
  symlinkSync("miniprogram_npm", join(root, "node_modules"));
  for (const [file, text] of Object.entries(more)) writeFileSync(join(root, file), text);
  return root;
}
