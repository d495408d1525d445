import type { TraceEvent } from '@tapwire/stack'
import { Status } from '../failure.ts'
import { attach } from '../observe/attach.ts'
import { isMissed } from '../observe/missed.ts'
import { isWanted, TraceWriter } from '../observe/trace-line.ts'
import type { TracedEvent } from '../observe/tracing.ts'
import { inWorld } from '../session.ts'
import { paintFor, say, type Terminal } from '../terminal.ts'
import { readWorldOptions } from '../world/options.ts'

interface TraceOptions {
  readonly pid?: number
  readonly all?: boolean
  readonly json?: boolean
}

/** `tapwire trace`: what TCP decides, of a command that is running, or of small servers on a device that it opens. */
export async function trace(terminal: Terminal, _: readonly string[], given: object): Promise<number> {
  const { pid, all = false, json = false } = given as TraceOptions
  const writer = new TraceWriter(json, paintFor(terminal.stdout, terminal.env))
  const tell = (traced: TracedEvent): void => say(terminal.stdout, writer.line(traced))
  const world = readWorldOptions(given, { offload: false })
  if (world.device === null) {
    const running = await attach(terminal, pid, { ask: 'trace', all })
    const { greeting } = running
    say(terminal.stderr, `tapwire: ${greeting.command} (${greeting.pid}), ${greeting.description}`)
    for await (const line of running.lines()) {
      if (isMissed(line))
        say(terminal.stderr, `tapwire: ${line.missed} events were too many, and are left out`)
      else tell(line as TracedEvent & { event: TraceEvent })
    }
    return Status.Done
  }
  const { startServices, SERVICES_TEXT } = await import('../world/services.ts')
  return inWorld(terminal, world, { command: 'trace' }, async (session) => {
    const { stack, description, own } = session.world
    say(terminal.stderr, `tapwire: ${description}; at ${own[0]} there are ${SERVICES_TEXT}`)
    await startServices(stack)
    const stop = session.tracing.listen((traced) => {
      if (isWanted(traced, all)) tell(traced)
    })
    const status = await session.serve()
    stop()
    return status
  })
}
