import { describe, expect, it } from 'vitest'
import {
  DEFAULT_LIMITS,
  LIMIT_RANGES,
  type Limits,
  type LinkDevice,
  packets,
  parseAddress,
  SeededRandom,
  Stack,
  TapwireError,
  type UdpSocket,
  VirtualClock,
} from '../../src/index.ts'
import { requirePrefix } from '../../src/ip/address-text.ts'
import { resolveLimits } from '../../src/limits.ts'
import type { HalfOpen } from '../../src/tcp/half-open.ts'
import type { Tcb } from '../../src/tcp/tcb.ts'
import { ip, pattern } from '../support/packets.ts'
import { DoorDevice } from './door-device.ts'

const US = '10.0.0.2'
const PEER = '10.0.0.1'
const Flag = { Fin: 1, Syn: 2, Ack: 16 } as const

const SYN_OPTIONS: packets.TcpOption[] = [{ name: 'mss', value: 1000 }, { name: 'sackPermitted' }]

/** A stack with one limit set, and the outside that the test plays. */
class Bench {
  readonly clock = new VirtualClock()
  readonly stack: Stack
  readonly device: DoorDevice

  constructor(limits: Partial<Limits>, medium: LinkDevice['medium']) {
    this.device = new DoorDevice(medium, false)
    this.device.room = Number.POSITIVE_INFINITY
    this.stack = new Stack({
      clock: this.clock,
      random: new SeededRandom(1),
      limits,
      conflictDetection: 'off',
    })
    this.stack.addInterface(this.device, { addresses: [`${US}/24`], linkLocal: false })
  }

  get iface(): Stack['interfaces'][number] {
    return this.stack.interfaces[1]
  }

  inject(bytes: Uint8Array): void {
    this.device.deliver(bytes)
    this.device.endBurst()
  }

  packet(layers: Omit<packets.FrameFields, 'ipv4'>, options: Partial<packets.Ipv4Fields> = {}): void {
    const source = Uint8Array.from(ip(PEER))
    const destination = Uint8Array.from(ip(US))
    this.inject(packets.buildFrame({ ipv4: { source, destination, ...options }, ...layers }))
  }

  segment(
    sourcePort: number,
    flags: number,
    seq: number,
    ack = 0,
    payload: Uint8Array = new Uint8Array(0),
    options: packets.TcpOption[] = (flags & Flag.Syn) !== 0 ? SYN_OPTIONS : [],
  ): void {
    this.packet({ tcp: { sourcePort, destinationPort: 7, flags, seq, ack: ack >>> 0, payload, options } })
  }

  listen(): void {
    this.stack.tcp.listen({ port: 7 }, { onConnection: (listener) => listener.accept() })
  }

  /** The peer opens a connection from this port, with sequence number 1000. */
  open(port: number): Tcb | null {
    this.segment(port, Flag.Syn, 1000)
    let half: HalfOpen | null = null
    this.stack.tcp.context.halfOpen.each((record) => {
      if (record.remotePort === port) half = record
    })
    if (half === null) return null
    this.segment(port, Flag.Ack, 1001, (half as HalfOpen).sndNxt)
    let found: Tcb | null = null
    this.stack.tcp.context.connections.each((tcb) => {
      if (tcb.remotePort === port) found = tcb
    })
    return found
  }

  opened(port: number): Tcb {
    const tcb = this.open(port)
    if (tcb === null) throw new Error('The connection did not come about')
    return tcb
  }

  /** A fragment of `length` bytes from a peer of its own. */
  fragment(peer: number, identification: number, fragmentOffset: number, length: number): void {
    const options = {
      identification,
      fragmentOffset,
      protocol: 17,
      moreFragments: true,
      payload: pattern(length),
    }
    this.packet({}, { source: Uint8Array.of(10, 0, 0, peer), ...options })
  }

  /** A socket that keeps what it gets. */
  paused(port: number): UdpSocket {
    const socket = this.stack.udp.bind({ port }, { onMessage: () => {} })
    socket.paused = true
    return socket
  }

  /** Sends datagrams to stations nobody has heard of. */
  sendTo(...peers: number[]): void {
    const socket = this.stack.udp.bind({}, { onMessage: () => {} })
    for (const peer of peers) socket.send(pattern(900), { address: parseAddress(`10.0.0.${peer}`)!, port: 9 })
  }
}

