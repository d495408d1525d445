import { describe, expect, test } from 'vitest'
import { CeMark, markCongestion } from '../../src/link/ce-mark.ts'
import { buildFrame, decodeFrame, decodePacket, type FrameFields } from '../../src/wire/packet.ts'
import { text } from './helpers.ts'
import { ecnOf, impaired, range } from './impaired.ts'

const MACS = { destination: new Uint8Array([2, 0, 0, 0, 0, 1]), source: new Uint8Array([2, 0, 0, 0, 0, 2]) }

/** A TCP segment with these ECN bits. */
function segment(version: 4 | 6, medium: 'ethernet' | 'ip', ecn: number, payload = 100, id = 7): Uint8Array {
  const layers: FrameFields = { tcp: { sourcePort: 1, destinationPort: 2, payload: new Uint8Array(payload) } }
  if (medium === 'ethernet') layers.ethernet = MACS
  if (version === 4) {
    const source = new Uint8Array([10, 0, 0, 1])
    layers.ipv4 = {
      source,
      destination: new Uint8Array([10, 0, 0, 2]),
      ttl: 64,
      tos: 0xb8 | ecn,
      identification: id & 0xffff,
    }
  } else {
    const source = new Uint8Array(16).fill(3)
    layers.ipv6 = { source, destination: new Uint8Array(16).fill(4), hopLimit: 9, trafficClass: 0xb8 | ecn }
  }
  return buildFrame(layers)
}

const decode = (bytes: Uint8Array, medium: 'ethernet' | 'ip') =>
  medium === 'ethernet' ? decodeFrame(bytes) : decodePacket(bytes)

describe.each([
  [4, 'ethernet'],
  [6, 'ethernet'],
  [4, 'ip'],
  [6, 'ip'],
] as const)('RFC 3168 section 5: marking IPv%i over %s', (version, medium) => {
  const mark = (bytes: Uint8Array): CeMark => {
    const room = new Uint8Array(bytes.length + 7)
    room.set(bytes, 5)
    const result = markCongestion(new DataView(room.buffer), 5, bytes.length, medium)
    bytes.set(room.subarray(5, 5 + bytes.length))
    return result
  }

  test('ECT(0) and ECT(1) become CE, nothing else changes, all checksums hold', () => {
    for (const ecn of [1, 2]) {
      for (let id = 0; id < 2000; id++) {
        const bytes = segment(version, medium, ecn, 20, id * 33)
        expect(mark(bytes)).toBe(CeMark.Marked)
        expect(decode(bytes, medium).problems).toEqual([])
        expect(text(bytes)).toBe(text(segment(version, medium, 3, 20, id * 33)))
        if (version === 6) break
      }
    }
  })

  test('Not-ECT stays as it is, CE too', () => {
    for (const [ecn, result] of [
      [0, CeMark.NotCapable],
      [3, CeMark.Already],
    ] as const) {
      const bytes = segment(version, medium, ecn)
      expect(mark(bytes)).toBe(result)
      expect(text(bytes)).toBe(text(segment(version, medium, ecn)))
    }
  })
})

test('a wrong IPv4 checksum stays wrong', () => {
  const bytes = segment(4, 'ip', 2)
  bytes[10] ^= 1
  expect(markCongestion(new DataView(bytes.buffer), 0, bytes.length, 'ip')).toBe(CeMark.Marked)
  expect(decodePacket(bytes).problems.length).toBeGreaterThan(0)
  bytes[10] ^= 1
  expect(decodePacket(bytes).problems).toEqual([])
})

test('frames that are no IP packets, or too short for one, or tagged, are left alone', () => {
  const tagged = segment(4, 'ethernet', 2)
  tagged[12] = 0x81
  tagged[13] = 0
  const cases: [Uint8Array, 'ethernet' | 'ip'][] = [
    [tagged, 'ethernet'],
    [segment(4, 'ethernet', 2).subarray(0, 33), 'ethernet'],
    [segment(6, 'ip', 2).subarray(0, 19), 'ip'],
    [new Uint8Array(60).fill(0xff), 'ethernet'],
    [new Uint8Array(60).fill(0xff), 'ip'],
    [new Uint8Array(0), 'ip'],
    [new Uint8Array(0), 'ethernet'],
  ]
  for (const [bytes, medium] of cases) {
    const before = text(bytes)
    const room = new Uint8Array(bytes)
    expect(markCongestion(new DataView(room.buffer), 0, room.length, medium)).toBe(CeMark.NotCapable)
    expect(text(room)).toBe(before)
  }
})

