import { describe, expect, it } from 'vitest'
import {
  DropReason,
  type LinkDevice,
  packets,
  parseAddress,
  TCP_DROP_COUNTERS,
  type TcpCounters,
} from '../../src/index.ts'
import { checkConservation } from '../whole/conservation.ts'
import { corpus } from '../whole/corpus.ts'
import { LiveStack } from '../whole/live-stack.ts'
import { inState } from './in-state.ts'
import { MODERN, pattern, SACK_ONLY, Script } from './script.ts'
import { SenderScript, SIZE } from './sender-script.ts'

type Reason = keyof typeof DropReason

/** The last packet is damaged by one byte at `at` of its TCP header; the checksum is right unless it is what was damaged. */
function damaged(t: Script, at: number, value: number): Uint8Array {
  const bytes = t.build({ flags: 'A', seq: 1, ack: 1, data: 10 })
  bytes[20 + at] = value
  return bytes
}

function toGroup(t: Script): Uint8Array {
  return packets.buildFrame({
    ipv4: {
      source: parseAddress(t.remote)!.toBytes(),
      destination: parseAddress('10.0.0.255')!.toBytes(),
    },
    tcp: { sourcePort: 5000, destinationPort: 7, flags: 2 },
  })
}

const established = (): Script => new Script().established(MODERN)

/** Of each reason to drop a segment: how it comes to that, and how many segments are dropped for it then. */
const DROPS: { readonly [R in Reason]: () => [t: Script, drops?: number] } = {
  TooShort: () => {
    const t = established()
    t.device.receive(
      packets.buildFrame({
        ipv4: {
          source: parseAddress(t.remote)!.toBytes(),
          destination: parseAddress(t.local)!.toBytes(),
          protocol: 6,
        },
      }),
    )
    return [t]
  },
  BadOffset: () => {
    const t = established()
    t.device.receive(damaged(t, 12, 0x40))
    return [t]
  },
  BadChecksum: () => {
    const t = established()
    t.device.receive(damaged(t, 20, 99))
    return [t]
  },
  Multicast: () => {
    const t = established()
    t.device.receive(toGroup(t))
    return [t]
  },
  OutOfWindow: () => [established().send({ flags: 'A', seq: 900_000, ack: 1, data: 10 })],
  Paws: () => {
    const t = established()
    t.ts!.val = 1000
    t.send({ flags: 'A', seq: 1, ack: 1, data: 10 })
    t.ts!.val = 500
    return [t.send({ flags: 'A', seq: 11, ack: 1, data: 10 })]
  },
  NoAck: () => [established().send({ flags: '', seq: 1, data: 10 })],
  BadAck: () => [established().send({ flags: 'A', seq: 1, ack: 5000 })],
  ChallengedReset: () => [established().send({ flags: 'R', seq: 10 })],
  ChallengedSyn: () => [established().send({ flags: 'S', seq: 1 })],
  AfterClose: () => {
    const t = established()
    t.connection.close()
    return [t.send({ flags: 'A', seq: 1, ack: 2, data: 10 })]
  },
  AfterFin: () => [inState('CLOSE-WAIT').send({ flags: 'A', seq: 2, ack: 1, data: 10 })],
  NoMemory: () => {
    const t = established()
    const { memory } = t.stack
    for (let size = 1 << 26; size >= 64; size >>>= 1) while (memory.allocate(size) >= 0);
    return [t.send({ flags: 'A', seq: 1, ack: 1, data: 1000 })]
  },
  TooManyRanges: () => {
    const t = new Script({ limits: { outOfOrderRanges: 1 } }).established(SACK_ONLY)
    t.send({ flags: 'A', seq: 11, ack: 1, data: 10 }, { flags: 'A', seq: 31, ack: 1, data: 10 })
    return [t]
  },
  Unexpected: () => [new Script().listen().send({ flags: 'SF' })],
  NoConnection: () => [new Script().send({ flags: 'S' }, { flags: 'A', ack: 1 }, { flags: 'R' }), 3],
  TimeWait: () => [inState('TIME-WAIT').send({ flags: 'R', seq: 2 }, { flags: 'A', seq: 900, ack: 2 }), 2],
  AcceptQueue: () => {
    const t = new Script().listen({ backlog: 1, accept: false })
    t.send({ flags: 'S' }).next()
    t.send({ flags: 'A', seq: 1, ack: 1 })
    t.remotePort = 5001
    return [t.send({ flags: 'S' })]
  },
  ConnectionLimit: () => {
    const t = new Script({ limits: { connections: 0 } }).listen()
    t.send({ flags: 'S' }).next()
    return [t.send({ flags: 'A', seq: 1, ack: 1 })]
  },
  HalfOpenRefused: () => {
    const t = new Script({ limits: { halfOpen: 1 }, tcp: { synCookies: false } }).listen()
    t.stack.tcp.listen({ port: 8 }, { onConnection: () => {} })
    t.send({ flags: 'S' })
    t.localPort = 8
    return [t.send({ flags: 'S' })]
  },
}

