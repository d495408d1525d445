import type { Sight } from './measurement.ts'
import type { Params } from './params.ts'
import type { Results, StreamResult } from './results.ts'
import type { Stream } from './stream.ts'

/** What is told while a test runs, and after it. */
export interface Reporter {
  begin(params: Params, peer: string): void
  interval(sights: readonly Sight[]): void
  end(params: Params, streams: readonly Stream[], own: Results, others: Results): void
  trouble(sentence: string): void
}

const HEADER = '[ ID] Role   Interval             Transfer     Bitrate'
const RULE = '- '.repeat(37).trimEnd()

/** As iperf3: bytes in powers of two, bits in powers of ten. */
export function formatBytes(bytes: number): string {
  return scale(bytes, 1024, ['Bytes', 'KBytes', 'MBytes', 'GBytes', 'TBytes'])
}

export function formatRate(bytes: number, seconds: number): string {
  const bits = (bytes * 8) / Math.max(seconds, 1e-9)
  return scale(bits, 1000, ['bits/sec', 'Kbits/sec', 'Mbits/sec', 'Gbits/sec', 'Tbits/sec'])
}

function scale(value: number, step: number, units: readonly string[]): string {
  let power = 0
  let rest = value
  while (rest >= step && power < units.length - 1) {
    rest /= step
    power++
  }
  const digits = rest < 10 ? 2 : rest < 100 ? 1 : 0
  return `${rest.toFixed(power === 0 ? 0 : digits)} ${units[power]}`
}

interface Line {
  readonly id: string
  readonly role: string
  readonly from: number
  readonly to: number
  readonly bytes: number
  readonly rest: string
}

function formatLine({ id, role, from, to, bytes, rest }: Line): string {
  const interval = `${from.toFixed(2).padStart(7)}-${to.toFixed(2).padEnd(7)} sec`
  const transfer = formatBytes(bytes).padStart(12)
  return `[${id.padStart(3)}] ${role.padEnd(5)} ${interval} ${transfer}  ${formatRate(bytes, to - from).padStart(14)}  ${rest}`.trimEnd()
}

const roleOf = (sends: boolean): string => (sends ? 'sends' : 'takes')

function datagrams(packets: number, errors: number, jitter: number): string {
  const share = packets > 0 ? (100 * errors) / packets : 0
  return `${(jitter * 1000).toFixed(3)} ms  ${errors}/${packets} (${share.toPrecision(2)}%)`
}

/** Lines much as iperf3 prints them. @param complain where troubles go */
export function textReporter(print: (line: string) => void, complain = print): Reporter {
  let udp = false
  return {
    begin(params, peer) {
      udp = params.protocol === 'udp'
      const way = params.bidirectional ? 'both ways' : params.reverse ? 'to the client' : 'to the server'
      print(`${params.protocol.toUpperCase()} test with ${peer}: ${params.parallel} stream(s) ${way}`)
      print(HEADER)
    },
    interval(sights) {
      for (const line of intervalLines(sights, udp)) print(line)
    },
    end(params, streams, own, others) {
      print(RULE)
      for (const line of sumLines(params, streams, own, others)) print(line)
      print('')
    },
    trouble: (sentence) => complain(`iperf3: ${sentence}`),
  }
}

function intervalLines(sights: readonly Sight[], udp: boolean): string[] {
  const lines = sights.map(({ id, sends, from, to, bytes, packets, errors, jitter, omitted }) => {
    const counts = udp ? (sends ? String(packets) : datagrams(packets, errors, jitter)) : ''
    const rest = omitted ? `${counts} (omitted)`.trimStart() : counts
    return formatLine({ id: String(id), role: roleOf(sends), from, to, bytes, rest })
  })
  for (const sends of [true, false]) {
    const same = sights.filter((sight) => sight.sends === sends)
    if (same.length < 2) continue
    const bytes = same.reduce((sum, sight) => sum + sight.bytes, 0)
    const { from, to, omitted } = same[0]
    lines.push(
      formatLine({ id: 'SUM', role: roleOf(sends), from, to, bytes, rest: omitted ? '(omitted)' : '' }),
    )
  }
  return lines
}

/** Of each stream what its sender and what its receiver has seen, then the sums. */
function sumLines(params: Params, streams: readonly Stream[], own: Results, others: Results): string[] {
  const lines: string[] = []
  const sums = new Map<string, { bytes: number; to: number; retransmits: number }>()
  const add = (result: StreamResult, sends: boolean, at: string, hasRetransmits: boolean): void => {
    const { id, bytes, seconds, retransmits } = result
    const known = at === 'sender' && hasRetransmits && params.protocol === 'tcp'
    const counts = params.protocol === 'udp' ? datagrams(result.packets, result.errors, result.jitter) : ''
    const rest = `${known ? `${retransmits} sent again  ` : counts === '' ? '' : `${counts}  `}${at}`
    lines.push(formatLine({ id: String(id), role: roleOf(sends), from: 0, to: seconds, bytes, rest }))
    const key = `${roleOf(sends)} ${at}`
    const sum = sums.get(key) ?? { bytes: 0, to: 0, retransmits: 0 }
    sums.set(key, {
      bytes: sum.bytes + bytes,
      to: Math.max(sum.to, seconds),
      retransmits: sum.retransmits + Math.max(0, retransmits),
    })
  }
  for (const [i, { id, sends }] of streams.entries()) {
    const mine = own.streams[i]
    const theirs = others.streams.find((stream) => stream.id === id)
    const [sender, receiver] = sends ? [mine, theirs] : [theirs, mine]
    const has = sends ? own.hasRetransmits : others.hasRetransmits
    if (sender !== undefined) add(sender, sends, 'sender', has)
    if (receiver !== undefined) add(receiver, sends, 'receiver', false)
  }
  if (params.parallel > 1) {
    for (const [key, { bytes, to }] of sums) {
      const [role, at] = key.split(' ')
      lines.push(formatLine({ id: 'SUM', role, from: 0, to, bytes, rest: at }))
    }
  }
  return lines
}
