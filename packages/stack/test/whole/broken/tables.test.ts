import { describe, expect, it } from 'vitest'
import {
  createCable,
  parseAddress,
  SeededRandom,
  Stack,
  type TcpConnection,
  VirtualClock,
} from '../../../src/index.ts'
import type { HalfOpen } from '../../../src/tcp/half-open.ts'
import type { Tcb } from '../../../src/tcp/tcb.ts'
import type { TimeWaitRecord } from '../../../src/tcp/time-wait.ts'
import { corpus } from '../corpus.ts'
import { LiveStack } from '../live-stack.ts'
import { put } from './put.ts'

/** A stack with something of everything. */
function busyStack(): LiveStack {
  const live = new LiveStack('ethernet', false, 7)
  const samples = corpus(true)
  for (let i = 0; i < 40 || live.stack.tcp.sizes.timeWait === 0; i++) {
    if (i === 1000) throw new Error('Nothing has come to TIME-WAIT')
    for (let n = 0; n < 40; n++) live.outside.mutated(samples)
    live.outside.device.endBurst()
    live.restock()
  }
  live.stack.debugInvariants()
  return live
}

function first<T>(table: { each(visit: (entry: T) => void): void }): T {
  let found: T | null = null
  table.each((entry) => {
    found ??= entry
  })
  if (found === null) throw new Error('The table is empty')
  return found
}

const OF_TABLES: readonly [what: string, breakIt: (stack: Stack, live: LiveStack) => void, said: RegExp][] = [
  [
    'a wrong count',
    ({ tcp }) => void tcp.context.connections.size++,
    /table of connections: entries counted, and entries/,
  ],
  [
    'a connection that is not found',
    ({ tcp }) => put(first<Tcb>(tcp.context.connections), 'hash', 12345),
    /table of connections: entries are not found/,
  ],
  [
    'half-open ones counted',
    ({ tcp }) => void tcp.context.halfOpen.size++,
    /half-open connections, and those queued/,
  ],
  [
    'a half-open one without a timer',
    ({ tcp, engine }) => engine.timers.clear(first<HalfOpen>(tcp.context.halfOpen).timer),
    /a half-open connection has no timer/,
  ],
  [
    'a torn SYN queue',
    (_, { listener }) =>
      put(
        (listener as unknown as { synQueue: { oldest: HalfOpen } }).synQueue.oldest,
        'older',
        {} as HalfOpen,
      ),
    /its SYN queue is torn/,
  ],
  [
    'the count of a SYN queue',
    (_, { listener }) => void (listener as unknown as { synQueue: { size: number } }).synQueue.size++,
    /half-open connections counted, and queued/,
  ],
  [
    'TIME-WAIT counted',
    ({ tcp }) => void tcp.context.timeWait.size++,
    /queue of TIME-WAIT: records in the table, and in the queue/,
  ],
  [
    'TIME-WAIT out of order',
    ({ tcp }) => put(first<TimeWaitRecord>(tcp.context.timeWait), 'expiresAt', -1),
    /queue of TIME-WAIT/,
  ],
  ['orphans counted', ({ tcp }) => void tcp.context.orphans++, /orphans counted, and orphans/],
  [
    'somebody on a list unknowing',
    ({ tcp }) => tcp.context.output.push(first<Tcb>(tcp.context.connections)),
    /owe output: somebody stands on it without knowing/,
  ],
  [
    'somebody who believes to be on a list',
    ({ tcp }) => put(first<Tcb>(tcp.context.connections), 'notifyQueued', true),
    /application is told: somebody believes to stand on it/,
  ],
  ['somebody on a list twice', ({ tcp }) => twice(tcp.context), /owe output: somebody stands on it twice/],
  [
    'memory that nobody counted',
    ({ memory }) => put(memory, 'allocated', memory.allocated + 1024),
    /the memory: bytes counted as allocated/,
  ],
  [
    'memory given back twice',
    ({ memory, tcp }) => memory.free(ringOf(tcp.context.connections)),
    /lies in no block that is allocated/,
  ],
  [
    'an earliest deadline that is none',
    ({ engine }) => put(engine.timers, 'earliest', 1),
    /the earliest deadline is not the first one/,
  ],
  [
    'a timer that lost its place',
    ({ tcp }) => void first<HalfOpen>(tcp.context.halfOpen).timer.slot++,
    /a timer does not know its place/,
  ],
  [
    'a timer below a later one',
    ({ engine, tcp }) => late(engine, tcp.context.halfOpen),
    /a timer stands below a later one|the earliest deadline/,
  ],
  [
    'bytes of fragments',
    ({ ipv4 }) => put(ipv4.reassembler, 'bytes', ipv4.reassembler.bytes + 1),
    /reassembly of fragments: bytes counted/,
  ],
  ['paths counted', ({ ip }) => void ip.router.paths.size++, /table of paths: paths counted, and paths/],
  [
    'bytes of datagrams',
    (_, { udp }) => put((udp[1] as unknown as { queue: { bytes: number } }).queue, 'bytes', 77),
    /UDP socket on port 11: bytes counted/,
  ],
  ['a counter of IP', ({ ip }) => void ip.counters.delivered++, /IP: received, and used or dropped/],
  [
    'a counter of TCP',
    ({ tcp }) => void tcp.counters.segmentsProcessed++,
    /TCP: received, and used or dropped/,
  ],
  ['a counter of UDP', ({ udp }) => void udp.counters.delivered++, /UDP: received, and used or dropped/],
  ['a counter of ICMP', ({ icmp }) => void icmp.counters.errorsIn++, /ICMP: received, and used or dropped/],
]

