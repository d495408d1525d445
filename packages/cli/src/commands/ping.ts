import { createDns } from '@tapwire/net-api'
import {
  formatAddress,
  IcmpErrorKind,
  type IpAddress,
  type PingResult,
  parseAddress,
  type Stack,
} from '@tapwire/stack'
import { Failure, Status } from '../failure.ts'
import { inWorld } from '../session.ts'
import { paintFor, pause, say, type Terminal, untilInterrupted } from '../terminal.ts'
import { readWorldOptions } from '../world/options.ts'

export interface PingOptions {
  readonly count?: number
  /** Seconds. */
  readonly interval: number
  readonly timeout: number
  readonly size: number
  readonly ttl: number
  readonly json?: boolean
}

/** `tapwire ping`. @returns 0 when at least one answer came */
export async function ping(terminal: Terminal, [host]: readonly string[], options: object): Promise<number> {
  const world = readWorldOptions(options, { offload: false })
  return inWorld(terminal, world, { command: `ping ${host}` }, async (session) => {
    const { stack } = session.world
    session.startPeer()
    const address = await resolve(stack, host)
    return pingAddress(stack, address, host, options as PingOptions, terminal)
  })
}

async function resolve(stack: Stack, host: string): Promise<IpAddress> {
  const zones = (zone: string): number | null => stack.ip.interfaceNamed(zone)?.index ?? null
  const literal = parseAddress(host, zones)
  if (literal !== null) return literal
  try {
    const { address } = await createDns(stack).promises.lookup(host)
    return parseAddress(address) as IpAddress
  } catch {
    throw new Failure(`${host} is no address, and no name that is known here (--config has "names" for that)`)
  }
}

/** Sends echo requests until the count or Ctrl-C, and tells each answer and the sums. */
export async function pingAddress(
  stack: Stack,
  address: IpAddress,
  host: string,
  options: PingOptions,
  terminal: Terminal,
): Promise<number> {
  const { stdout, env, interrupted } = terminal
  const report = options.json
    ? jsonReport(terminal)
    : textReport(terminal, formatAddress(address), paintFor(stdout, env))
  report.begin(host, options.size)
  const payload = Uint8Array.from({ length: options.size }, (_, at) => at)
  const started = performance.now()
  const times: number[] = []
  const waiting = new Set<Promise<void>>()
  let sent = 0
  let failure: unknown = null
  while (failure === null && !interrupted.aborted && sent < (options.count ?? Number.POSITIVE_INFINITY)) {
    if (sent > 0) await pause(terminal, options.interval * 1000)
    if (interrupted.aborted) break
    const sequence = ++sent
    const answer = stack.icmp
      .pingOnce(address, { payload, timeout: options.timeout * 1000, ttl: options.ttl })
      .then(
        (result) => {
          if (interrupted.aborted && result.kind !== 'reply') return
          if (result.kind === 'reply') times.push(result.rtt / 1000)
          report.answer(sequence, result)
        },
        (error: unknown) => {
          failure ??= error
        },
      )
    waiting.add(answer)
    void answer.then(() => waiting.delete(answer))
    // What cannot be sent at all is known at once.
    await Promise.resolve()
  }
  await Promise.race([Promise.all(waiting), untilInterrupted(terminal)])
  if (failure !== null) throw failure
  report.end({ sent, times, elapsed: performance.now() - started })
  return times.length > 0 ? Status.Done : Status.Failed
}

interface Sums {
  readonly sent: number
  /** Milliseconds. */
  readonly times: readonly number[]
  readonly elapsed: number
}

interface Report {
  begin(host: string, size: number): void
  answer(sequence: number, result: PingResult): void
  end(sums: Sums): void
}

