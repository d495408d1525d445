import { afterAll, describe, expect, it } from 'vitest'
import {
  createCable,
  DropReason,
  decodeTrace,
  impair,
  packets,
  parseAddress,
  SeededRandom,
  Stack,
  TCP_DROP_COUNTERS,
  type TcpConnection,
  type TraceEvent,
  TraceKind,
  traceEvents,
  VirtualClock,
} from '../../src/index.ts'
import { MODERN, pattern, SACK_ONLY, Script, type ScriptOptions } from './script.ts'
import { type SenderOptions, SenderScript, SIZE } from './sender-script.ts'

type Kind = TraceEvent['kind']
type Of<K extends Kind> = Extract<TraceEvent, { kind: K }>

/** Every kind that any scenario has seen. */
const seen = new Set<Kind>()

class Record {
  readonly all: TraceEvent[] = []
  readonly tracer = traceEvents((event) => {
    seen.add(event.kind)
    this.all.push(event)
  })

  of<K extends Kind>(kind: K): Of<K>[] {
    return this.all.filter((event): event is Of<K> => event.kind === kind)
  }

  kinds(...among: Kind[]): Kind[] {
    return this.all.map((event) => event.kind).filter((kind) => among.includes(kind))
  }

  clear(): void {
    this.all.length = 0
  }
}

function script(options: ScriptOptions = {}): [Script, Record] {
  const record = new Record()
  return [new Script({ ...options, trace: record.tracer }), record]
}

function sender(options: SenderOptions = {}): [SenderScript, Record] {
  const record = new Record()
  return [new SenderScript({ ...options, trace: record.tracer }), record]
}