function twice(context: Stack['tcp']['context']): void {
  const tcb = first<Tcb>(context.connections)
  tcb.outputQueued = true
  context.output.push(tcb)
  context.output.push(tcb)
}

function ringOf(connections: { each(visit: (tcb: Tcb) => void): void }): number {
  let block = -1
  connections.each((tcb) => {
    block = Math.max(block, tcb.sendRing.block, tcb.receiveRing.block)
  })
  return block
}

function late(engine: Stack['engine'], halfOpen: { each(visit: (record: HalfOpen) => void): void }): void {
  // Below everything that is due: its parent is later now.
  const record = first<HalfOpen>(halfOpen)
  record.timer.deadline = -1
  engine.timers.earliest = Math.min(engine.timers.earliest, engine.timers.earliest)
}

describe('debugInvariants on what all connections share', () => {
  it.each(OF_TABLES)('reports %s', (_, breakIt, said) => {
    const live = busyStack()
    breakIt(live.stack, live)
    expect(() => live.stack.debugInvariants()).toThrow(said)
  })

  it('reports packets that wait for a neighbour and are not counted, and frames of the loopback interface', () => {
    const clock = new VirtualClock()
    const [near] = createCable({ clock })
    const stack = new Stack({ clock, random: new SeededRandom(1) })
    stack.addInterface(near, { addresses: ['10.0.0.1/24'] })
    let connection: TcpConnection | null = null
    connection = stack.tcp.connect({ address: parseAddress('10.0.0.2')!, port: 7 }, {})
    stack.debugInvariants()
    const { allocated } = stack.memory
    // The SYN waits in a block: without it, somebody gave back what was not his.
    const blocks = Array.from({ length: stack.memory.size >>> 10 }, (_, i) => i << 10).filter(
      (offset) => stack.memory.blockAt(offset) === 1024,
    )
    expect(blocks.length).toBeGreaterThan(0)
    for (const offset of blocks) stack.memory.free(offset)
    expect(stack.memory.allocated).toBeLessThan(allocated)
    expect(() => stack.debugInvariants()).toThrow(
      /a packet that waits lies in no block|the scratch of control frames lies/,
    )
    expect(connection.state).toBe(2)
  })
})
