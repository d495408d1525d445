import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const BIN = fileURLToPath(new URL('../bin/tapwire-workshop.mjs', import.meta.url))
export const EXERCISES = fileURLToPath(new URL('../exercises/', import.meta.url))

export interface Ended {
  readonly status: number | null
  readonly out: string
  readonly error: string
}

/** Somebody who does the workshop: a home of their own, a folder for their programs, and the command. */
export class Person {
  readonly home = mkdtempSync(join(tmpdir(), 'tapwire-workshop-'))
  readonly state = join(this.home, '.local/state/tapwire-workshop/progress.json')

  /** @param through a program that starts the command, with its arguments */
  start(args: readonly string[], env: NodeJS.ProcessEnv = {}, through: readonly string[] = []): ChildProcess {
    // Neither the state folder nor the loader's settings of whoever runs the tests.
    const { XDG_STATE_HOME: _, TSX_TSCONFIG_PATH: __, ...rest } = process.env
    const [command, ...before] = [...through, process.execPath]
    return spawn(command, [...before, BIN, ...args], {
      cwd: this.home,
      env: { ...rest, HOME: this.home, NODE_NO_WARNINGS: '1', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
  }

  run(args: readonly string[], env: NodeJS.ProcessEnv = {}, through: readonly string[] = []): Promise<Ended> {
    return new Promise((resolve) => {
      const child = this.start(args, env, through)
      const text = { out: '', error: '' }
      child.stdout?.setEncoding('utf8').on('data', (piece) => {
        text.out += piece
      })
      child.stderr?.setEncoding('utf8').on('data', (piece) => {
        text.error += piece
      })
      child.on('close', (status) => resolve({ status, ...text }))
    })
  }

  write(name: string, text: string): void {
    writeFileSync(join(this.home, name), text)
  }

  read(name: string): string {
    return readFileSync(join(this.home, name), 'utf8')
  }

  get progress(): unknown {
    return JSON.parse(readFileSync(this.state, 'utf8'))
  }

  /** A solution as a learner would have it: beside what `select` wrote. */
  solve(id: string, file = 'solution.ts'): void {
    const text = readFileSync(`${EXERCISES}${id}/${file}`, 'utf8')
    this.write(`${id}.ts`, text.replaceAll('../../src/learner/', './'))
  }

  leave(): void {
    rmSync(this.home, { recursive: true, force: true })
  }

  /** The processes that run programs of this person's now (Linux). */
  get running(): number[] {
    const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name))
    return pids.map(Number).filter((pid) => {
      try {
        const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8')
        return command.includes('child.ts') && command.includes(this.home)
      } catch {
        return false // It has ended meanwhile.
      }
    })
  }
}
