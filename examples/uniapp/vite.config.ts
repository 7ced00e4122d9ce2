import { fileURLToPath } from "node:url";
import plugin from "@dcloudio/vite-plugin-uni";
import { defineConfig } from "vite";

// In ES modules Node hands the whole CommonJS module over as its default export.
const uni = (plugin as unknown as { default?: typeof plugin }).default ?? plugin;

export default defineConfig({
  plugins: [uni()],
  // Known in advance: found one by one as pages are opened, each would load the page under development anew.
  optimizeDeps: { include: ["suona", "suona/mixin", "suona/store", "suona/uni", "suona/vue", "suona/zh"] },
  // The gateway takes pages of this address alone: at another port they would not connect.
  server: { port: 5173, strictPort: true },
  resolve: { alias: { "@": fileURLToPath(new URL("src", import.meta.url)) } },
});
