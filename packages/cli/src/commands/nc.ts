import { usageFailure } from '../failure.ts'
import { scan } from '../nc/scan.ts'
import { connectTcp, listenTcp } from '../nc/tcp.ts'
import { connectUdp, listenUdp } from '../nc/udp.ts'
import { inWorld, type Session } from '../session.ts'
import type { Terminal } from '../terminal.ts'
import { readWorldOptions } from '../world/options.ts'

export interface NcOptions {
  readonly listen?: boolean
  readonly keep?: boolean
  readonly udp?: boolean
  readonly scan?: boolean
  /** Seconds. */
  readonly timeout?: number
  readonly sourcePort?: number
  readonly verbose?: boolean
}

/** Where to, or where. */
export interface Target {
  /** Null: every address of the stack. */
  readonly host: string | null
  readonly port: number
}

/** `tapwire nc`. @returns 0 when the conversation came to its end, or a port was found open */
export async function nc(terminal: Terminal, args: readonly string[], given: object): Promise<number> {
  const options = given as NcOptions
  const world = readWorldOptions(given, { offload: true })
  const run = options.scan ? scanOf(args, options) : talkOf(args, options)
  return inWorld(terminal, world, { command: `nc ${args.join(' ')}` }, async (session) => {
    // A program on the other side is there first, unless it is the one that connects.
    if (!options.listen) session.startPeer()
    return run(session)
  })
}

type Run = (session: Session) => Promise<number>

function scanOf(args: readonly string[], options: NcOptions): Run {
  const [host, ...ports] = args
  if (host === undefined || ports.length === 0)
    throw usageFailure('nc -z takes a host and ports, such as 10.77.0.1 22 80-90')
  if (options.listen || options.udp) throw usageFailure('nc -z goes with neither -l nor -u')
  const all = ports.flatMap(portsOf)
  return (session) => scan(session, host, all, options)
}

function talkOf(args: readonly string[], options: NcOptions): Run {
  const target = targetOf(args, options)
  if (options.udp) return (session) => (options.listen ? listenUdp : connectUdp)(session, target, options)
  return (session) => (options.listen ? listenTcp : connectTcp)(session, target, options)
}

function targetOf(args: readonly string[], { listen }: NcOptions): Target {
  const [host, port] = listen && args.length === 1 ? [null, args[0]] : args
  if (host === undefined || port === undefined || args.length > 2)
    throw usageFailure(listen ? 'nc -l takes a port, or an address and a port' : 'nc takes a host and a port')
  const [only, ...more] = portsOf(port)
  if (more.length > 0) throw usageFailure('several ports go with -z only')
  return { host, port: only }
}

/** '80', '80-90'. */
function portsOf(text: string): number[] {
  const [, low, high = low] = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text) ?? []
  const [from, to] = [Number(low), Number(high)]
  if (low === undefined || from < 1 || to > 65_535 || to < from) throw usageFailure(`'${text}' is no port`)
  return Array.from({ length: to - from + 1 }, (_, at) => from + at)
}