describe('every segment that comes in counts once', () => {
  it.each(Object.keys(DropReason) as Reason[])('dropped: %s', (reason) => {
    const [t, drops = 1] = DROPS[reason]()
    const name = TCP_DROP_COUNTERS[DropReason[reason]]
    const of = (counters: { readonly [K in typeof name]: number }): Record<string, number> =>
      Object.fromEntries(TCP_DROP_COUNTERS.filter((n) => counters[n] > 0).map((n) => [n, counters[n]]))
    expect(of(t.stack.tcp.counters)).toEqual({ [name]: drops })
    expect(of(t.stack.interfaces[1].counters.tcp)).toEqual({ [name]: drops })
    checkConservation(t.stack)
  })

  it('used: data, ACKs, handshakes, FINs, RSTs, and what is repeated', () => {
    const t = established()
    t.send({ flags: 'PA', seq: 1, ack: 1, data: 100 }, { flags: 'A', seq: 301, ack: 1, data: 100 })
    t.send({ flags: 'A', seq: 51, ack: 1, data: 250 })
    t.connection.write(pattern(1, 10))
    t.wait(50).send({ flags: 'A', seq: 401, ack: 11 }, { flags: 'FA', seq: 401, ack: 11 })
    const { tcp, interfaces } = t.stack
    expect(tcp.counters).toMatchObject({ segmentsIn: 7, segmentsProcessed: 7, outOfOrderIn: 1 })
    // The first 50 bytes of the last but two came twice.
    expect(tcp.counters).toMatchObject({ duplicatesIn: 1, duplicateBytesIn: 50 })
    expect(interfaces[1].counters.tcp).toMatchObject({
      segmentsIn: 7,
      segmentsProcessed: 7,
      segmentsOut: tcp.counters.segmentsOut,
      outOfOrderIn: 1,
      duplicatesIn: 1,
    })
    checkConservation(t.stack)
  })

  it.each<[LinkDevice['medium'], boolean]>([
    ['ethernet', false],
    ['ip', true],
  ])('whatever comes in at the %s door, at every layer', (medium, offloads) => {
    const live = new LiveStack(medium, offloads, 77)
    const samples = corpus(medium === 'ethernet')
    for (let i = 0; i < 30_000; i++) {
      if (i % 4 === 0) live.outside.randomFrame()
      else live.outside.mutated(samples)
      if (i % 32 === 31) live.outside.device.endBurst()
      if (i % 256 !== 255) continue
      live.restock()
      checkConservation(live.stack)
    }
    live.outside.device.endBurst()
    checkConservation(live.stack)
    const { tcp, ip, interfaces } = live.stack
    const dropped = TCP_DROP_COUNTERS.filter((name) => tcp.counters[name] > 0)
    expect(dropped.length, `reasons reached: ${dropped}`).toBeGreaterThan(12)
    // What the interfaces have counted is what the stack has: none of them has gone.
    const total = (of: (iface: (typeof interfaces)[number]) => number): number =>
      interfaces.reduce((sum, iface) => sum + of(iface), 0)
    expect(total((iface) => iface.counters.tcp.segmentsIn)).toBe(tcp.counters.segmentsIn)
    expect(total((iface) => iface.counters.tcp.segmentsOut)).toBe(tcp.counters.segmentsOut)
    expect(total((iface) => iface.counters.tcp.retransmitted)).toBe(tcp.counters.retransmitted)
    expect(total((iface) => iface.counters.tcp.duplicatesIn)).toBe(tcp.counters.duplicatesIn)
    expect(total((iface) => iface.counters.tcp.outOfOrderIn)).toBe(tcp.counters.outOfOrderIn)
    expect(total((iface) => iface.counters.ip.packetsIn)).toBe(ip.counters.packetsIn)
    expect(total((iface) => iface.counters.ip.packetsOut)).toBe(ip.counters.packetsOut)
    expect(total((iface) => iface.counters.ip.delivered)).toBe(ip.counters.delivered)
    const { retransmitted, fastRetransmits, timeoutRetransmits, synRetransmits, probeRetransmits } =
      tcp.counters
    expect(fastRetransmits + timeoutRetransmits + synRetransmits + probeRetransmits).toBe(retransmitted)
  })
})

