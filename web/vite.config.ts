import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vitest/config";

const SERVER = "http://127.0.0.1:8177";

export default defineConfig({
  plugins: [svelte()],
  build: {
    outDir: "../src/lookalike/api/page",
    emptyOutDir: true,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    target: ["chrome123", "firefox128", "safari17.5"],
  },
  server: { proxy: { "/v1": SERVER } },
  test: { include: ["src/**/*.test.ts"] },
});