interface Scenario {
  /** A value that the scenario runs into, and one that is enough for it. */
  readonly values: readonly [tight: number, enough: number]
  readonly medium?: LinkDevice['medium']
  /** Other limits that would come first, out of the way. */
  readonly also?: Partial<Limits>
  run(bench: Bench): void
  /** What was refused or dropped because of this limit. */
  counted(bench: Bench): number
}

/** What an application is told, where a limit is one of its calls. */
function refused(code: string, times: number, call: (index: number) => void): void {
  for (let i = 0; i < times; i++) {
    try {
      call(i)
    } catch (error) {
      if (!(error instanceof TapwireError) || error.code !== code) throw error
    }
  }
}

function ethernetCounter(bench: Bench, ...names: string[]): number {
  const { counters } = bench.iface.link as unknown as { counters: Record<string, number> }
  return names.reduce((sum, name) => sum + counters[name], 0)
}

const address = (last: number): ReturnType<typeof parseAddress> & {} => parseAddress(`10.0.0.${last}`)!
const fiveTimes = [1, 2, 3, 4, 5]

/** One for every limit: a new one without a scenario does not compile, and fails below. */
const SCENARIOS: { readonly [K in keyof Limits]: Scenario } = {
  memory: {
    values: [1 << 20, 16 << 20],
    also: { udpReceiveBuffer: 8 << 20 },
    run: (bench) => {
      const socket = bench.paused(9)
      for (let i = 0; i < 40; i++)
        socket.send(pattern(60_000), { address: parseAddress('127.0.0.1')!, port: 9 })
    },
    counted: ({ stack }) => stack.memory.exhausted,
  },
  neighbours: {
    values: [2, 16],
    medium: 'ethernet',
    run: (bench) => bench.sendTo(11, 12, 13, 14, 15),
    counted: (bench) => ethernetCounter(bench, 'neighboursEvicted', 'neighboursRefused'),
  },
  neighbourQueue: {
    values: [2, 16],
    medium: 'ethernet',
    run: (bench) => bench.sendTo(11, 11, 11, 11, 11),
    counted: (bench) => ethernetCounter(bench, 'dropQueueFull'),
  },
  neighbourQueueBytes: {
    values: [2048, 65_536],
    medium: 'ethernet',
    run: (bench) => bench.sendTo(11, 12, 13, 14, 15),
    counted: (bench) => ethernetCounter(bench, 'dropQueueBytes'),
  },
  reassemblies: {
    values: [2, 16],
    run: (bench) => {
      for (const peer of fiveTimes) bench.fragment(10 + peer, 1, 0, 80)
    },
    counted: ({ stack }) => stack.ip.counters.reassemblyEvicted,
  },
  reassembliesPerSource: {
    values: [2, 16],
    run: (bench) => {
      for (const id of fiveTimes) bench.fragment(11, id, 0, 80)
    },
    counted: ({ stack }) => stack.ip.counters.reassemblyEvicted,
  },
  reassemblyBytes: {
    values: [8192, 262_144],
    run: (bench) => {
      for (const peer of fiveTimes) bench.fragment(10 + peer, 1, 800, 800)
    },
    counted: ({ stack }) => stack.ip.counters.reassemblyEvicted,
  },
  fragmentsPerDatagram: {
    values: [2, 16],
    run: (bench) => {
      for (const piece of fiveTimes) bench.fragment(11, 1, piece * 160, 80)
    },
    counted: ({ stack }) => stack.ip.counters.reassemblyEvicted,
  },
  routes: {
    values: [4, 64],
    run: ({ stack, iface }) =>
      refused('ENOBUFS', 8, (i) => stack.ip.addRoute(requirePrefix(`10.${i + 1}.0.0/16`), { iface })),
    counted: ({ stack }) => stack.ip.routes.refused,
  },
  paths: {
    values: [16, 256],
    run: (bench) => bench.sendTo(...Array.from({ length: 40 }, (_, i) => i + 10)),
    counted: ({ stack }) => stack.ip.counters.pathsEvicted,
  },
  icmpErrorsPerSecond: {
    values: [1, 100],
    run: (bench) => {
      for (const _ of fiveTimes)
        bench.packet({ udp: { sourcePort: 5, destinationPort: 999, payload: pattern(9) } })
    },
    counted: ({ stack }) => stack.icmp.counters.errorsLimited,
  },
  pings: {
    values: [2, 16],
    run: ({ stack }) => refused('ENOBUFS', 5, () => stack.icmp.ping(address(1), {}, () => {})),
    counted: ({ stack }) => stack.icmp.counters.pingsRefused,
  },
  addressesPerInterface: {
    values: [2, 16],
    run: ({ iface }) =>
      refused('ENOBUFS', 5, (i) => iface.addAddress({ address: address(50 + i), length: 24 })),
    counted: ({ iface }) => iface.counters.addressesRefused,
  },
  udpSockets: {
    values: [2, 16],
    run: ({ stack }) => refused('EMFILE', 5, () => stack.udp.bind({}, { onMessage: () => {} })),
    counted: ({ stack }) => stack.udp.counters.socketsRefused,
  },
  udpReceiveBuffer: {
    values: [2048, 65_536],
    run: (bench) => {
      bench.paused(9)
      for (const _ of fiveTimes)
        bench.packet({ udp: { sourcePort: 5, destinationPort: 9, payload: pattern(900) } })
    },
    counted: ({ stack }) => stack.udp.counters.droppedQueueFull,
  },
  connections: {
    values: [2, 16],
    run: (bench) => {
      bench.listen()
      for (const i of fiveTimes) bench.open(5000 + i)
      refused('ENOBUFS', 2, (i) => bench.stack.tcp.connect({ address: address(1), port: 80 + i }, {}))
    },
    counted: ({ stack }) => stack.tcp.counters.droppedConnectionLimit,
  },
  orphans: {
    values: [2, 16],
    run: (bench) => {
      bench.listen()
      for (const i of fiveTimes) bench.opened(5000 + i).connection?.close()
    },
    counted: ({ stack }) => stack.tcp.counters.orphansRefused,
  },
  listeners: {
    values: [2, 16],
    run: ({ stack }) => refused('ENOBUFS', 5, () => stack.tcp.listen({}, { onConnection: () => {} })),
    counted: ({ stack }) => stack.tcp.counters.listenersRefused,
  },
  synBacklog: {
    values: [2, 16],
    run: (bench) => {
      bench.listen()
      for (const i of fiveTimes) bench.segment(5000 + i, Flag.Syn, 1)
    },
    counted: ({ stack }) => stack.tcp.counters.synCookiesSent,
  },
  halfOpen: {
    values: [2, 16],
    run: (bench) => {
      bench.listen()
      for (const i of fiveTimes) bench.segment(5000 + i, Flag.Syn, 1)
    },
    counted: ({ stack }) => stack.tcp.counters.synCookiesSent,
  },
  timeWait: {
    values: [2, 16],
    run: (bench) => {
      bench.listen()
      for (const i of fiveTimes) {
        const tcb = bench.opened(5000 + i)
        tcb.connection?.close()
        bench.segment(5000 + i, Flag.Fin | Flag.Ack, 1001, tcb.sndNxt)
      }
    },
    counted: ({ stack }) => stack.tcp.counters.timeWaitOverflow,
  },
  outOfOrderRanges: {
    values: [2, 16],
    run: (bench) => {
      bench.listen()
      const tcb = bench.opened(5000)
      for (const i of fiveTimes) bench.segment(5000, Flag.Ack, 1001 + i * 200, tcb.sndNxt, pattern(100))
    },
    counted: ({ stack }) => stack.tcp.counters.droppedTooManyRanges,
  },
  sackRecords: {
    values: [2, 16],
    run: (bench) => {
      bench.listen()
      const tcb = bench.opened(5000)
      const start = tcb.sndNxt
      tcb.connection?.write(pattern(900))
      for (const i of fiveTimes) {
        const left = (start + i * 100) >>> 0
        const sack: packets.TcpOption = { name: 'sack', blocks: [[left, (left + 1) >>> 0]] }
        bench.segment(5000, Flag.Ack, 1001, start, new Uint8Array(0), [sack])
      }
    },
    counted: ({ stack }) => stack.tcp.counters.sackCutsRefused,
  },
  spareRecords: {
    values: [2, 16],
    run: (bench) => {
      bench.listen()
      const tcb = bench.opened(5000)
      if (tcb.connection !== null) tcb.connection.noDelay = true
      for (const _ of fiveTimes) tcb.connection?.write(pattern(100))
      bench.segment(5000, Flag.Ack, 1001, tcb.sndNxt)
    },
    counted: ({ stack }) => stack.tcp.counters.spareRecordsReleased,
  },
  fastOpenCookies: {
    values: [2, 16],
    run: ({ stack, clock }) => {
      for (const i of fiveTimes)
        stack.tcp.connect({ address: address(100 + i), port: 80, fastOpen: true }, {}).userTimeout = 2000
      clock.advance(10_000)
    },
    counted: ({ stack }) => stack.tcp.counters.fastOpenCookiesEvicted,
  },
  resetsPerSecond: {
    values: [2, 100],
    run: (bench) => {
      for (const i of fiveTimes) bench.segment(5000 + i, Flag.Syn, 1)
    },
    counted: ({ stack }) => stack.tcp.counters.resetsSuppressed,
  },
  challengeAcksPerSecond: {
    values: [1, 100],
    run: (bench) => {
      bench.listen()
      for (const i of fiveTimes) bench.opened(5000 + i)
      for (const i of fiveTimes) bench.segment(5000 + i, Flag.Syn, 1001)
    },
    counted: ({ stack }) => stack.tcp.counters.challengeAcksSuppressed,
  },
  loopbackQueueBytes: {
    values: [131_072, 4 << 20],
    run: ({ stack }) => {
      const socket = stack.udp.bind({}, { onMessage: () => {} })
      // Delivered when the outermost entry leaves: until then all of it waits.
      stack.engine.run(() => {
        for (let i = 0; i < 20; i++)
          socket.send(pattern(30_000), { address: parseAddress('127.0.0.1')!, port: 9 })
      })
    },
    counted: ({ stack }) => stack.interfaces[0].counters.txFull,
  },
}

