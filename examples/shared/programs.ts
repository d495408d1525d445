import { type ChildProcess, type SpawnOptions, spawn as spawnHere, spawnSync } from 'node:child_process'

/** Whether `name` is a program of the PATH. */
export function hasProgram(name: string): boolean {
  return spawnSync('sh', ['-c', 'command -v "$1"', 'sh', name], { stdio: 'ignore' }).status === 0
}

export interface Finished {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Starts a program: `child_process.spawn`, or the same in another network namespace. */
export type Spawn = (command: string, args: readonly string[], options: SpawnOptions) => ChildProcess

export interface RunOptions {
  readonly cwd?: string
  readonly env?: NodeJS.ProcessEnv
  /** Milliseconds after which it is killed; default one minute. */
  readonly timeout?: number
  /** Called with each piece of standard output as it comes. */
  readonly onOutput?: (text: string) => void
  /** Default: `child_process.spawn`. */
  readonly spawn?: Spawn
}

/** Runs a program to its end, with the event loop free for whatever it talks to. Never rejects. */
export function runProgram(
  command: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<Finished> {
  return new Promise((resolve) => {
    const child = (options.spawn ?? spawnHere)(command, args, {
      cwd: options.cwd,
      env: options.env ?? process.env,
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: options.timeout ?? 60_000,
      killSignal: 'SIGKILL',
    })
    let stdout = ''
    let stderr = ''
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      stdout += text
      options.onOutput?.(text)
    })
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      stderr += text
    })
    child.on('error', (error) => resolve({ status: null, stdout, stderr: `${stderr}${error.message}` }))
    child.on('close', (status) => resolve({ status, stdout, stderr }))
  })
}

/** As `runProgram`. @throws Error with what the program said, when it does not end with 0 */
export async function mustRun(
  command: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<Finished> {
  const finished = await runProgram(command, args, options)
  if (finished.status === 0) return finished
  throw new Error(
    `${command} ${args.join(' ')} ended with ${finished.status}:\n${finished.stdout}${finished.stderr}`.slice(
      0,
      4000,
    ),
  )
}