describe('what a tracer is told', () => {
  it('state: every change of state, from where to where', () => {
    const [t, record] = script()
    t.connected()
    t.connection.shutdown()
    t.skip().send({ flags: 'A', seq: 1, ack: 2 }, { flags: 'FA', seq: 1, ack: 2 })
    expect(record.of('state').map(({ from, to }) => `${from} ${to}`)).toEqual([
      'CLOSED SYN-SENT',
      'SYN-SENT ESTABLISHED',
      'ESTABLISHED FIN-WAIT-1',
      'FIN-WAIT-1 FIN-WAIT-2',
      'FIN-WAIT-2 TIME-WAIT',
      'TIME-WAIT CLOSED',
    ])
    expect(new Set(record.of('state').map(({ connection }) => connection)).size).toBe(1)
  })

  it('cwnd and rtt: a window that was used grows by what was acknowledged', () => {
    const [t, record] = sender()
    expect(record.of('rtt')).toMatchObject([{ sample: 100, srtt: 100, rto: 300 }])
    record.clear()
    t.write(10).skip().wait(60).ack(10)
    expect(record.of('cwnd')).toMatchObject([{ cwnd: 20 * SIZE, inFlight: 0 }])
    expect(record.of('rtt')).toMatchObject([{ sample: 60, srtt: 95 }])
    expect(record.of('rtt')[0].time).toBe(t.clock.now() / 1000)
  })

  it('retransmit: sequence number, length and cause', () => {
    const [syn, synRecord] = script()
    syn.connect().wait(1000)
    expect(synRecord.of('retransmit')).toMatchObject([{ length: 0, cause: 'syn' }])

    const [t, record] = sender()
    t.write(10).skip().wait(100).ack(0, [1, 7])
    expect(record.of('retransmit')).toMatchObject([
      { seq: (t.iss + 1) >>> 0, length: SIZE, cause: 'recovery' },
    ])

    const [probed, probeRecord] = sender()
    probed.write(2).skip().wait(205)
    expect(probeRecord.of('retransmit')).toMatchObject([
      { seq: (probed.iss + 1 + SIZE) >>> 0, length: SIZE, cause: 'probe' },
    ])
    expect(probeRecord.of('tailProbe')).toMatchObject([
      { end: (probed.iss + 1 + 2 * SIZE) >>> 0, retransmission: true },
    ])

    const [late, lateRecord] = sender({ kind: 'plain' })
    late.write(2).skip().wait(301)
    expect(lateRecord.of('retransmit')).toMatchObject([
      { seq: (late.iss + 1) >>> 0, length: SIZE, cause: 'timeout' },
    ])
  })

  it('recovery and losses: RACK marks, enters and leaves', () => {
    const [t, record] = sender()
    t.write(10).skip().wait(100)
    record.clear()
    t.ack(0, [1, 7]).expectSegments(0)
    const point = (t.iss + 1 + 10 * SIZE) >>> 0
    expect(record.of('markedLost')).toMatchObject([{ seq: (t.iss + 1) >>> 0, length: SIZE }])
    expect(record.of('recoveryEnter')).toMatchObject([{ point, ssthresh: 5 * SIZE, algorithm: 'rack' }])
    t.wait(100).ack(10)
    expect(record.of('recoveryExit')).toMatchObject([
      { point, cwnd: 5 * SIZE, ssthresh: 5 * SIZE, algorithm: 'rack' },
    ])
    expect(record.kinds('markedLost', 'recoveryEnter', 'retransmit', 'recoveryExit')).toEqual([
      'markedLost',
      'recoveryEnter',
      'retransmit',
      'recoveryExit',
    ])
  })

  it('recovery without SACK: NewReno by three duplicate ACKs', () => {
    const [t, record] = sender({ kind: 'plain' })
    t.write(10).skip().wait(100).ack(0).ack(0).ack(0)
    t.skip().wait(100).ack(10)
    expect(record.of('recoveryEnter')).toMatchObject([{ algorithm: 'newreno' }])
    expect(record.of('recoveryExit')).toMatchObject([{ algorithm: 'newreno' }])
  })

  it('timeout: how often in a row, the next RTO, and the recovery that it begins', () => {
    const [t, record] = sender({ kind: 'plain' })
    t.write(10).skip().wait(301)
    expect(record.of('timeout')).toMatchObject([{ backoff: 1, rto: 600 }])
    expect(record.of('recoveryEnter')).toMatchObject([
      { algorithm: 'timeout', cwnd: SIZE, ssthresh: 5 * SIZE, point: (t.iss + 1 + 10 * SIZE) >>> 0 },
    ])
    t.wait(600)
    expect(record.of('timeout')[1]).toMatchObject({ backoff: 2, rto: 1200 })
    t.ack(10)
    expect(record.of('recoveryExit')).toMatchObject([{ algorithm: 'timeout' }])
  })

  it('undo: F-RTO, a timestamp or D-SACK has proven the reduction needless', () => {
    const [frto, frtoRecord] = sender({ kind: 'plain' })
    frto.write(20).skip().wait(301).ack(1).wait(5).ack(2)
    expect(frtoRecord.of('undo')).toMatchObject([{ cwnd: 10 * SIZE, proof: 'frto' }])
    expect(frto.counters.spuriousTimeouts).toBe(1)

    const [eifel, eifelRecord] = sender({ kind: 'timestamps' })
    eifel.write(10)
    let echo = 0
    while (eifel.pending > 0) {
      eifel.next()
      echo = eifel.ts?.ecr ?? 0
    }
    eifel
      .wait(100)
      .ackWith({ n: 0, runs: [[1, 7]], echo })
      .skip()
      .wait(5)
      .ackWith({ n: 10, echo })
    expect(eifelRecord.of('undo')).toMatchObject([{ proof: 'eifel' }])
    expect(eifel.counters).toMatchObject({ undos: 1, undosByEcho: 1, undosByDsack: 0 })

    const [dsack, dsackRecord] = sender()
    dsack.write(10).skip().wait(100).ack(0, [1, 7]).skip()
    dsack.wait(5).ack(7).wait(100).ack(7, [0, 1])
    expect(dsackRecord.of('undo')).toMatchObject([{ proof: 'dsack' }])
    expect(dsack.counters).toMatchObject({ undos: 1, undosByDsack: 1 })
  })

  it("zeroWindow, windowProbe, windowOpen, windowUpdate: the peer's", () => {
    const [t, record] = script()
    t.established()
    t.connection.write(pattern(1, 10))
    t.skip().send({ flags: 'A', seq: 1, ack: 11, win: 0 })
    expect(record.of('zeroWindow')).toMatchObject([{ whose: 'peer' }])
    t.connection.write(pattern(11, 10))
    t.wait(4000)
    const probes = record.of('windowProbe').map(({ number }) => number)
    expect(probes.length).toBeGreaterThan(2)
    expect(probes).toEqual(probes.map((_, i) => i + 1))
    record.clear()
    t.skip().send({ flags: 'A', seq: 1, ack: 11, win: 3000 })
    expect(record.of('windowOpen')).toMatchObject([{ whose: 'peer', window: 3000 }])
    expect(record.of('windowUpdate')).toMatchObject([{ whose: 'peer', window: 3000, before: 0 }])
    expect(t.stack.tcp.counters.zeroWindowsIn).toBe(1)
  })

  it('zeroWindow, windowOpen, windowUpdate: our own, while nobody reads', () => {
    const [t, record] = script({ tcp: { receiveBuffer: 4000, receiveBufferMax: 4000 } })
    t.established()
    for (let seq = 1; seq < 4001; seq += 1000) t.send({ flags: 'A', seq, ack: 1, data: 1000 })
    t.wait(50)
    expect(record.of('zeroWindow')).toMatchObject([{ whose: 'own' }])
    t.readAll()
    expect(record.of('windowUpdate')).toMatchObject([{ whose: 'own', window: 4000, before: 0 }])
    expect(record.of('windowOpen')).toMatchObject([{ whose: 'own', window: 4000 }])
    expect(t.stack.tcp.counters).toMatchObject({ zeroWindowsOut: 1, windowUpdates: 1 })
  })

  it('segmentIn and segmentOut: sequence number, length, flags and acknowledgement', () => {
    const [t, record] = script()
    t.established()
    record.clear()
    t.send({ flags: 'PA', seq: 1, ack: 1, data: 100 })
    t.connection.write(pattern(1, 10))
    const [isn, iss] = [t.isn >>> 0, t.iss >>> 0]
    expect(record.of('segmentIn')).toMatchObject([
      { seq: isn + 1, length: 100, flags: 'PA', ack: iss + 1, connection: 1 },
    ])
    expect(record.of('segmentOut')).toMatchObject([
      { seq: iss + 1, length: 0, flags: 'A', ack: isn + 101, connection: 1 },
      { seq: iss + 1, length: 10, flags: 'PA', ack: isn + 101, connection: 1 },
    ])
    record.clear()
    t.remotePort = 6000
    t.localPort = 99
    t.send({ flags: 'S', seq: 0 })
    expect(record.of('segmentIn')).toMatchObject([{ flags: 'S', connection: 0 }])
    expect(record.of('segmentOut')).toMatchObject([{ flags: 'RA', ack: isn + 1, connection: 0 }])
  })

  it('segmentOut: SYN, SYN-ACK, the repeated ones, and RST', () => {
    const [t, record] = script()
    t.connect().wait(1000)
    t.next()
    t.skip().send({ flags: 'SA', seq: 0, ack: 1 })
    t.connection.abort()
    expect(record.of('segmentOut').map(({ flags, connection }) => `${flags} ${connection}`)).toEqual([
      'S 1',
      'S 1',
      'A 1',
      'RA 1',
    ])
  })

  it('ecn: CE came, and CWR ended the echo; ECE came, and CWR left', () => {
    const [t, record] = script()
    t.listen().send({ flags: 'SEW', seq: 0, options: SACK_ONLY }).expect({ flags: 'SAE' })
    t.send({ flags: 'A', seq: 1, ack: 1 })
    t.send({ flags: 'PA', seq: 1, ack: 1, data: 10, tos: 3 })
    t.send({ flags: 'PAW', seq: 11, ack: 1, data: 10, tos: 2 })
    t.connection.write(pattern(1, 20_000))
    t.skip().wait(50)
    t.send({ flags: 'AE', seq: 21, ack: 1461 })
    t.wait(50).send({ flags: 'A', seq: 21, ack: 14_601 })
    expect(record.of('ecn').map(({ what }) => what)).toEqual(['ceIn', 'cwrIn', 'eceIn', 'cwrOut'])
    const [, , ece] = record.of('ecn')
    expect(ece.cwnd).toBeLessThan(14_600)
    expect(t.connection.info()).toMatchObject({ ecnSeen: true, congestionMarksIn: 1, deliveredCe: 1460 })
  })

  it('appLimited: once, when the application gives less than the window takes', () => {
    const [t, record] = sender()
    record.clear()
    t.write(2).write(1)
    expect(record.of('appLimited')).toMatchObject([{ inFlight: 2 * SIZE, cwnd: 10 * SIZE }])
  })

  it('keepaliveProbe: the first, the second, the third', () => {
    const [t, record] = script()
    t.established()
    t.connection.setKeepAlive(true, { idle: 5000, interval: 1000, count: 3 })
    t.wait(7500)
    expect(record.of('keepaliveProbe').map(({ number }) => number)).toEqual([1, 2, 3])
  })

  it('reorderingWindow: reordering was seen, and a D-SACK widens it', () => {
    const [t, record] = sender()
    t.write(10).skip().wait(100).ack(0, [1, 2]).wait(1).ack(2)
    expect(record.of('reorderingWindow')).toMatchObject([{ window: 25, steps: 1, reorderingSeen: true }])
    t.ack(2, [0, 1])
    expect(record.of('reorderingWindow')[1]).toMatchObject({ window: 50, steps: 2, reorderingSeen: true })
    expect(t.info).toMatchObject({ reorderedOut: 1, reorderingDistance: 2 * SIZE, dsacksIn: 1 })
    expect(t.counters.reordered).toBe(1)
  })

  it('pathMtu: told by a router', () => {
    const [t, record] = script()
    t.established()
    t.connection.write(pattern(1, 3000))
    const body = t.device.sent.at(-1)!.bytes.slice(0, 28)
    const source = parseAddress('10.0.0.254')!.toBytes()
    const destination = parseAddress(t.local)!.toBytes()
    t.device.receive(
      packets.buildFrame({ ipv4: { source, destination }, icmpv4: { type: 3, code: 4, rest: 1000, body } }),
    )
    expect(record.of('pathMtu')).toMatchObject([{ before: 1500, mtu: 1000, cause: 'icmp', probe: 0 }])
    expect(t.connection.info()).toMatchObject({ pathMtu: 1000, sndMss: 960 })
  })

  it('pathMtu: a black hole, and the probes that find its size', () => {
    const record = new Record()
    const clock = new VirtualClock()
    const [a, b] = createCable({ clock, medium: 'ip' })
    const link = impair(a, { clock, latency: 10, direction: 'out', bandwidth: 2e6 })
    link.set({ filter: (frame) => (frame.length > 1400 ? 'drop' : 'pass') })
    const own = (seed: number) =>
      ({ clock, random: new SeededRandom(seed), conflictDetection: 'off' }) as const
    const left = new Stack({ ...own(1), trace: record.tracer, tcp: { sendBuffer: 100_000 } })
    const right = new Stack(own(2))
    left.addInterface(link, { addresses: ['10.0.0.1/24'] })
    right.addInterface(b, { addresses: ['10.0.0.2/24'] })
    const drain = (c: TcpConnection): void => {
      for (let n = c.peek(); n > 0; n = c.peek()) c.consume(n)
    }
    const onConnection = (): void => {
      listener.accept()!.handler = { onReadable: drain }
    }
    const listener = right.tcp.listen({ port: 7 }, { onConnection })
    const chunk = new Uint8Array(50_000)
    const fill = (c: TcpConnection): void => {
      while (c.write(chunk) === chunk.length);
    }
    left.tcp.connect({ address: parseAddress('10.0.0.2')!, port: 7 }, { onConnect: fill, onWritable: fill })
    clock.advance(20_000)
    const found = record.of('pathMtu')
    expect(found[0]).toMatchObject({ before: 1500, mtu: 1064, cause: 'blackHole' })
    const arrived = found.filter(({ cause }) => cause === 'probeArrived')
    const lost = found.filter(({ cause }) => cause === 'probeLost')
    expect(arrived.length + lost.length).toBe(found.length - 1)
    expect(lost[0]).toMatchObject({ before: 1064, mtu: 1064, probe: 1500 })
    for (const { mtu, probe } of arrived) expect(mtu).toBe(probe)
    expect(Math.max(...arrived.map(({ mtu }) => mtu))).toBeGreaterThan(1400 - 16)
    expect(Math.max(...arrived.map(({ mtu }) => mtu))).toBeLessThanOrEqual(1400)
  })

  it('drop: the reason, under the name of its counter', () => {
    const [t, record] = script()
    t.established(MODERN)
    record.clear()
    t.send({ flags: 'A', seq: 200_000, ack: 1, data: 5 })
    t.send({ flags: 'A', seq: 1, ack: 900_000 })
    t.send({ flags: 'S', seq: 3 })
    expect(record.of('drop')).toMatchObject([
      { reason: 'droppedOutOfWindow', seq: t.isn + 200_000, length: 5, connection: 1 },
      { reason: 'droppedBadAck', length: 0 },
      { reason: 'droppedChallengedSyn' },
    ])
  })

  it('drop: each reason has a counter of its own, and none is left over', () => {
    expect(TCP_DROP_COUNTERS).toHaveLength(Object.keys(DropReason).length)
    for (const [name, reason] of Object.entries(DropReason)) {
      expect(TCP_DROP_COUNTERS[reason]).toBe(`dropped${name}`)
    }
    const { counters } = new Script().stack.tcp
    const names = Object.keys(counters).filter((name) => name.startsWith('dropped'))
    // Records that were given up for others, not segments.
    const records = ['droppedSynBacklog', 'droppedHalfOpenLimit']
    expect(names.filter((name) => !records.includes(name)).sort()).toEqual([...TCP_DROP_COUNTERS].sort())
  })

  it('numbers alone: what is decoded is what was told', () => {
    const told: number[][] = []
    const t = new Script({ trace: { onTrace: (...numbers) => void told.push(numbers) } })
    t.established()
    expect(told.length).toBeGreaterThan(3)
    for (const numbers of told) {
      expect(numbers).toHaveLength(7)
      expect(numbers.every((n) => typeof n === 'number')).toBe(true)
    }
    const [kind, time, connection, ...rest] = told[0]
    expect(kind).toBe(TraceKind.SegmentIn)
    const [a, b, c, d] = rest
    expect(decodeTrace(kind as TraceKind, time, connection, a, b, c, d)).toMatchObject({
      kind: 'segmentIn',
      flags: 'S',
      seq: t.isn,
      length: 0,
    })
  })

  afterAll(() => {
    const camel = (name: string): string => name.charAt(0).toLowerCase() + name.slice(1)
    expect([...seen].sort(), 'every kind in one of the scenarios').toEqual(
      Object.keys(TraceKind).map(camel).sort(),
    )
  })
})
