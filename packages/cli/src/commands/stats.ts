import { Failure, Status } from '../failure.ts'
import { attach } from '../observe/attach.ts'
import { type Snapshot, statsText } from '../observe/stats.ts'
import { paintFor, pause, type Terminal } from '../terminal.ts'

interface StatsOptions {
  readonly pid?: number
  /** Seconds. */
  readonly every?: number
  readonly all?: boolean
  readonly json?: boolean
}

/** `tapwire stats`: what the stack of a running command has counted. */
export async function stats(terminal: Terminal, _: readonly string[], given: object): Promise<number> {
  const { pid, every, all = false, json = false } = given as StatsOptions
  const paint = paintFor(terminal.stdout, terminal.env)
  let known = pid
  let asked = 0
  do {
    if (asked > 0) await pause(terminal, (every ?? 0) * 1000)
    const answer = await ask(terminal, known, asked > 0)
    if (answer === null) return Status.Done
    known = answer.greeting.pid
    const { pid: id, command, description } = answer.greeting
    if (json)
      terminal.stdout.write(`${JSON.stringify({ pid: id, command, description, ...answer.snapshot })}\n`)
    else
      terminal.stdout.write(
        `${paint('bold', `${command} (${id})`)}, ${description}\n${statsText(answer.snapshot, paint, all)}`,
      )
    asked++
  } while (every !== undefined && !terminal.interrupted.aborted)
  return Status.Done
}

/** @returns null where the command that was asked before has ended meanwhile */
async function ask(terminal: Terminal, pid: number | undefined, again: boolean) {
  if (terminal.interrupted.aborted) return null
  try {
    const running = await attach(terminal, pid, { ask: 'stats' })
    for await (const line of running.lines()) {
      running.close()
      return { greeting: running.greeting, snapshot: line as Snapshot }
    }
    return null
  } catch (error) {
    if (again && error instanceof Failure) return null
    throw error
  }
}
