import { mkdirSync, rmSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const here = fileURLToPath(new URL('.', import.meta.url))
/** Where the driver's native code is found, and git looks away. A user-mode Linux sees it as it is here. */
const folder = fileURLToPath(
  new URL('../../packages/tap-driver/node_modules/.cache/bench-netem', import.meta.url),
)
const PROGRAMS = ['inside.ts', 'kernel-end.ts', 'tapwire-end.ts']

/**
 * The programs of the measurement as plain JavaScript, a file each: where a system call takes 30 µs, reading and compiling
 * hundreds of sources in each of a dozen processes would take minutes.
 *
 * @returns the first of them, which finds the others beside it
 */
export async function bundlePrograms(): Promise<string> {
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  await build({
    entryPoints: PROGRAMS.map((name) => `${here}${name}`),
    outdir: folder,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    sourcemap: 'inline',
    // The sources, not what was built of them at some time.
    conditions: ['tapwire-source'],
    // What some dependencies were written for.
    banner: {
      js: "import { createRequire as makeRequire } from 'node:module'; const require = makeRequire(import.meta.url)",
    },
    external: ['koffi'],
    logLevel: 'error',
  })
  return `${folder}/inside.mjs`
}
