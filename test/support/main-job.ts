import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'vitest'
import { type Finished, runProgram } from '../../examples/shared/programs.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** Options that keep a run short. */
export const SMALL = ['--size', '4', '--connections', '50']
/** Milliseconds that a run with them may take on a busy machine. */
export const LONG = 120_000

/** Runs of the main job, each a process of its own, in a temporary folder that takes their captures. */
export class MainJob {
  readonly folder = mkdtempSync(join(tmpdir(), 'tapwire-main-'))

  /** What starts it, for those who start it themselves. */
  command(args: readonly string[]): { args: string[]; cwd: string; env: NodeJS.ProcessEnv } {
    return {
      args: ['--import', 'tsx', 'examples/main/main.ts', ...args],
      cwd: root,
      env: { ...process.env, TMPDIR: this.folder },
    }
  }

  /** @param through a program and its options, that is to run it */
  run(
    args: readonly string[],
    env: NodeJS.ProcessEnv = {},
    through: readonly string[] = [],
  ): Promise<Finished> {
    const own = this.command(args)
    const [program, ...rest] = [...through, process.execPath, ...own.args]
    return runProgram(program, rest, { cwd: own.cwd, env: { ...own.env, ...env }, timeout: LONG })
  }

  expectEveryStepRight(finished: Finished, description: RegExp): void {
    expect(finished, finished.stdout + finished.stderr).toMatchObject({ status: 0, stderr: '' })
    expect(finished.stdout).toMatch(description)
    expect(finished.stdout).toContain('7 of 7 steps were right.')
    expect(finished.stdout).not.toContain('WRONG')
    expect(this.#captureOf(finished).length).toBeGreaterThan(1000)
  }

  /** The one capture that a run leaves behind. */
  #captureOf({ stdout }: Finished): Uint8Array {
    const path = /Capture of the first exchange: (.+)$/m.exec(stdout)?.[1] ?? ''
    expect(readdirSync(this.folder, { recursive: true })).toContain(path.slice(this.folder.length + 1))
    return readFileSync(path)
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true })
  }
}
