// Prints what the parts weigh, minified and gzipped, and fails where one is over its limit.
import { build } from "esbuild";
import { existsSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { privateNames } from "./private-names.mjs";

const parts = [
  { name: "link and driver", files: ["src/link/link.ts", "src/link/driver.ts"] },
  { name: "client core", files: ["src/client/core.ts", "src/link/driver.ts"] },
  { name: "ReliableSocket", files: ["src/socket.ts"], limit: 3 * 1024 },
  { name: "createSuona on WeChat", files: ["src/client/suona.ts", "src/platform/wx.ts"], limit: 8 * 1024 },
];

let heavy = false;
for (const { name, files, limit } of parts) {
  if (!files.every((file) => existsSync(file))) continue;
  const { outputFiles } = await build({
    stdin: { contents: files.map((file) => `export * from "./${file}";`).join("\n"), resolveDir: "." },
    bundle: true,
    minify: true,
    mangleProps: privateNames(),
    write: false,
    format: "esm",
    target: "es2015",
  });
  const bytes = outputFiles[0].contents;
  const zipped = gzipSync(bytes, { level: 9 }).length;
  const over = limit !== undefined && zipped > limit;
  heavy ||= over;
  console.log(`${name}: ${bytes.length} bytes, ${zipped} gzipped${limit ? ` of ${limit}` : ""}${over ? ": TOO HEAVY" : ""}`);
}
process.exit(heavy ? 1 : 0);
