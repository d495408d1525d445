import { describe, expect, test, vi } from 'vitest'
import { VirtualClock } from '../../src/core/virtual-clock.ts'
import { createCable } from '../../src/link/cable.ts'
import { impair } from '../../src/link/impair.ts'
import type { ImpairOptions } from '../../src/link/impair-options.ts'
import { numbered, Station, text } from './helpers.ts'
import { impaired, range, sendMany } from './impaired.ts'

describe('impair', () => {
  test('without any impairment frames pass at once, both ways, with nothing kept', () => {
    const { clock, near, far, bad, stats } = impaired()
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
    const { clock, near, far, arrivals } = impaired({ latency: 10 })
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
      const { clock, near, far } = impaired({ latency: 10, direction })
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
    const { clock, near, far, arrivals } = impaired({ latency: 50, jitter: 20 })
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

    const dense = impaired({ latency: 50, jitter: 20 })
    sendMany(dense.near, 500)
    dense.clock.advance(100)
    expect(dense.far.sink.numbers).toEqual(range(500))
  })

  test.each([0.01, 0.05, 0.5])('loss of %f is met within four standard deviations', (loss) => {
    const { clock, near, far, stats } = impaired({ loss, seed: 7 })
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
    const { clock, near, far, bad } = impaired({ loss: 1 })
    sendMany(near, 100)
    bad.set({ loss: 0 })
    sendMany(near, 5)
    clock.advance(0)
    expect(far.sink.numbers).toEqual(range(5))
  })

  test('duplicates come right after the original', () => {
    const { clock, near, far, stats } = impaired({ duplicate: 0.25, latency: 1 })
    sendMany(near, 4000)
    clock.advance(10)
    expect(far.sink.frames.length).toBe(4000 + stats.out.duplicated)
    expect(Math.abs(stats.out.duplicated - 1000)).toBeLessThan(4 * Math.sqrt(750))
    expect(far.sink.numbers).toEqual([...far.sink.numbers].sort((a, b) => a - b))
    expect(new Set(far.sink.numbers).size).toBe(4000)
  })

  test('reorder lets frames overtake: those skip the latency, the others keep their order', () => {
    const { clock, near, far, stats, arrivals } = impaired({ reorder: 0.1, latency: 10 })
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
    const { clock, near, far, stats } = impaired({ corrupt: 0.5 })
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
    const even = impaired({ bandwidth: 12_000_000, queue: 1 << 20 })
    sendMany(even.near, 100, 1500)
    even.clock.advance(1000)
    expect(even.arrivals).toEqual(range(100).map((i) => (i + 1) * 1000))

    const odd = impaired({ bandwidth: 7_000_000, queue: 1 << 20 })
    sendMany(odd.near, 700, 1000)
    odd.clock.advance(1000)
    expect(odd.arrivals).toEqual(range(700).map((i) => Math.ceil((8000 * (i + 1)) / 7)))
    expect(odd.arrivals[699]).toBe(800_000)
  })

  test('bandwidth: a link that was idle starts anew, and latency comes on top', () => {
    const { clock, near, arrivals } = impaired({ bandwidth: 8_000_000, latency: 5 })
    near.send(numbered(0, 1000))
    clock.advance(50)
    near.send(numbered(1, 1000))
    near.send(numbered(2, 500))
    clock.advance(50)
    expect(arrivals).toEqual([6_000, 56_000, 56_500])
  })

  test('bandwidth: the queue holds its bytes besides the frame being sent, the tail is dropped', () => {
    const { clock, near, far, stats } = impaired({ bandwidth: 8_000_000, queue: 3500 })
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
    const { clock, near, bad, arrivals } = impaired({ bandwidth: 8000 })
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
    const { clock, near, far, stats } = impaired({
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
    const { clock, near, far } = impaired({
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
      const { clock, near, far, arrivals } = impaired({ latency: 10, ...options })
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
      const { clock, near, far } = impaired(options)
      sendMany(near, 500)
      clock.advance(100)
      const arrived = new Set(far.sink.numbers)
      return range(500).filter((i) => !arrived.has(i))
    }
    expect(lost({ loss: 0.1 })).toEqual(lost({ loss: 0.1, jitter: 3, latency: 9, bandwidth: 1e9 }))
  })

  test('latency can be changed while frames are on the way: nothing overtakes, nothing is lost', () => {
    const { clock, near, far, bad, arrivals } = impaired({ latency: 100 })
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

  test('options out of range are refused by name and change nothing; attaching twice is refused', () => {
    const { bad, near, clock, far } = impaired({ latency: 10 })
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
