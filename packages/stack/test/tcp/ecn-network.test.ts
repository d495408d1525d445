import { describe, expect, it } from 'vitest'
import {
  type CongestionName,
  capture,
  createCable,
  EcnEvent,
  type Impairment,
  impair,
  SeededRandom,
  Stack,
  TraceKind,
  VirtualClock,
} from '../../src/index.ts'
import { decodePacket } from '../../src/wire/packet.ts'
import { PacketDirection, readPcapng } from '../../src/wire/pcapng.ts'
import { startBulk } from '../support/bulk.ts'

const NOT_ECT = 0
const ECT0 = 2
const CE = 3
const SYN = 2
const ECE = 64
const CWR = 128

/** Milliseconds there and back, and bits per second. */
const RTT = 20
const RATE = 20e6
const SECONDS = 4

interface Seen {
  /** Microseconds of the clock. */
  readonly time: number
  /** From the sender of the data. */
  readonly data: boolean
  readonly ecn: number
  readonly flags: number
  readonly seq: number
  readonly length: number
}

interface Setting {
  readonly family?: 4 | 6
  readonly congestion?: CongestionName
  readonly ecn?: boolean
  readonly seconds?: number
  /** What the bottleneck is from the second second on. */
  readonly later?: Impairment
}

/** Bulk data through a bottleneck that marks, captured where it arrives. */
function transferThrough(bottleneck: Impairment, setting: Setting = {}) {
  const { family = 4, congestion = 'newreno', ecn = true, seconds = SECONDS, later = {} } = setting
  const clock = new VirtualClock()
  const [a, b] = createCable({ clock, medium: 'ip' })
  const link = impair(a, { clock, latency: RTT / 2 })
  link.set({ bandwidth: RATE, ...bottleneck }, 'out')
  const chunks: Uint8Array[] = []
  const captured = capture(b, (chunk) => chunks.push(Uint8Array.from(chunk)), { clock, snapLength: 120 })
  /** When the sender reduced its window, and its window then, in microseconds and bytes. */
  const reductions: { time: number; cwnd: number; ssthresh: number }[] = []
  const tcp = { ecn, congestion, receiveBuffer: 4 << 20, sendBuffer: 4 << 20 }
  const sender = new Stack({
    clock,
    random: new SeededRandom(1),
    tcp,
    trace: {
      onTrace: (kind, time, _connection, what, cwnd, ssthresh) => {
        if (kind === TraceKind.Ecn && what === EcnEvent.EceIn) reductions.push({ time, cwnd, ssthresh })
      },
    },
  })
  const receiver = new Stack({ clock, random: new SeededRandom(2), tcp })
  sender.addInterface(link, { addresses: ['10.0.0.1/24', 'fd00::1/64'] })
  receiver.addInterface(captured, { addresses: ['10.0.0.2/24', 'fd00::2/64'] })
  clock.advance(5000)
  const bulk = startBulk(sender, receiver, family === 4 ? '10.0.0.2' : 'fd00::2')
  clock.advance(1000)
  link.set(later, 'out')
  clock.advance((seconds - 1) * 1000)
  captured.flush()
  const segments = read(chunks)
  return {
    segments,
    data: segments.filter((s) => s.data && s.length > 0),
    reductions,
    received: bulk.received,
    stats: link.stats.out,
    counters: sender.tcp.counters,
    receiver: receiver.tcp.counters,
    connection: bulk.connection,
  }
}

function read(chunks: readonly Uint8Array[]): Seen[] {
  const whole = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.length, 0))
  let at = 0
  for (const chunk of chunks) {
    whole.set(chunk, at)
    at += chunk.length
  }
  const file = readPcapng(whole)
  if (file === null || file.truncated) throw new Error('no capture')
  const seen: Seen[] = []
  for (const { bytes, direction, time } of file.packets) {
    const { ipv4, ipv6, tcp } = decodePacket(bytes)
    if (tcp === undefined) continue
    // The capture keeps the headers only, so lengths are those that the IP header tells.
    const length = (ipv4 ? ipv4.totalLength - 20 : (ipv6?.payloadLength ?? 0)) - tcp.dataOffset
    const ecn = (ipv4?.tos ?? ipv6?.trafficClass ?? 0) & 3
    const data = direction === PacketDirection.Inbound
    seen.push({ time, data, ecn, flags: tcp.flags, seq: tcp.seq, length })
  }
  return seen
}

