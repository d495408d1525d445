import { mkdirSync, rmSync } from 'node:fs'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { build } from 'esbuild'

const root = fileURLToPath(new URL('../..', import.meta.url))
const WORKERS = `${root}packages/net-api/src/workers/`

export interface QueueBundle {
  /** `@tapwire/net-api/workers`. */
  readonly workers: typeof import('@tapwire/net-api/workers')
  /** The module that was given, to be run on each queue. */
  readonly module: URL
  /** Removes the files. */
  remove(): void
}

/**
 * The threads' programs as plain JavaScript: to read and compile hundreds of sources in each thread takes seconds.
 * @param module a TypeScript module that is to run on each queue
 */
export async function bundleQueues(module: URL): Promise<QueueBundle> {
  // Where the driver's native code is found, and git looks away.
  const folder = `${root}packages/tap-driver/node_modules/.cache/queues-${process.pid}-${Date.now()}`
  mkdirSync(folder, { recursive: true })
  await build({
    entryPoints: [
      { in: `${WORKERS}index.ts`, out: 'index' },
      { in: `${WORKERS}queue-worker.ts`, out: 'queue-worker' },
      { in: fileURLToPath(module), out: 'module' },
    ],
    outdir: folder,
    outExtension: { '.js': '.mjs' },
    // What the worker and the module have in common must be one.
    splitting: true,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    sourcemap: 'inline',
    // The sources, not what was built of them at some time.
    conditions: ['tapwire-source'],
    banner: {
      js: "import { createRequire as makeRequire } from 'node:module'; const require = makeRequire(import.meta.url)",
    },
    external: ['koffi'],
    logLevel: 'error',
  })
  return {
    workers: await import(pathToFileURL(`${folder}/index.mjs`).href),
    module: pathToFileURL(`${folder}/module.mjs`),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  }
}
