import type { ChildProcess, SpawnOptions } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import type { KernelSide } from '../../examples/shared/kernel-side.ts'

const LISTEN = '0A'
/** Milliseconds, on a machine that has other things to do. */
const PATIENCE = 20_000

/** Whether a socket of this process's network namespace listens on a port. */
function listens(pid: number, port: number): boolean {
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, '0')}`
  return ['tcp', 'tcp6'].some((table) =>
    readFileSync(`/proc/${pid}/net/${table}`, 'utf8')
      .split('\n')
      .map((line) => line.trim().split(/\s+/))
      .some((fields) => fields[1]?.endsWith(suffix) && fields[3] === LISTEN),
  )
}

/**
 * Starts a server program on the kernel's side and waits until it listens on `port`.
 * @throws Error with what it said, when it ends before
 */
export async function startDaemon(
  side: KernelSide,
  port: number,
  command: string,
  args: readonly string[],
  options: SpawnOptions = {},
): Promise<ChildProcess> {
  const child = side.start(command, args, { stdio: ['ignore', 'pipe', 'pipe'], ...options })
  let said = ''
  if (options.stdio === undefined) child.stdout?.on('data', (text) => (said += text))
  child.stderr?.on('data', (text) => (said += text))
  child.on('error', (error) => (said += error.message))
  const until = performance.now() + PATIENCE
  while (child.exitCode === null && child.signalCode === null && performance.now() < until) {
    if (child.pid !== undefined && listens(child.pid, port)) return child
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  child.kill('SIGKILL')
  throw new Error(`${command} does not listen on port ${port}: ${said.slice(-4000)}`)
}

/** Ends it in order. */
export async function stopDaemon(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = once(child, 'exit')
  child.kill(signal)
  await ended
}
