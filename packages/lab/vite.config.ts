import { fileURLToPath } from 'node:url'
import { defineConfig, type Plugin } from 'vite'

const stack = fileURLToPath(new URL('../stack/src/index.ts', import.meta.url))

/**
 * The built page may load nothing but its own files, whatever is in it. `data:` and `blob:` are pictures that it makes itself.
 * While it is being developed, Vite puts styles into the page, which this would forbid.
 */
const POLICY =
  "default-src 'self'; img-src 'self' data: blob:; base-uri 'none'; form-action 'none'; object-src 'none'"

function contentSecurityPolicy(): Plugin {
  return {
    name: 'content-security-policy',
    apply: 'build',
    transformIndexHtml: () => [
      {
        tag: 'meta',
        attrs: { 'http-equiv': 'Content-Security-Policy', content: POLICY },
        injectTo: 'head-prepend',
      },
    ],
  }
}

export default defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  // Relative, so that the page works in any folder of any site.
  base: './',
  resolve: { alias: { '@tapwire/stack': stack } },
  plugins: [contentSecurityPolicy()],
  build: {
    outDir: 'dist/page',
    emptyOutDir: true,
    target: 'es2023',
    modulePreload: { polyfill: false },
    // What the policy allows are files, not `data:` addresses in them.
    assetsInlineLimit: 0,
    // A whole TCP/IP stack is in it; the test looks at what it weighs compressed.
    chunkSizeWarningLimit: 1000,
  },
  server: { host: '127.0.0.1' },
})
