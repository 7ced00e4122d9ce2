// What WeChat's developer tools do to a native project: 构建 npm, which copies the `miniprogram` folders of packages.

import { execFileSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const SDK = fileURLToPath(new URL("../../../sdk", import.meta.url));
export const NATIVE = fileURLToPath(new URL("../../../examples/miniprogram", import.meta.url));

/** The components of packages that its pages use, and where they are once they are built. */
export const usingComponents = { "suona-status": "/miniprogram_npm/suona/suona-status/index" };

/** A copy of the native example as it runs: with its packages as the tools build them, and `more` files. */
export function withPackages(t, more = {}) {
  const tree = mkdtempSync(join(tmpdir(), "suona-miniprogram-"));
  t.after(() => rmSync(tree, { recursive: true }));
  // It installs the SDK from where that lies beside it.
  symlinkSync(SDK, join(tree, "sdk"));
  const root = join(tree, "examples/miniprogram");
  const ours = (path) => !/node_modules|miniprogram_npm/.test(path);
  cpSync(NATIVE, root, { recursive: true, filter: ours });
  execFileSync("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund"], { cwd: root, stdio: "pipe" });
  const { dependencies } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  for (const name of Object.keys(dependencies)) {
    const from = join(root, "node_modules", name);
    const { miniprogram } = JSON.parse(readFileSync(join(from, "package.json"), "utf8"));
    cpSync(join(from, miniprogram), join(root, "miniprogram_npm", name), { recursive: true });
  }
  // Node finds packages under this name only.
  rmSync(join(root, "node_modules"), { recursive: true });
  symlinkSync("miniprogram_npm", join(root, "node_modules"));
  for (const [file, text] of Object.entries(more)) writeFileSync(join(root, file), text);
  return root;
}
