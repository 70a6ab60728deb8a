import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import { defineConfig, type Plugin } from "vite";

const COMPRESSED = /\.(js|css|html|svg)$/;

/** Writes `.br` and `.gz` beside each text file, so that the gateway compresses nothing. */
function precompressed(): Plugin {
  return {
    name: "precompressed",
    apply: "build",
    generateBundle: {
      order: "post",
      handler(_, bundle) {
        for (const file of Object.values(bundle)) {
          if (!COMPRESSED.test(file.fileName)) continue;
          const content = Buffer.from(file.type === "chunk" ? file.code : file.source);
          const parameters = { [constants.BROTLI_PARAM_QUALITY]: 11 };
          const variants = { br: brotliCompressSync(content, { params: parameters }), gz: gzipSync(content, { level: 9 }) };
          for (const [suffix, source] of Object.entries(variants)) {
            this.emitFile({ type: "asset", fileName: `${file.fileName}.${suffix}`, source });
          }
        }
      },
    },
  };
}

export default defineConfig({
  // Relative, so that the page works below any path.
  base: "./",
  build: {
    target: "es2022",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    // The gateway finds the files of the API reference in it.
    manifest: true,
    rolldownOptions: {
      input: { index: "index.html", reference: "src/reference/main.tsx", "service-worker": "src/worker/index.ts" },
      output: {
        // Browsers look for a service worker at one address.
        entryFileNames: ({ name }) => (name === "service-worker" ? "service-worker.js" : "assets/[name]-[hash].js"),
      },
    },
  },
  plugins: [precompressed()],
});
