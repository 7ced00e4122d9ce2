// Builds the page into `dist`, which is committed: whoever runs the demo needs no Node. Needs what `npm ci --prefix sdk`
// installs. The same sources give the same bytes. `build.mjs FOLDER` builds into another folder.
import { cpSync, mkdirSync } from "node:fs";
import { createRequire } from "node:module";
import { argv } from "node:process";
import { fileURLToPath } from "node:url";

const here = fileURLToPath(new URL(".", import.meta.url));
const sdk = fileURLToPath(new URL("../../../sdk/", import.meta.url));
const { build } = createRequire(`${sdk}package.json`)("esbuild");

/** The SDK as it is written, and its Vue. */
const ours = {
  name: "ours",
  setup({ onResolve, resolve }) {
    onResolve({ filter: /^suona($|\/)/ }, ({ path }) => {
      const entry = path.slice("suona/".length) || "index";
      return { path: `${sdk}src/${entry === "browser" ? "platform/browser" : entry}.ts` };
    });
    onResolve({ filter: /^vue($|\/)/, namespace: "file" }, ({ path, kind, pluginData }) =>
      pluginData === "vue" ? undefined : resolve(path, { kind, resolveDir: sdk, pluginData: "vue" }),
    );
  },
};

const dist = argv[2] ?? `${here}dist`;
mkdirSync(dist, { recursive: true });
await build({
  absWorkingDir: here,
  entryPoints: [
    { in: "src/main.tsx", out: "page" },
    { in: "src/style/page.css", out: "page" },
  ],
  outdir: dist,
  bundle: true,
  minify: true,
  format: "esm",
  target: ["es2022", "chrome111", "firefox113", "safari16.4"],
  jsx: "automatic",
  jsxImportSource: "vue",
  charset: "utf8",
  legalComments: "eof",
  plugins: [ours],
  define: {
    "process.env.NODE_ENV": '"production"',
    __VUE_OPTIONS_API__: "false",
    __VUE_PROD_DEVTOOLS__: "false",
    __VUE_PROD_HYDRATION_MISMATCH_DETAILS__: "false",
  },
  logLevel: "warning",
});
cpSync(`${here}index.html`, `${dist}/index.html`);