/** RFC 3168 section 6.1, as it can be read from a capture at the receiver. */
function expectRfc3168(segments: readonly Seen[]): void {
  const [syn, synAck] = segments.filter((s) => s.flags & SYN)
  // R3168-01, R3168-02.
  expect(syn).toMatchObject({ ecn: NOT_ECT, data: true })
  expect(syn.flags & (ECE | CWR)).toBe(ECE | CWR)
  expect(synAck).toMatchObject({ ecn: NOT_ECT, data: false })
  expect(synAck.flags & (ECE | CWR)).toBe(ECE)
  let echo = false
  let wrongEchoes = 0
  let wrongCodepoints = 0
  for (const s of segments) {
    if (s.flags & SYN) continue
    if (s.data && s.length > 0) {
      // R3168-04: new data carries ECT(0), unless it has been marked on the way.
      if (s.ecn !== ECT0 && s.ecn !== CE) wrongCodepoints++
      if (s.flags & CWR) echo = false
      if (s.ecn === CE) echo = true
    } else if (s.ecn !== NOT_ECT) wrongCodepoints++ // R3168-05
    // R3168-06: ECE on every ACK from a mark to the CWR that answers it, and on no other.
    if (!s.data && ((s.flags & ECE) !== 0) !== echo) wrongEchoes++
  }
  expect({ wrongEchoes, wrongCodepoints }).toEqual({ wrongEchoes: 0, wrongCodepoints: 0 })
}

const BOTTLENECKS: [string, Impairment, Impairment][] = [
  ['a threshold', { markAbove: 30_000, queue: 1 << 20 }, {}],
  ['CoDel', { codel: true, ecn: true, queue: 1 << 20 }, {}],
  // Slow start goes beyond any queue by its own length and the link's, so it is over before.
  [
    'a tail that marks',
    { markAbove: 30_000, queue: 1 << 20 },
    { markAbove: Number.POSITIVE_INFINITY, ecn: true, queue: 60_000 },
  ],
]

describe.each(BOTTLENECKS)('TCP with ECN through %s', (_name, bottleneck, later) => {
  for (const family of [4, 6] as const) {
    for (const congestion of ['newreno', 'cubic'] as const) {
      it(`R3168-04 R3168-05 R3168-06 R3168-07: no loss, one reduction a round trip, IPv${family}, ${congestion}`, () => {
        const t = transferThrough(bottleneck, { family, congestion, later })
        expect(t.stats).toMatchObject({ queueDropped: 0, codelDropped: 0, lost: 0, overflowed: 0 })
        expect(t.counters.retransmitted).toBe(0)
        expect(t.connection.info().ecn).toBe(true)
        // Every mark that the bottleneck made arrived, in packets whose checksums held.
        const marks = t.data.filter((s) => s.ecn === CE).length
        expect(marks).toBeGreaterThan(2)
        expect(Math.abs(t.stats.marked - marks)).toBeLessThan(100)
        expect(t.receiver.congestionMarksIn).toBe(marks)
        expect(t.receiver.droppedBadChecksum).toBe(0)
        expectRfc3168(t.segments)
        // R3168-07: at most once in a window's round trip, and CWR on the next new data, once each.
        expect(t.reductions.length).toBe(t.counters.ecnReductions)
        expect(t.reductions.length).toBeGreaterThan(2)
        for (let i = 1; i < t.reductions.length; i++) {
          expect(t.reductions[i].time - t.reductions[i - 1].time).toBeGreaterThanOrEqual(RTT * 1000)
        }
        const answers = t.data.filter((s) => s.flags & CWR)
        expect(Math.abs(answers.length - t.reductions.length)).toBeLessThanOrEqual(1)
        // A mark leads to a reduction: not one per mark, but no mark stays without.
        expect(t.reductions.length).toBeLessThanOrEqual(marks)
        // The link stays busy, with a short queue.
        expect(t.received / SECONDS).toBeGreaterThan((0.85 * RATE) / 8)
        expect(t.stats.sojournTotal / t.stats.queued / 1000).toBeLessThan(30)
      })
    }
  }

  it('the same without ECN is told by losses', () => {
    const t = transferThrough({ ...bottleneck, queue: 60_000 }, { ecn: false, seconds: 2 })
    expect(t.stats.marked).toBe(0)
    expect(t.stats.queueDropped + t.stats.codelDropped).toBeGreaterThan(0)
    expect(t.counters.retransmitted).toBeGreaterThan(0)
    expect(t.counters.ecnReductions).toBe(0)
    expect(t.segments.every((s) => s.ecn === NOT_ECT)).toBe(true)
  })
})

