import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { pcapng } from '@tapwire/stack'
import { Dumper } from '../dump/dumper.ts'
import { parseFilter } from '../dump/filter.ts'
import type { TimeStyle } from '../dump/line.ts'
import type { RawFrame } from '../dump/packet.ts'
import { readCapture } from '../dump/read-capture.ts'
import { Failure, Status, usageFailure } from '../failure.ts'
import { attach } from '../observe/attach.ts'
import { isMissed } from '../observe/missed.ts'
import { inWorld } from '../session.ts'
import { paintFor, say, type Terminal } from '../terminal.ts'
import { readWorldOptions } from '../world/options.ts'

interface DumpOptions {
  readonly read?: string
  readonly write?: string
  readonly count?: number
  readonly pid?: number
  readonly time: TimeStyle
  readonly silent?: boolean
  readonly json?: boolean
}

/** `tapwire dump`: of a file, of a device that it opens, or of a command that is running. */
export async function dump(terminal: Terminal, words: readonly string[], given: object): Promise<number> {
  const options = given as DumpOptions
  const filter = parseFilter(words)
  const paint = paintFor(terminal.stdout, terminal.env)
  const dumper = new Dumper({ filter, time: options.time, json: options.json ?? false, paint })
  const out = new Output(terminal, dumper, options)
  try {
    if (options.read !== undefined) await dumpFile(options.read, out, terminal)
    else {
      const world = readWorldOptions(given, { offload: false })
      if (world.device === null) await dumpRunning(options.pid, out, terminal)
      else if (options.silent) await (await import('../dump/silent.ts')).dumpSilently(world, out, terminal)
      else {
        const { startServices, SERVICES_TEXT } = await import('../world/services.ts')
        return await inWorld(terminal, world, { command: 'dump' }, async (session) => {
          const { device, stack, description, own } = session.world
          if (!options.json)
            say(terminal.stderr, `tapwire: ${description}; at ${own[0]} there are ${SERVICES_TEXT}`)
          const stop = device.watch((frame) => out.take(frame, device.medium))
          await startServices(stack)
          const status = await Promise.race([session.serve(), out.enough.then(() => 0)])
          stop()
          return status
        })
      }
    }
    return Status.Done
  } finally {
    await out.end()
  }
}

async function dumpFile(file: string, out: Output, terminal: Terminal): Promise<void> {
  const { frames, truncated, skipped } = readCapture(file)
  for (const frame of frames) {
    if (out.isEnough || terminal.interrupted.aborted) return
    out.take(frame, frame.medium)
    if (terminal.stdout.writableNeedDrain) await once(terminal.stdout, 'drain')
  }
  if (skipped > 0)
    say(terminal.stderr, `tapwire: ${skipped} packets are of a link type that is not known here`)
  if (truncated)
    throw new Failure(`${file} ends in the middle of a packet, or is damaged; what could be read was`)
}

async function dumpRunning(pid: number | undefined, out: Output, terminal: Terminal): Promise<void> {
  const running = await attach(terminal, pid, { ask: 'frames' })
  const { greeting } = running
  say(terminal.stderr, `tapwire: ${greeting.command} (${greeting.pid}), ${greeting.description}`)
  void out.enough.then(() => running.close())
  for await (const line of running.lines()) {
    if (isMissed(line))
      say(terminal.stderr, `tapwire: ${line.missed} packets were too many, and are left out`)
    else out.take(frameOf(line as WireFrame), greeting.medium)
  }
}

type WireFrame = Omit<RawFrame, 'bytes'> & { readonly bytes: string }

function frameOf(frame: WireFrame): RawFrame {
  return { ...frame, bytes: Buffer.from(frame.bytes, 'base64') }
}

/** Where packets go: a line each, and a file where one was named. */
export class Output {
  readonly #terminal: Terminal
  readonly #dumper: Dumper
  readonly #most: number
  readonly #file: CaptureWriter | null
  /** Resolves when as many were shown as --count says. */
  readonly enough: Promise<void>
  #tellEnough: () => void = () => {}

  constructor(terminal: Terminal, dumper: Dumper, { count, write }: DumpOptions) {
    this.#terminal = terminal
    this.#dumper = dumper
    this.#most = count ?? Number.POSITIVE_INFINITY
    this.#file = write === undefined ? null : new CaptureWriter(write)
    this.enough = new Promise((resolve) => {
      this.#tellEnough = resolve
    })
  }

  get isEnough(): boolean {
    return this.#dumper.shown >= this.#most
  }

  take(frame: RawFrame, medium: 'ethernet' | 'ip'): void {
    if (this.isEnough) return
    const packet = this.#dumper.read(frame, medium)
    if (packet === null) return
    say(this.#terminal.stdout, this.#dumper.lineOf(packet))
    this.#file?.write(frame, medium)
    if (this.isEnough) this.#tellEnough()
  }

  async end(): Promise<void> {
    await this.#file?.end()
  }
}

const { PacketDirection } = pcapng

/** A capture with an interface for each medium. */
class CaptureWriter {
  readonly #stream: ReturnType<typeof createWriteStream>
  readonly #interfaces: ('ethernet' | 'ip')[] = []
  #failure: Error | null = null

  constructor(file: string) {
    this.#stream = createWriteStream(file).on('error', (error) => {
      this.#failure = usageFailure(`--write: ${error.message}`)
    })
    this.#stream.write(pcapng.sectionHeaderBlock({ application: 'tapwire' }))
  }

  write({ time, bytes, originalLength, direction }: RawFrame, medium: 'ethernet' | 'ip'): void {
    if (!this.#interfaces.includes(medium)) {
      this.#interfaces.push(medium)
      const linkType = medium === 'ethernet' ? pcapng.LinkType.Ethernet : pcapng.LinkType.Raw
      this.#stream.write(pcapng.interfaceBlock({ linkType }))
    }
    const way =
      direction === null
        ? PacketDirection.Unknown
        : direction === 'in'
          ? PacketDirection.Inbound
          : PacketDirection.Outbound
    this.#stream.write(
      pcapng.packetBlock(
        { interface: this.#interfaces.indexOf(medium), time, originalLength, direction: way },
        bytes,
      ),
    )
  }

  async end(): Promise<void> {
    if (this.#failure === null) {
      this.#stream.end()
      await once(this.#stream, 'close').catch(() => {})
    }
    if (this.#failure !== null) throw this.#failure
  }
}
