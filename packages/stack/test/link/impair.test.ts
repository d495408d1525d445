import { describe, expect, test, vi } from 'vitest'
import { Memory } from '../../src/core/memory.ts'
import { VirtualClock } from '../../src/core/virtual-clock.ts'
import { type CableOptions, createCable } from '../../src/link/cable.ts'
import { Gso, RxChecksum, TransmitResult } from '../../src/link/device.ts'
import { impair } from '../../src/link/impair.ts'
import type { ImpairOptions } from '../../src/link/impair-options.ts'
import {
  joined,
  MAC_B,
  numbered,
  packet,
  parsePacket,
  pattern,
  Station,
  text,
  transportOffset,
} from './helpers.ts'

function setUp(options: ImpairOptions = {}, cable: CableOptions = {}, memory?: Memory) {
  const clock = new VirtualClock()
  const [left, right] = createCable({ clock, queue: { frames: 20_000, bytes: 16 << 20 }, ...cable })
  const bad = impair(right, { clock, ...options })
  const far = new Station(left, new Memory(1 << 26))
  const near = new Station(bad, memory ?? new Memory(1 << 26))
  /** When each frame came to the far end, in microseconds. */
  const arrivals: number[] = []
  far.sink.onReceive = () => arrivals.push(clock.now())
  return { clock, bad, left, far, near, arrivals, stats: bad.stats }
}

const range = (count: number): number[] => Array.from({ length: count }, (_, i) => i)

function sendMany(station: Station, count: number, length = 64): void {
  for (let i = 0; i < count; i++) expect(station.send(numbered(i, length))).toBe(TransmitResult.Sent)
}