function textReport({ stdout }: Terminal, address: string, paint: ReturnType<typeof paintFor>): Report {
  let name = address
  return {
    begin(host, size) {
      name = host
      say(stdout, `PING ${host}${host === address ? '' : ` (${address})`}: ${size} bytes of data`)
    },
    answer(sequence, result) {
      if (result.kind === 'reply') {
        const wrong = result.intact ? '' : paint('red', ' (not the bytes that were sent)')
        say(
          stdout,
          `${result.bytes + 8} bytes from ${formatAddress(result.from)}: seq=${sequence} ttl=${result.ttl} time=${(result.rtt / 1000).toFixed(3)} ms${wrong}`,
        )
      } else if (result.kind === 'timeout') say(stdout, paint('yellow', `no answer to seq=${sequence}`))
      else
        say(
          stdout,
          paint(
            'red',
            `${result.from === null ? 'here' : `from ${formatAddress(result.from)}`}: seq=${sequence} ${errorText(result.error)}`,
          ),
        )
    },
    end(sums) {
      const { sent, times, elapsed } = sums
      say(stdout, `\n--- ${name} ---`)
      const loss = sent === 0 ? 0 : (100 * (sent - times.length)) / sent
      say(
        stdout,
        `${sent} sent, ${times.length} received, ${Number(loss.toFixed(1))}% lost, time ${Math.round(elapsed)} ms`,
      )
      const rtt = statistics(times)
      if (rtt === null) return
      say(
        stdout,
        `rtt min/avg/max/mdev = ${[rtt.min, rtt.avg, rtt.max, rtt.mdev].map((value) => value.toFixed(3)).join('/')} ms`,
      )
    },
  }
}

function jsonReport({ stdout }: Terminal): Report {
  const tell = (what: object): void => say(stdout, JSON.stringify(what))
  return {
    begin() {},
    answer(seq, result) {
      if (result.kind === 'reply')
        tell({
          seq,
          kind: 'reply',
          from: formatAddress(result.from),
          rtt: result.rtt / 1000,
          bytes: result.bytes,
          ttl: result.ttl,
          intact: result.intact,
        })
      else if (result.kind === 'timeout') tell({ seq, kind: 'timeout' })
      else
        tell({
          seq,
          kind: 'error',
          error: errorText(result.error),
          from: result.from === null ? null : formatAddress(result.from),
        })
    },
    end: ({ sent, times, elapsed }) =>
      tell({
        kind: 'summary',
        sent,
        received: times.length,
        elapsed: Math.round(elapsed),
        rtt: rounded(statistics(times)),
      }),
  }
}

/** To microseconds, which is what is measured. */
function rounded(rtt: ReturnType<typeof statistics>): object | null {
  return (
    rtt && Object.fromEntries(Object.entries(rtt).map(([name, value]) => [name, Number(value.toFixed(3))]))
  )
}

/** As ping(8) has them: `mdev` is the standard deviation. */
export function statistics(
  times: readonly number[],
): { min: number; avg: number; max: number; mdev: number } | null {
  if (times.length === 0) return null
  const avg = times.reduce((sum, time) => sum + time, 0) / times.length
  const square = times.reduce((sum, time) => sum + time * time, 0) / times.length
  return {
    min: Math.min(...times),
    avg,
    max: Math.max(...times),
    mdev: Math.sqrt(Math.max(0, square - avg * avg)),
  }
}

const ERRORS: Readonly<Record<IcmpErrorKind, string>> = {
  [IcmpErrorKind.NetUnreachable]: 'network unreachable',
  [IcmpErrorKind.HostUnreachable]: 'host unreachable',
  [IcmpErrorKind.ProtocolUnreachable]: 'protocol unreachable',
  [IcmpErrorKind.PortUnreachable]: 'port unreachable',
  [IcmpErrorKind.PacketTooBig]: 'packet too big',
  [IcmpErrorKind.Prohibited]: 'prohibited',
  [IcmpErrorKind.TimeExceeded]: 'time to live exceeded',
  [IcmpErrorKind.ParameterProblem]: 'parameter problem',
  [IcmpErrorKind.Unknown]: 'an error of unknown type',
}

function errorText(kind: IcmpErrorKind): string {
  return ERRORS[kind]
}
