import { CommanderError } from 'commander'
import { Failure, isExpected, Status } from './failure.ts'
import { makeProgram } from './program.ts'
import { paintFor, say, type Terminal } from './terminal.ts'

/** Runs the command `tapwire`. @param args without node and script @returns its status */
export async function runTapwire(args: readonly string[], terminal: Terminal): Promise<number> {
  const status = await run(args, terminal)
  // What it printed so far stands; the shell is told who ended it.
  return terminal.interrupted.aborted ? 128 + Number(terminal.interrupted.reason) : status
}

async function run(args: readonly string[], terminal: Terminal): Promise<number> {
  let status: number = Status.Done
  const program = makeProgram(terminal, (result) => {
    status = result
  })
  try {
    await program.parseAsync([...args], { from: 'user' })
    return status
  } catch (error) {
    // Commander has told it already.
    if (error instanceof CommanderError) return error.exitCode === 0 ? Status.Done : Status.Usage
    if (!isExpected(error)) throw error
    say(terminal.stderr, `${paintFor(terminal.stderr, terminal.env)('red', 'tapwire')}: ${sentenceOf(error)}`)
    return error instanceof Failure ? error.status : statusOf(error)
  }
}

function sentenceOf(error: Error): string {
  return error.message.split('\n')[0].replace(/\.$/, '')
}

/** Settings that the stack refused are mistakes of the command line; the rest happened. */
function statusOf(error: Error): Status {
  return String((error as { code?: unknown }).code).startsWith('ERR_') ? Status.Usage : Status.Failed
}
