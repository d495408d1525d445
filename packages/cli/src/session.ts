import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { finished } from 'node:stream/promises'
import type { LinkDevice } from '@tapwire/stack'
import { usageFailure } from './failure.ts'
import type { Tracing } from './observe/tracing.ts'
import { paintFor, pause, say, type Terminal, untilInterrupted } from './terminal.ts'
import type { ObserveOptions, WorldOptions } from './world/options.ts'
import { openWorld, type World } from './world/world.ts'

/** A command at work in its world. */
export interface Session {
  readonly world: World
  readonly terminal: Terminal
  readonly tracing: Tracing
  /** A program is to run on the other side. */
  readonly hasPeer: boolean
  /** Starts what `--peer` said, if anything, and does not wait for it: for those who are its clients. */
  startPeer(): void
  /**
   * To be called once there is something to talk to: starts what `--peer` said. Its status is the command's in the end, if it is
   * not 0. Resolves when that program or Ctrl-C ends it; without --peer only Ctrl-C does.
   */
  serve(): Promise<number>
}

/** After Ctrl-C a command has so many milliseconds to say its last word. */
const LAST_WORDS = 500
/** When the program of --peer has ended its connections have an end, too, which takes so many milliseconds to be seen. */
const AFTERWARDS = 100

/**
 * Opens a world, watches it as asked, lets `work` do its work in it, and takes everything down again, also after Ctrl-C.
 * @returns what `work` returned
 */
export async function inWorld(
  terminal: Terminal,
  options: WorldOptions,
  about: { readonly command: string; readonly wrap?: (device: LinkDevice) => LinkDevice },
  work: (session: Session) => Promise<number>,
): Promise<number> {
  const [{ Tracing }, { openControl }] = await Promise.all([
    import('./observe/tracing.ts'),
    import('./observe/control.ts'),
  ])
  const world = await openWorld(options, about.wrap)
  const ends: (() => unknown)[] = []
  try {
    const tracing = new Tracing(world.stack)
    ends.push(await observe(terminal, options.observe, world, tracing))
    const control = await openControl({ world, tracing, command: about.command, env: terminal.env })
    ends.push(() => control.close())
    const session: Session = {
      world,
      terminal,
      tracing,
      hasPeer: options.peer !== null,
      startPeer() {
        if (options.peer !== null) void world.otherSide.run(options.peer, terminal)
      },
      async serve() {
        const peer = options.peer === null ? null : world.otherSide.run(options.peer, terminal)
        await Promise.race([untilInterrupted(terminal), ...(peer === null ? [] : [peer])])
        if (terminal.interrupted.aborted || peer === null) return 0
        await pause(terminal, AFTERWARDS)
        return peer
      },
    }
    const late = untilInterrupted(terminal).then(
      () => new Promise((resolve) => setTimeout(resolve, LAST_WORDS).unref()),
    )
    const done = work(session)
    // What it says after its last word nobody waits for.
    done.catch(() => {})
    return await Promise.race([done, late.then(() => 0)])
  } finally {
    for (const end of ends.reverse()) await end()
    await world.close()
  }
}

/** Starts all that was asked to be told meanwhile, on standard error: standard output is the command's own. @returns ends it */
async function observe(
  terminal: Terminal,
  { trace, stats, dump, pcap, json }: ObserveOptions,
  world: World,
  tracing: Tracing,
): Promise<() => Promise<void>> {
  const { stderr, env } = terminal
  const paint = paintFor(stderr, env)
  const ends: (() => unknown)[] = []
  if (pcap !== null) ends.push(await writeCapture(pcap, world))
  if (dump) {
    const [{ Dumper }, { parseFilter }] = await Promise.all([
      import('./dump/dumper.ts'),
      import('./dump/filter.ts'),
    ])
    const dumper = new Dumper({ filter: parseFilter([]), time: 'relative', json, paint })
    ends.push(
      world.device.watch((frame) => {
        const packet = dumper.read(frame, world.device.medium)
        if (packet !== null) say(stderr, dumper.lineOf(packet))
      }),
    )
  }
  if (trace) {
    const { isWanted, TraceWriter } = await import('./observe/trace-line.ts')
    const writer = new TraceWriter(json, paint)
    ends.push(
      tracing.listen((traced) => {
        if (isWanted(traced, false)) say(stderr, writer.line(traced))
      }),
    )
  }
  if (stats !== null) {
    const { snapshotOf, statsText } = await import('./observe/stats.ts')
    const tell = (): void => {
      const snapshot = snapshotOf(world.stack)
      stderr.write(json ? `${JSON.stringify(snapshot)}\n` : statsText(snapshot, paint))
    }
    if (stats === 'end') ends.push(tell)
    else {
      const timer = setInterval(tell, stats * 1000)
      ends.push(() => clearInterval(timer))
    }
  }
  return async () => {
    for (const end of ends) await end()
  }
}

/**
 * @returns ends the file, and waits until it is written
 * @throws where it cannot be opened, before anything is done in the world, or not be written
 */
async function writeCapture(file: string, world: World): Promise<() => Promise<void>> {
  const stream = createWriteStream(file)
  await once(stream, 'open').catch(refuse)
  let failed: Error | null = null
  stream.on('error', (error) => {
    failed = error
  })
  const stop = world.device.record((chunk) => stream.write(chunk))
  return async () => {
    stop()
    if (failed === null) {
      stream.end()
      await finished(stream).catch(refuse)
    } else refuse(failed)
  }
}

function refuse(error: Error): never {
  throw usageFailure(`--pcap: ${error.message}`)
}