describe('ECN, mark by mark', () => {
  it('R3168-07 R8311-02 one mark is one reduction, answered after a round trip', () => {
    const script = [{ match: 'data', nth: 200, do: 'mark' }] as const
    const t = transferThrough({ queue: 1 << 20, bandwidth: 1e8, script }, { seconds: 1 })
    expect(t.stats.marked).toBe(1)
    expect(t.reductions.length).toBe(1)
    expect(t.counters.retransmitted).toBe(0)
    expectRfc3168(t.segments)
    const marked = t.data.findIndex((s) => s.ecn === CE)
    const answer = t.data.findIndex((s) => s.flags & CWR)
    expect(marked).toBe(199)
    expect(answer).toBeGreaterThan(marked)
    // A round trip between them, and not two.
    const between = t.data[answer].time - t.data[marked].time
    expect(between).toBeGreaterThanOrEqual(RTT * 1000)
    expect(between).toBeLessThan(2 * RTT * 1000)
  })

  it('R3168-06 a lost CWR: the receiver goes on echoing, and the sender answers again', () => {
    // What the sender answers with is the first CWR after the SYN.
    let answers = 0
    const t = transferThrough(
      {
        queue: 1 << 20,
        bandwidth: 50e6,
        script: [
          { match: 'data', nth: 100, do: 'mark' },
          {
            match: (p) =>
              p.tcp !== undefined &&
              (p.tcp.flags & CWR) !== 0 &&
              (p.tcp.flags & SYN) === 0 &&
              ++answers === 1,
            do: 'drop',
          },
        ],
      },
      { seconds: 1 },
    )
    expect(answers).toBeGreaterThanOrEqual(2)
    expect(t.counters.retransmitted).toBe(1)
    expect(t.data.filter((s) => s.flags & CWR).length).toBe(answers - 1)
    // R3168-08: not on the retransmission.
    const again = t.data.filter((s) => s.ecn === NOT_ECT)
    expect(again.length).toBe(1)
    expect(again[0].flags & CWR).toBe(0)
  })
})

describe('one flow of CUBIC and a deep queue', () => {
  it('CoDel keeps the delay near its target where a plain queue stands full', () => {
    const delays = [{}, { codel: true }, { codel: true, ecn: true }].map((codel) => {
      const { stats, received } = transferThrough({ queue: 500_000, ...codel }, { congestion: 'cubic' })
      expect(received / SECONDS).toBeGreaterThan((0.85 * RATE) / 8)
      return stats.sojournTotal / stats.queued / 1000
    })
    // 500 kB take 200 ms.
    expect(delays[0]).toBeGreaterThan(60)
    expect(delays[1]).toBeLessThan(20)
    expect(delays[2]).toBeLessThan(20)
  })
})