function trial(name: keyof Limits, value: number): number {
  const scenario = SCENARIOS[name]
  const bench = new Bench({ ...scenario.also, [name]: value }, scenario.medium ?? 'ip')
  scenario.run(bench)
  bench.clock.advance(10)
  return scenario.counted(bench)
}

describe('every limit holds, and counts what it refuses', () => {
  it('has a scenario for each', () => {
    expect(Object.keys(SCENARIOS).sort()).toEqual(Object.keys(LIMIT_RANGES).sort())
    expect(Object.keys(DEFAULT_LIMITS).sort()).toEqual(Object.keys(LIMIT_RANGES).sort())
  })

  it.each(Object.keys(LIMIT_RANGES) as (keyof Limits)[])('%s', (name) => {
    const [tight, enough] = SCENARIOS[name].values
    expect(trial(name, tight), `with ${tight}`).toBeGreaterThan(0)
    expect(trial(name, enough), `with ${enough}`).toBe(0)
  })
})

describe('resolveLimits', () => {
  it('fills in the defaults, which are within their ranges', () => {
    expect(resolveLimits()).toEqual(DEFAULT_LIMITS)
    expect(resolveLimits({ pings: 7 })).toEqual({ ...DEFAULT_LIMITS, pings: 7 })
    for (const [name, [low, high]] of Object.entries(LIMIT_RANGES)) {
      const value = DEFAULT_LIMITS[name as keyof Limits]
      expect(value >= low && value <= high, name).toBe(true)
    }
  })

  it.each(Object.entries(LIMIT_RANGES))('%s takes its range and nothing else', (name, [low, high]) => {
    expect(resolveLimits({ [name]: low })).toMatchObject({ [name]: low })
    expect(resolveLimits({ [name]: high })).toMatchObject({ [name]: high })
    for (const value of [low - 1, high + 1, low + 0.5, Number.NaN, Number.POSITIVE_INFINITY, '5' as never]) {
      const error = thrownBy(() => new Stack({ limits: { [name]: value } }))
      expect(error, String(value)).toMatchObject({ code: 'ERR_OUT_OF_RANGE' })
      expect(error.message).toContain(
        `'${name}' must be an integer from ${low} to ${high}. Received ${value}`,
      )
    }
  })

  it('knows its names, and powers of two', () => {
    expect(thrownBy(() => resolveLimits({ neighbors: 5 } as never))).toMatchObject({
      code: 'ERR_INVALID_ARG_VALUE',
      message: "There is no limit named 'neighbors'",
    })
    expect(thrownBy(() => new Stack({ limits: { memory: 3 << 20 } })).code).toBe('ERR_OUT_OF_RANGE')
  })
})

function thrownBy(call: () => unknown): TapwireError {
  try {
    call()
  } catch (error) {
    if (error instanceof TapwireError) return error
    throw error
  }
  throw new Error('Nothing was thrown')
}