describe('impair', () => {
  test('without any impairment frames pass at once, both ways, with nothing kept', () => {
    const { clock, near, far, bad, stats } = setUp()
    sendMany(near, 10)
    sendMany(far, 10)
    expect(bad.onTheWay).toEqual({ in: 0, out: 0 })
    clock.advance(0)
    expect(far.sink.numbers).toEqual(range(10))
    expect(near.sink.numbers).toEqual(range(10))
    expect(near.sink.bursts).toBe(1)
    expect(stats.out).toMatchObject({ frames: 10, bytes: 640, delivered: 10 })
    expect(stats.in).toMatchObject({ frames: 10, bytes: 640, delivered: 10 })
  })

  test('latency delays each frame by exactly as much, each way', () => {
    const { clock, near, far, arrivals } = setUp({ latency: 10 })
    near.send(numbered(0))
    far.send(numbered(100))
    clock.advance(3)
    near.send(numbered(1))
    clock.advance(6.999)
    expect(near.sink.numbers).toEqual([])
    clock.advance(20)
    expect(arrivals).toEqual([10_000, 13_000])
    expect(near.sink.numbers).toEqual([100])
    expect(near.sink.bursts).toBeGreaterThan(0)
    expect(near.sink.burstOpen).toBe(false)
  })

  test('only the given direction is impaired', () => {
    for (const direction of ['in', 'out'] as const) {
      const { clock, near, far } = setUp({ latency: 10, direction })
      near.send(numbered(1))
      far.send(numbered(2))
      clock.advance(1)
      expect(far.sink.numbers).toEqual(direction === 'in' ? [1] : [])
      expect(near.sink.numbers).toEqual(direction === 'out' ? [2] : [])
      clock.advance(10)
      expect([...far.sink.numbers, ...near.sink.numbers]).toEqual([1, 2])
    }
  })

  test('jitter spreads the delay evenly over its span and keeps the order', () => {
    const { clock, near, far, arrivals } = setUp({ latency: 50, jitter: 20 })
    const sent: number[] = []
    for (let i = 0; i < 2000; i++) {
      sent.push(clock.now())
      near.send(numbered(i))
      clock.advance(100)
    }
    expect(far.sink.numbers).toEqual(range(2000))
    const delays = arrivals.map((at, i) => (at - sent[i]) / 1000)
    expect(Math.min(...delays)).toBeGreaterThanOrEqual(30)
    expect(Math.min(...delays)).toBeLessThan(31)
    expect(Math.max(...delays)).toBeLessThanOrEqual(70.001)
    expect(Math.max(...delays)).toBeGreaterThan(69)
    expect(delays.reduce((a, b) => a + b) / delays.length).toBeCloseTo(50, 0)

    const dense = setUp({ latency: 50, jitter: 20 })
    sendMany(dense.near, 500)
    dense.clock.advance(100)
    expect(dense.far.sink.numbers).toEqual(range(500))
  })

  test.each([0.01, 0.05, 0.5])('loss of %f is met within four standard deviations', (loss) => {
    const { clock, near, far, stats } = setUp({ loss, seed: 7 })
    const count = 20_000
    for (let i = 0; i < count; i++) {
      near.send(numbered(i))
      if (i % 1000 === 999) clock.advance(1)
    }
    clock.advance(1)
    expect(stats.out.lost + far.sink.frames.length).toBe(count)
    const deviation = Math.sqrt(count * loss * (1 - loss))
    expect(Math.abs(stats.out.lost - count * loss)).toBeLessThan(4 * deviation)
    // Losses do not follow a pattern: as many pairs of neighbours are lost as chance has it.
    const arrived = new Set(far.sink.numbers)
    const pairs = range(count - 1).filter((i) => !arrived.has(i) && !arrived.has(i + 1)).length
    const expected = count * loss * loss
    expect(Math.abs(pairs - expected)).toBeLessThan(6 * Math.sqrt(expected) + 3)
  })

  test('loss 1 loses everything, loss 0 nothing', () => {
    const { clock, near, far, bad } = setUp({ loss: 1 })
    sendMany(near, 100)
    bad.set({ loss: 0 })
    sendMany(near, 5)
    clock.advance(0)
    expect(far.sink.numbers).toEqual(range(5))
  })

  test('duplicates come right after the original', () => {
    const { clock, near, far, stats } = setUp({ duplicate: 0.25, latency: 1 })
    sendMany(near, 4000)
    clock.advance(10)
    expect(far.sink.frames.length).toBe(4000 + stats.out.duplicated)
    expect(Math.abs(stats.out.duplicated - 1000)).toBeLessThan(4 * Math.sqrt(750))
    expect(far.sink.numbers).toEqual([...far.sink.numbers].sort((a, b) => a - b))
    expect(new Set(far.sink.numbers).size).toBe(4000)
  })

  test('reorder lets frames overtake: those skip the latency, the others keep their order', () => {
    const { clock, near, far, stats, arrivals } = setUp({ reorder: 0.1, latency: 10 })
    for (let i = 0; i < 2000; i++) {
      near.send(numbered(i))
      clock.advance(1)
    }
    clock.advance(20)
    expect(far.sink.frames.length).toBe(2000)
    const overtakers = far.sink.numbers.filter((number, i) => arrivals[i] === number * 1000)
    expect(overtakers.length).toBe(stats.out.reordered)
    expect(Math.abs(overtakers.length - 200)).toBeLessThan(4 * Math.sqrt(180))
    const early = new Set(overtakers)
    const others = far.sink.numbers.filter((number) => !early.has(number))
    expect(others).toEqual([...others].sort((a, b) => a - b))
    expect(far.sink.numbers).not.toEqual(range(2000))
  })

  test('corrupt flips exactly one bit, anywhere in the frame', () => {
    const { clock, near, far, stats } = setUp({ corrupt: 0.5 })
    const frame = numbered(1, 100)
    for (let i = 0; i < 4000; i++) near.send(frame)
    clock.advance(0)
    const positions: number[] = []
    for (const { bytes } of far.sink.frames) {
      let flipped = 0
      for (let i = 0; i < bytes.length; i++) {
        for (let bit = 0; bit < 8; bit++) {
          if (((bytes[i] ^ frame[i]) >>> bit) & 1) {
            flipped++
            positions.push(i * 8 + bit)
          }
        }
      }
      expect(flipped).toBeLessThanOrEqual(1)
    }
    expect(positions.length).toBe(stats.out.corrupted)
    expect(Math.abs(positions.length - 2000)).toBeLessThan(4 * Math.sqrt(1000))
    expect(new Set(positions).size).toBeGreaterThan(700)
    expect(Math.max(...positions)).toBeGreaterThan(790)
    expect(Math.min(...positions)).toBeLessThan(10)
  })

  test('bandwidth: every frame takes its bits, to the microsecond, also where the rate is no whole number', () => {
    const even = setUp({ bandwidth: 12_000_000, queue: 1 << 20 })
    sendMany(even.near, 100, 1500)
    even.clock.advance(1000)
    expect(even.arrivals).toEqual(range(100).map((i) => (i + 1) * 1000))

    const odd = setUp({ bandwidth: 7_000_000, queue: 1 << 20 })
    sendMany(odd.near, 700, 1000)
    odd.clock.advance(1000)
    expect(odd.arrivals).toEqual(range(700).map((i) => Math.ceil((8000 * (i + 1)) / 7)))
    expect(odd.arrivals[699]).toBe(800_000)
  })

  test('bandwidth: a link that was idle starts anew, and latency comes on top', () => {
    const { clock, near, arrivals } = setUp({ bandwidth: 8_000_000, latency: 5 })
    near.send(numbered(0, 1000))
    clock.advance(50)
    near.send(numbered(1, 1000))
    near.send(numbered(2, 500))
    clock.advance(50)
    expect(arrivals).toEqual([6_000, 56_000, 56_500])
  })

  test('bandwidth: the queue holds its bytes besides the frame being sent, the tail is dropped', () => {
    const { clock, near, far, stats } = setUp({ bandwidth: 8_000_000, queue: 3500 })
    sendMany(near, 10, 1000)
    near.send(numbered(10, 500))
    near.send(numbered(11, 19))
    expect(stats.out.queueDropped).toBe(7)
    clock.advance(1)
    near.send(numbered(12, 1000))
    clock.advance(100)
    expect(far.sink.numbers).toEqual([0, 1, 2, 3, 10, 12])
    expect(stats.out).toMatchObject({ frames: 13, delivered: 6, queueDropped: 7, overflowed: 0 })
  })

  test('bandwidth can change while a frame is being sent', () => {
    const { clock, near, bad, arrivals } = setUp({ bandwidth: 8000 })
    sendMany(near, 3, 1000)
    clock.advance(500)
    bad.set({ bandwidth: 80_000 })
    clock.advance(10_000)
    expect(arrivals).toEqual([550_000, 650_000, 750_000])
    near.send(numbered(9, 1000))
    bad.set({ bandwidth: Number.POSITIVE_INFINITY })
    clock.advance(0)
    expect(arrivals.length).toBe(4)
  })

  test('a filter sees every frame with its number and drops the ones it names', () => {
    const seen: [number, string, number][] = []
    const { clock, near, far, stats } = setUp({
      filter: (frame, direction, index) => {
        seen.push([new DataView(frame.buffer, frame.byteOffset).getUint32(14), direction, index])
        return index === 2 ? 'drop' : 'pass'
      },
    })
    sendMany(near, 5)
    far.send(numbered(50))
    clock.advance(0)
    expect(far.sink.numbers).toEqual([0, 1, 3, 4])
    expect(near.sink.numbers).toEqual([50])
    expect(seen).toEqual([...range(5).map((i) => [i, 'out', i]), [50, 'in', 0]])
    expect(stats.out.filtered).toBe(1)
  })

  test('a filter that throws drops the frame; its error surfaces on its own', async () => {
    const uncaught = vi.fn()
    const { clock, near, far } = setUp({
      filter: (_frame, _direction, index) => {
        if (index === 0) throw new Error('mine')
        return 'pass'
      },
    })
    const listeners = process.listeners('uncaughtException')
    process.removeAllListeners('uncaughtException')
    process.once('uncaughtException', uncaught)
    sendMany(near, 2)
    await new Promise((resolve) => setImmediate(resolve))
    for (const listener of listeners) process.on('uncaughtException', listener)
    clock.advance(0)
    expect(far.sink.numbers).toEqual([1])
    expect(uncaught.mock.calls[0][0]).toMatchObject({ message: 'mine' })
  })

  test('the same seed gives the same fate, another one another; directions and kinds do not disturb each other', () => {
    const fate = (options: ImpairOptions, reverse = false): string => {
      const { clock, near, far, arrivals } = setUp({ latency: 10, ...options })
      const [from, to] = reverse ? [far, near] : [near, far]
      for (let i = 0; i < 500; i++) {
        from.send(numbered(i))
        clock.advance(1)
      }
      clock.advance(100)
      return `${to.sink.frames.map((f) => text(f.bytes)).join()} ${arrivals.join()}`
    }
    const all = { loss: 0.1, duplicate: 0.1, reorder: 0.1, corrupt: 0.1, jitter: 5 }
    expect(fate({ ...all, seed: 3 })).toBe(fate({ ...all, seed: 3 }))
    expect(fate({ ...all, seed: 3 })).not.toBe(fate({ ...all, seed: 4 }))
    expect(fate({ loss: 0.1, seed: 3 })).not.toBe(fate({ loss: 0.1, seed: 3 }, true))

    const lost = (options: ImpairOptions): number[] => {
      const { clock, near, far } = setUp(options)
      sendMany(near, 500)
      clock.advance(100)
      const arrived = new Set(far.sink.numbers)
      return range(500).filter((i) => !arrived.has(i))
    }
    expect(lost({ loss: 0.1 })).toEqual(lost({ loss: 0.1, jitter: 3, latency: 9, bandwidth: 1e9 }))
  })

  test('latency can be changed while frames are on the way: nothing overtakes, nothing is lost', () => {
    const { clock, near, far, bad, arrivals } = setUp({ latency: 100 })
    sendMany(near, 3)
    bad.set({ latency: 0 })
    clock.advance(1)
    near.send(numbered(3))
    clock.advance(200)
    expect(far.sink.numbers).toEqual(range(4))
    expect(arrivals).toEqual([100_000, 100_000, 100_000, 100_000])
    near.send(numbered(4))
    clock.advance(0)
    expect(arrivals[4]).toBe(clock.now())
  })

  test('super-frames that come in are cut, and each wire frame has a fate of its own', () => {
    const { clock, bad, near, far, stats } = setUp({ latency: 1 }, { offload: true, macs: [MAC_B, MAC_B] })
    expect(bad.capabilities).toEqual({
      mac: MAC_B,
      txChecksum: false,
      tso4: false,
      tso6: false,
      uso: false,
      maxSuperFrame: 0,
    })
    bad.set({ filter: (_frame, _direction, index) => (index === 2 ? 'drop' : 'pass') })
    for (const version of [4, 6] as const) {
      const bytes = packet({ version, payload: 14_000, partial: true })
      far.send(bytes, {
        checksumStart: transportOffset(bytes),
        checksumOffset: 16,
        gso: version === 4 ? Gso.TcpV4 : Gso.TcpV6,
        gsoSize: 1400,
      })
    }
    clock.advance(5)
    const parsed = near.sink.frames.map((f) => parsePacket(f.bytes))
    expect(near.sink.frames.every((f) => f.checksum === RxChecksum.Unverified && f.gsoSize === 0)).toBe(true)
    expect(parsed.every((p) => p.valid)).toBe(true)
    expect(parsed.length).toBe(19)
    expect(text(joined(...parsed.slice(9).map((p) => p.payload)))).toBe(text(pattern(14_000)))
    expect(parsed.slice(0, 9).map((p) => p.seq - 1000)).toEqual(
      [0, 1, 3, 4, 5, 6, 7, 8, 9].map((i) => i * 1400),
    )
    expect(stats.in).toMatchObject({ frames: 20, filtered: 1, delivered: 19 })
  })

  test('with nothing impaired super-frames and partial checksums still come as frames of a wire', () => {
    const { clock, near, far } = setUp({}, { offload: true })
    const small = packet({ payload: 50, partial: true })
    far.send(small, { checksumStart: transportOffset(small), checksumOffset: 16 })
    const large = packet({ payload: 5000, partial: true })
    far.send(large, { checksumStart: 34, checksumOffset: 16, gso: Gso.TcpV4, gsoSize: 1448 })
    far.send(numbered(1))
    clock.advance(0)
    expect(near.sink.frames.length).toBe(6)
    expect(near.sink.frames.slice(0, 5).every((f) => parsePacket(f.bytes).valid)).toBe(true)
    expect(near.sink.frames.every((f) => f.checksum === RxChecksum.Unverified)).toBe(true)
  })

  test('outgoing super-frames and partial checksums are completed too, though none was offered', () => {
    const { clock, near, far } = setUp({ latency: 1 }, { offload: true })
    const large = packet({ payload: 5000, partial: true })
    const how = { checksumStart: 34, checksumOffset: 16 }
    expect(near.send(large, { ...how, gso: Gso.TcpV4, gsoSize: 1448, pieces: [54, 999] })).toBe(
      TransmitResult.Sent,
    )
    expect(near.send(packet({ payload: 5, partial: true }), how)).toBe(TransmitResult.Sent)
    expect(near.send(large, { ...how, gso: Gso.TcpV4, gsoSize: 1461 })).toBe(TransmitResult.Refused)
    expect(near.send(numbered(1), { gso: Gso.TcpV4, gsoSize: 20 })).toBe(TransmitResult.Refused)
    expect(near.send(numbered(1, 1515))).toBe(TransmitResult.Refused)
    clock.advance(5)
    const parsed = far.sink.frames.map((f) => parsePacket(f.bytes))
    expect(parsed.map((p) => p.payload.length)).toEqual([1448, 1448, 1448, 656, 5])
    expect(parsed.every((p) => p.valid)).toBe(true)
  })

  test('a damaged super-frame that cannot be cut is dropped and counted', () => {
    const { clock, near, far, stats } = setUp({}, { offload: true })
    const bytes = packet({ payload: 5000 })
    bytes[1000] ^= 4
    far.send(bytes, { gso: Gso.TcpV4, gsoSize: 1448 })
    clock.advance(0)
    expect(near.sink.frames.length).toBe(0)
    expect(stats.in.malformed).toBe(1)
  })

  test.each([{}, { latency: 2 }, { loss: 1e-9 }])(
    'a full device: nothing is lost, Full and room are passed on (%o)',
    (options) => {
      const { clock, near, far } = setUp(options, { queue: { frames: 4 } })
      let next = 0
      const sendAll = (): void => {
        while (next < 50 && near.send(numbered(next)) === TransmitResult.Sent) next++
      }
      near.sink.onRoom = sendAll
      sendAll()
      for (let i = 0; i < 100; i++) {
        clock.advance(1)
        sendAll()
      }
      expect(next).toBe(50)
      expect(far.sink.numbers).toEqual(range(50))
      if (!('latency' in options)) expect(near.sink.writable).toBeGreaterThan(0)
    },
  )

  test('what is kept is bounded by the memory; what does not fit is dropped and counted, and all is freed', async () => {
    const memory = new Memory(1 << 20)
    const { clock, near, far, bad, stats } = setUp({ latency: 10 }, { queue: { bytes: 64 << 10 } }, memory)
    const before = memory.allocated
    for (let i = 0; i < 1000; i++) near.send(numbered(i, 1500))
    expect(stats.out.overflowed).toBe(1000 - 64)
    expect(memory.allocated - before).toBe(64 * 2048)
    clock.advance(20)
    expect(far.sink.numbers).toEqual(range(64))
    expect(memory.allocated).toBe(before)
    sendMany(near, 10)
    sendMany(far, 10)
    clock.advance(1)
    expect(bad.onTheWay).toEqual({ in: 10, out: 10 })
    await bad.close()
    await bad.close()
    expect(memory.allocated).toBe(128 * 1024)
    expect(near.sink.closed).toEqual([null])
    expect(near.send(numbered(1))).toBe(TransmitResult.Refused)
    clock.advance(50)
    expect(near.sink.frames.length).toBe(0)
    expect(far.sink.frames.length).toBe(64)
  })

  test('when the link goes away, what is on the way in still arrives, then it is told once', async () => {
    const { clock, near, far, left, bad } = setUp({ latency: 10 })
    sendMany(far, 3)
    clock.advance(1)
    await left.close()
    clock.advance(1)
    expect(near.sink.closed).toEqual([])
    expect(near.send(numbered(9))).toBe(TransmitResult.Refused)
    clock.advance(20)
    expect(near.sink.numbers).toEqual(range(3))
    expect(near.sink.closed).toMatchObject([{ code: 'ENETDOWN' }])
    await bad.close()
    expect(near.sink.closed.length).toBe(1)
    expect(near.memory.allocated).toBe(128 * 1024)
  })

  test('a receiver may close in the middle of delivery', () => {
    const { clock, near, far, bad } = setUp({ latency: 1 })
    near.sink.onReceive = () => void bad.close()
    sendMany(far, 5)
    clock.advance(10)
    expect(near.sink.numbers).toEqual([0])
    expect(near.memory.allocated).toBe(128 * 1024)
  })

  test('many frames due at once come in bursts that each end', () => {
    const { clock, near, far } = setUp({ latency: 10 })
    sendMany(far, 1000)
    clock.advance(20)
    expect(near.sink.numbers).toEqual(range(1000))
    expect(near.sink.bursts).toBeGreaterThanOrEqual(4)
    expect(near.sink.burstOpen).toBe(false)
  })

  test('options out of range are refused by name and change nothing; attaching twice is refused', () => {
    const { bad, near, clock, far } = setUp({ latency: 10 })
    for (const [name, value] of [
      ['loss', 1.1],
      ['loss', -0.1],
      ['duplicate', 2],
      ['corrupt', Number.NaN],
      ['latency', -1],
      ['jitter', 4e6],
      ['bandwidth', 0],
      ['queue', -1],
    ] as const) {
      expect(() => bad.set({ [name]: value })).toThrow(new RegExp(`'${name}' must be from`))
      expect(() => impair(bad, { [name]: value })).toThrow(
        expect.objectContaining({ code: 'ERR_OUT_OF_RANGE' }),
      )
    }
    expect(() => impair(bad, { reorder: 0.1 })).toThrow(/latency/)
    expect(() => bad.set({ latency: 0, reorder: 0.5 })).toThrow(/latency/)
    expect(() => bad.attach(near.sink)).toThrow(/already/)
    near.send(numbered(1))
    clock.advance(9)
    expect(far.sink.frames.length).toBe(0)
    clock.advance(1)
    expect(far.sink.frames.length).toBe(1)
  })

  test('two impairments, one around the other, add up', () => {
    const clock = new VirtualClock()
    const [left, right] = createCable({ clock })
    const bad = impair(impair(right, { clock, latency: 5, direction: 'out' }), { clock, latency: 7 })
    const near = new Station(bad)
    const far = new Station(left)
    const arrivals: number[] = []
    far.sink.onReceive = () => arrivals.push(clock.now())
    near.sink.onReceive = () => arrivals.push(-clock.now())
    near.send(numbered(1))
    far.send(numbered(2))
    clock.advance(20)
    expect(arrivals).toEqual([-7_000, 12_000])
  })
})
