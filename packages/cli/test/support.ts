import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { afterAll } from 'vitest'
import { runTapwire } from '../src/main.ts'

// What a command loads only when it runs is made ready here: on a busy machine that takes longer than a test may.
await Promise.all([
  ...['demo', 'dump', 'http', 'lab', 'nc', 'packetdrill', 'ping', 'stats', 'trace'].map(
    (name) => import(`../src/commands/${name}.ts`),
  ),
  ...['kernel-wire', 'services', 'virtual-wire'].map((name) => import(`../src/world/${name}.ts`)),
  ...['control', 'tracing'].map((name) => import(`../src/observe/${name}.ts`)),
])

const root = fileURLToPath(new URL('../../..', import.meta.url))
const loader = createRequire(import.meta.url).resolve('tsx')
const entry = fileURLToPath(new URL('../src/tapwire.ts', import.meta.url))

/** A folder of the test file's own, which is also where its commands have their sockets. */
export const folder = mkdtempSync(join(tmpdir(), 'tapwire-cli-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

export interface Ended {
  readonly status: number
  readonly out: string
  readonly err: string
}

/** A command that runs in this process. */
export interface Running {
  readonly ended: Promise<Ended>
  /** Resolves with the match, once standard output and standard error together have it. */
  said(pattern: RegExp): Promise<RegExpExecArray>
  write(text: string): void
  endInput(): void
  /** As Ctrl-C. */
  interrupt(signal?: number): void
}

export function start(
  args: readonly string[],
  env: Record<string, string> = {},
  { isTTY = false } = {},
): Running {
  const stdin = Object.assign(new PassThrough(), { isTTY })
  const listeners = new Set<() => void>()
  const collect = (): { stream: PassThrough; text(): string } => {
    const stream = new PassThrough()
    let text = ''
    stream.setEncoding('utf8').on('data', (piece: string) => {
      text += piece
      for (const listener of [...listeners]) listener()
    })
    return { stream, text: () => text }
  }
  const [out, err] = [collect(), collect()]
  const interruption = new AbortController()
  const status = runTapwire(args, {
    stdin,
    stdout: out.stream,
    stderr: err.stream,
    env: { XDG_RUNTIME_DIR: folder, ...env },
    interrupted: interruption.signal,
  })
  return {
    ended: status.then(async (value) => {
      await new Promise((resolve) => setImmediate(resolve))
      return { status: value, out: out.text(), err: err.text() }
    }),
    said: (pattern) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          const match = pattern.exec(out.text() + err.text())
          if (match === null) return
          listeners.delete(look)
          resolve(match)
        }
        listeners.add(look)
        look()
        void status.then(
          () =>
            setImmediate(() =>
              reject(new Error(`it ended without saying ${pattern}:\n${out.text()}${err.text()}`)),
            ),
          reject,
        )
      }),
    write: (text) => stdin.write(text),
    endInput: () => stdin.end(),
    interrupt: (signal = 2) => interruption.abort(signal),
  }
}

/** Runs a command in this process to its end. */
export function run(args: readonly string[], input = '', env: Record<string, string> = {}): Promise<Ended> {
  const running = start(args, env)
  if (input !== '') running.write(input)
  running.endInput()
  return running.ended
}

/** Environment and arguments of the real program, as a process of its own. */
export const program = {
  args: ['--import', loader, entry],
  env: {
    ...process.env,
    XDG_RUNTIME_DIR: folder,
    TSX_TSCONFIG_PATH: join(root, 'tsconfig.json'),
    NO_COLOR: '',
  },
}

/** Starts the real program. */
export function spawnTapwire(args: readonly string[], options: SpawnOptions = {}): ChildProcess {
  return spawn(process.execPath, [...program.args, ...args], { env: program.env, ...options })
}