describe('marks at a bottleneck', () => {
  // One frame takes 1 ms.
  const bandwidth = 8 * 1000 * 1000
  const frame = (ecn: number): Uint8Array => segment(4, 'ethernet', ecn, 946)

  test('markAbove marks what makes more than so many bytes wait, and never what need not wait', () => {
    const { clock, near, far, stats } = impaired({ bandwidth, markAbove: 3000 })
    for (let i = 0; i < 6; i++) near.send(frame(2))
    near.send(frame(0))
    clock.advance(100)
    // The first is being sent; three wait below the bound.
    expect(far.sink.frames.map((f) => ecnOf(f.bytes))).toEqual([2, 2, 2, 2, 3, 3, 0])
    expect(far.sink.frames.every((f) => decodeFrame(f.bytes).problems.length === 0)).toBe(true)
    expect(stats.out).toMatchObject({ marked: 2, queueDropped: 0, delivered: 7 })
    expect(stats.out).toMatchObject({ queueMostBytes: 6000, queueMostPackets: 6, queued: 6 })
    expect(stats.out).toMatchObject({ sojournTotal: 21_000, sojournMost: 6000 })
  })

  test('markAbove counts frames too, and marks no frame twice', () => {
    const { clock, near, far, stats } = impaired({ bandwidth, markAbove: { packets: 1 } })
    for (const ecn of [2, 1, 1, 3]) near.send(frame(ecn))
    clock.advance(100)
    expect(far.sink.frames.map((f) => ecnOf(f.bytes))).toEqual([2, 1, 3, 3])
    expect(stats.out.marked).toBe(1)
  })

  test('with ecn a full queue marks instead of dropping, up to twice its bound; Not-ECT is dropped', () => {
    const { clock, near, far, stats } = impaired({ bandwidth, queue: 2000, ecn: true })
    for (const ecn of [2, 2, 0, 0, 2, 1, 2, 2]) near.send(frame(ecn))
    clock.advance(100)
    expect(far.sink.frames.map((f) => ecnOf(f.bytes))).toEqual([2, 2, 0, 3, 3])
    expect(stats.out).toMatchObject({ marked: 2, queueDropped: 3, queueMostBytes: 4000 })
  })

  test('without ecn the tail is dropped, marked or not', () => {
    const { clock, near, far, stats } = impaired({ bandwidth, queue: { packets: 2 } })
    for (let i = 0; i < 6; i++) near.send(frame(2))
    clock.advance(100)
    expect(far.sink.frames.map((f) => ecnOf(f.bytes))).toEqual([2, 2, 2])
    expect(stats.out).toMatchObject({ marked: 0, queueDropped: 3 })
  })

  test('mark marks with its probability, with no queue at all, and draws from a sequence of its own', () => {
    const run = (options: object): number[] => {
      const { clock, near, far, stats } = impaired({ mark: 0.3, seed: 3, ...options })
      for (let i = 0; i < 5000; i++) near.send(segment(4, 'ethernet', 2, 20))
      clock.advance(10_000)
      const marked = far.sink.frames.flatMap((f, i) => (ecnOf(f.bytes) === 3 ? [i] : []))
      expect(stats.out.marked).toBe(marked.length)
      return marked
    }
    const marked = run({})
    expect(Math.abs(marked.length - 1500)).toBeLessThan(4 * Math.sqrt(5000 * 0.3 * 0.7))
    expect(run({ latency: 3, jitter: 2, duplicate: 1e-9 })).toEqual(marked)
  })

  test('both directions have a queue of their own', () => {
    const { clock, near, far, bad } = impaired({ bandwidth, markAbove: 0 })
    bad.set({ markAbove: Number.POSITIVE_INFINITY }, 'in')
    for (const _ of range(3)) {
      near.send(frame(1))
      far.send(frame(1))
    }
    clock.advance(0)
    expect(bad.waiting).toEqual({ in: 2000, out: 2000 })
    clock.advance(100)
    expect(bad.waiting).toEqual({ in: 0, out: 0 })
    expect(far.sink.frames.map((f) => ecnOf(f.bytes))).toEqual([1, 3, 3])
    expect(near.sink.frames.map((f) => ecnOf(f.bytes))).toEqual([1, 1, 1])
  })
})