describe('what else is counted', () => {
  function counted(t: Script, wanted: Partial<TcpCounters>): void {
    expect(t.stack.tcp.counters).toMatchObject(wanted)
    checkConservation(t.stack)
  }

  it('retransmissions by cause: recovery', () => {
    const t = new SenderScript()
    t.write(10).skip().wait(100).ack(0, [1, 7])
    counted(t, { retransmitted: 1, fastRetransmits: 1, fastRecoveries: 1, renoRecoveries: 0 })
  })

  it('retransmissions by cause: recovery without SACK', () => {
    const t = new SenderScript({ kind: 'plain' })
    t.write(10).skip().wait(100).ack(0).ack(0).ack(0)
    counted(t, { fastRetransmits: 1, fastRecoveries: 1, renoRecoveries: 1, duplicateAcksIn: 3 })
  })

  it('retransmissions by cause: timeout', () => {
    const t = new SenderScript({ kind: 'plain' })
    t.write(10).skip().wait(301)
    counted(t, { retransmitted: 1, timeoutRetransmits: 1, timeouts: 1 })
  })

  it('retransmissions by cause: SYN, and SYN-ACK', () => {
    counted(new Script().connect().wait(3500), { retransmitted: 2, synRetransmits: 2, timeouts: 2 })
    const t = new Script().listen()
    t.send({ flags: 'S' }).wait(1500)
    counted(t, { retransmitted: 1, synRetransmits: 1 })
  })

  it('a tail loss probe that repairs a loss', () => {
    const t = new SenderScript()
    t.write(10).skip().wait(100).ack(8).wait(205)
    counted(t, { retransmitted: 1, probeRetransmits: 1, tailProbes: 1, tailProbeRecoveries: 0 })
    t.skip().wait(100).ack(10)
    t.write(1).skip().wait(100).ack(11)
    counted(t, { tailProbeRecoveries: 1 })
  })

  it('D-SACKs, sent and received', () => {
    const t = new Script().established(SACK_ONLY)
    t.send({ flags: 'A', seq: 1, ack: 1, data: 100 }, { flags: 'A', seq: 1, ack: 1, data: 100 })
    counted(t, { dsacksOut: 1, duplicatesIn: 1, duplicateBytesIn: 100 })
    const sender = new SenderScript()
    sender.write(3).skip().wait(100).ack(3).ack(3, [0, 1])
    counted(sender, { dsacksIn: 1 })
  })

  it('ACKs that waited, and were sent by the timer', () => {
    const t = new Script().established()
    for (let i = 0; i < 20; i++) t.send({ flags: 'A', seq: 1 + i * 10, ack: 1, data: 10 })
    const { delayedAcks } = t.stack.tcp.counters
    expect(delayedAcks).toBe(1)
    counted(t, { delayedAckTimeouts: 0 })
    t.wait(41)
    counted(t, { delayedAcks, delayedAckTimeouts: 1 })
  })

  it('ends: reset by the peer, timed out, closed with data unread, and in order', () => {
    const reset = established().send({ flags: 'R', seq: 1 })
    counted(reset, { abortedByPeer: 1, establishedResets: 1, resetsIn: 1 })

    const late = new Script({ tcp: { retries: 1 } }).established()
    late.connection.write(pattern(1, 10))
    late.wait(60_000)
    counted(late, { abortedOnTimeout: 1, establishedResets: 1 })

    const unread = established().send({ flags: 'A', seq: 1, ack: 1, data: 10 })
    unread.connection.close()
    counted(unread, { abortedUnread: 1, establishedResets: 1, resetsOut: 1 })

    const orderly = established()
    orderly.connection.shutdown()
    orderly.send({ flags: 'FA', seq: 1, ack: 2 })
    counted(orderly, { establishedResets: 0, abortedByPeer: 0, abortedOnTimeout: 0, timeWaits: 1 })
  })

  it('ICMP errors: about a connection, about none, and about what is not in flight', () => {
    const t = new Script().established()
    t.connection.write(pattern(1, SIZE))
    const quoted = t.device.sent.at(-1)!.bytes.slice(0, 28)
    const tell = (change: (view: DataView) => void): void => {
      const body = quoted.slice()
      change(new DataView(body.buffer, 20))
      t.device.receive(
        packets.buildFrame({
          ipv4: {
            source: parseAddress('10.0.0.254')!.toBytes(),
            destination: parseAddress(t.local)!.toBytes(),
          },
          icmpv4: { type: 3, code: 1, body },
        }),
      )
    }
    tell(() => {})
    counted(t, { icmpErrorsIn: 1, icmpErrorsUnmatched: 0, icmpErrorsOutOfWindow: 0 })
    tell((view) => view.setUint16(2, 4999))
    tell((view) => view.setUint32(4, 12345))
    counted(t, { icmpErrorsIn: 3, icmpErrorsUnmatched: 1, icmpErrorsOutOfWindow: 1 })
  })

  it('connect beyond limits.connections', () => {
    const t = new Script({ limits: { connections: 0 } })
    expect(() => t.connect()).toThrow('limit of 0 connections')
    counted(t, { connectsRefused: 1, droppedConnectionLimit: 0 })
  })
})
