import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { buildSync } from 'esbuild'

const run = promisify(execFile)

/**
 * What makes each run the same, however busy the machine: code is compiled when it is due and not when another thread has
 * time, and nothing is collected before 64 MiB of young objects.
 */
const FLAGS = [
  '--expose-gc',
  '--no-concurrent-recompilation',
  '--single-threaded-gc',
  '--min-semi-space-size=64',
  '--max-semi-space-size=64',
]

/** A program of this folder, bundled, that measures its own garbage: see `heapGrowth`. */
export class ChildProgram {
  readonly #folder = mkdtempSync(join(tmpdir(), 'tapwire-'))
  readonly #program = join(this.#folder, 'program.mjs')

  constructor(entry: URL) {
    buildSync({
      entryPoints: [fileURLToPath(entry)],
      outfile: this.#program,
      bundle: true,
      format: 'esm',
      platform: 'node',
      target: 'node20',
    })
  }

  /** Runs it once. @returns what it wrote, which is JSON */
  async run(argument: unknown): Promise<unknown> {
    const { stdout } = await run(process.execPath, [...FLAGS, this.#program, JSON.stringify(argument)])
    return JSON.parse(stdout)
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true })
  }
}
