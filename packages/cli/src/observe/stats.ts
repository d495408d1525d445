import { formatAddress, type Stack, TCP_STATE_NAMES } from '@tapwire/stack'
import type { Paint } from '../terminal.ts'
import { endText } from './tracing.ts'

type Counters = Readonly<Record<string, number>>

/** Everything that a stack counts, and its connections, at one moment. Plain JSON. */
export interface Snapshot {
  /** How many there are now of each kind of record. */
  readonly now: Counters
  readonly tcp: Counters
  readonly udp: Counters
  readonly icmp: Counters
  readonly ip: Counters
  readonly interfaces: Readonly<Record<string, Counters>>
  /** Those that are not idle; at most `MOST_CONNECTIONS` of them. Sizes in bytes, SRTT in milliseconds. */
  readonly connections: readonly ConnectionRow[]
}

interface ConnectionRow {
  readonly ends: string
  readonly state: string
  readonly cwnd: number
  readonly sndWnd: number
  readonly inFlight: number
  readonly srtt: number
  readonly received: number
  readonly acknowledged: number
}

const MOST_CONNECTIONS = 100

export function snapshotOf(stack: Stack): Snapshot {
  const connections: ConnectionRow[] = []
  stack.tcp.context.connections.each((tcb) => {
    if (connections.length >= MOST_CONNECTIONS) return
    connections.push({
      ends: `${endText(formatAddress(tcb.local), tcb.localPort)} - ${endText(formatAddress(tcb.remote), tcb.remotePort)}`,
      state: TCP_STATE_NAMES[tcb.state],
      cwnd: tcb.cwnd,
      sndWnd: tcb.sndWnd,
      inFlight: tcb.flightSize,
      srtt: tcb.srtt / 1000,
      received: tcb.bytesReceived,
      acknowledged: tcb.bytesAcked,
    })
  })
  return {
    now: { ...stack.tcp.sizes, udpSockets: stack.udp.size },
    tcp: numbersOf(stack.tcp.counters),
    udp: numbersOf(stack.udp.counters),
    icmp: numbersOf(stack.icmp.counters),
    ip: numbersOf(stack.ip.counters),
    interfaces: Object.fromEntries(
      stack.interfaces.map((iface) => [iface.name, numbersOf(iface.counters)] as const),
    ),
    connections,
  }
}

function numbersOf(counters: object): Counters {
  return Object.fromEntries(Object.entries(counters).filter(([, value]) => typeof value === 'number'))
}

/** For people: what is not 0, by layer. @param all zeros, too */
export function statsText(snapshot: Snapshot, paint: Paint, all = false): string {
  const groups: [string, Counters][] = [
    ['now', snapshot.now],
    ['tcp', snapshot.tcp],
    ['udp', snapshot.udp],
    ['icmp', snapshot.icmp],
    ['ip', snapshot.ip],
    ...Object.entries(snapshot.interfaces),
  ]
  const lines: string[] = []
  for (const [name, counters] of groups) {
    const rows = Object.entries(counters).filter(([, value]) => all || value !== 0)
    if (rows.length > 0)
      lines.push(
        paint('bold', name),
        ...rows.map(([key, value]) => `  ${key.padEnd(26)}${value.toLocaleString('en').padStart(16)}`),
      )
  }
  if (snapshot.connections.length > 0)
    lines.push(paint('bold', 'connections'), ...connectionLines(snapshot.connections))
  return `${lines.join('\n')}\n`
}

function connectionLines(connections: readonly ConnectionRow[]): string[] {
  return connections.map(
    (row) =>
      `  ${row.ends} ${row.state}: cwnd ${row.cwnd}, window ${row.sndWnd}, in flight ${row.inFlight}, SRTT ${row.srtt.toFixed(2)} ms, ${row.received} in, ${row.acknowledged} out`,
  )
}
