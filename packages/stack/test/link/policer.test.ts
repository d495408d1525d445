import { expect, test } from 'vitest'
import { SeededRandom } from '../../src/core/random.ts'
import { Policer } from '../../src/link/policer.ts'
import { numbered } from './helpers.ts'
import { impaired, range } from './impaired.ts'

test('a policer passes a burst, then what the rate refills, to the microsecond', () => {
  // 8 Mbit/s: one byte a microsecond.
  const { clock, near, far, bad, stats } = impaired({ policer: { rate: 8e6, burst: 2000 } })
  for (let i = 0; i < 5; i++) near.send(numbered(i, 1000))
  clock.advance(0.999)
  near.send(numbered(5, 1000))
  clock.advance(0.001)
  near.send(numbered(6, 1000))
  near.send(numbered(7, 64))
  clock.advance(0.064)
  near.send(numbered(8, 64))
  clock.advance(1000)
  for (let i = 10; i < 15; i++) near.send(numbered(i, 1000))
  clock.advance(1)
  expect(far.sink.numbers).toEqual([0, 1, 6, 8, 10, 11])
  expect(stats.out).toMatchObject({ policed: 8, queueDropped: 0, queued: 0, delivered: 6 })
  bad.set({ policer: null })
  for (let i = 0; i < 5; i++) near.send(numbered(i, 1000))
  clock.advance(1)
  expect(far.sink.frames.length).toBe(11)
})

test('a frame longer than the bucket never passes, and takes nothing from the others', () => {
  const { clock, near, far } = impaired({ policer: { rate: 1e9, burst: 500 } })
  near.send(numbered(0, 501))
  near.send(numbered(1, 500))
  clock.advance(1000)
  near.send(numbered(2, 501))
  clock.advance(1)
  expect(far.sink.numbers).toEqual([1])
})

test('the account is exact for every rate: no frame passes early, none is held against the sender', () => {
  for (const [rate, burst] of [
    [1, 200],
    [12_345_677, 1500],
    [999_999_937, 3000],
    [1_234.5, 700],
  ]) {
    const random = new SeededRandom(rate)
    const policer = new Policer({ rate, burst }, 1000)
    // The same with rational numbers: in units of 1/2 of a millionth of a bit, which is exact for these rates.
    const perMicro = BigInt(rate * 2)
    const depth = BigInt(burst) * 16_000_000n
    let tokens = depth
    let now = 1000
    let passed = 0
    for (let i = 0; i < 20_000; i++) {
      const wait = Math.floor((random.uint32() / 2 ** 32) ** 4 * 1e10 * Math.min(1, 1000 / rate))
      now += wait
      const length = 1 + (random.uint32() % burst)
      tokens += BigInt(wait) * perMicro
      if (tokens > depth) tokens = depth
      const cost = BigInt(length) * 16_000_000n
      const conforms = cost <= tokens
      if (conforms) tokens -= cost
      expect(policer.conforms(length, now)).toBe(conforms)
      if (conforms) passed++
    }
    expect(passed).toBeGreaterThan(500)
    expect(passed).toBeLessThan(19_500)
  }
})

test('each direction has a bucket of its own, and a super-frame is policed frame by frame', () => {
  const { clock, near, far } = impaired({ policer: { rate: 8000, burst: 200 } })
  for (const i of range(4)) {
    near.send(numbered(i, 100))
    far.send(numbered(10 + i, 100))
  }
  clock.advance(1)
  expect(far.sink.numbers).toEqual([0, 1])
  expect(near.sink.numbers).toEqual([10, 11])
})
