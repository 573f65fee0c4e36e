import { defineConfig } from "vite";

// Paths are relative, so that the folder can be served from anywhere. Nothing is inlined: the page's policy allows no
// script or style but its own files.
export default defineConfig({
  base: "./",
  publicDir: "public",
  worker: { format: "es" },
  build: {
    outDir: "../../../target/playground",
    emptyOutDir: true,
    target: "es2022",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 1200,
  },
});
