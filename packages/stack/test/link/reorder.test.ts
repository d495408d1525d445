import { expect, test } from 'vitest'
import { numbered } from './helpers.ts'
import { impaired, range } from './impaired.ts'

function run(options: object, count = 2000) {
  const t = impaired({ latency: 10, ...options })
  for (let i = 0; i < count; i++) {
    t.near.send(numbered(i))
    t.clock.advance(1)
  }
  t.clock.advance(1000)
  const delays = t.far.sink.numbers.map((number, i) => [number, t.arrivals[i] / 1000 - number] as const)
  return { ...t, odd: delays.filter(([, delay]) => delay !== 10) }
}

test('every n-th frame skips the latency, without chance', () => {
  const { odd, stats } = run({ reorderGap: 5 }, 23)
  expect(odd).toEqual([4, 9, 14, 19].map((number) => [number, 0]))
  expect(stats.out.reordered).toBe(4)
})

test('reorderDelay makes frames late instead: those behind overtake, and are not held up', () => {
  const { odd, far } = run({ reorderGap: 10, reorderDelay: 2.5 }, 25)
  expect(odd).toEqual([
    [9, 12.5],
    [19, 12.5],
  ])
  expect(far.sink.numbers.slice(8, 14)).toEqual([8, 10, 11, 9, 12, 13])
})

test('chance and gap together: frames at the gap or beyond are reordered with that probability', () => {
  const { odd } = run({ reorderGap: 4, reorder: 0.25, reorderDelay: 3, seed: 6 }, 8000)
  const gaps = odd
    .map(([number]) => number)
    .sort((a, b) => a - b)
    .map((number, i, all) => number - (all[i - 1] ?? -1))
  expect(Math.min(...gaps)).toBe(4)
  // 3 frames, then a geometric wait of mean 4.
  const mean = gaps.reduce((a, b) => a + b) / gaps.length
  expect(Math.abs(mean - 7)).toBeLessThan(4 * Math.sqrt(12 / gaps.length))
})

test('reorderDelay needs no latency, and chance alone draws as before', () => {
  const { bad, near, far, clock } = impaired({ reorderDelay: 5, reorderGap: 2 })
  for (let i = 0; i < 4; i++) near.send(numbered(i))
  clock.advance(10)
  expect(far.sink.numbers).toEqual([0, 2, 1, 3])
  bad.set({ reorderGap: 0 })
  const chosen = (options: object): number[] =>
    run({ reorder: 0.1, seed: 9, ...options })
      .odd.map(([n]) => n)
      .sort((a, b) => a - b)
  expect(chosen({ reorderDelay: 4 })).toEqual(chosen({}))
})

test('several different bits are flipped, at most as many as there are', () => {
  const { clock, near, far, stats } = impaired({ corrupt: 1, corruptBits: 7 })
  const frame = numbered(1, 64)
  for (let i = 0; i < 300; i++) near.send(frame)
  clock.advance(0)
  const flips = far.sink.frames.map(({ bytes }) =>
    range(64 * 8).filter((bit) => ((bytes[bit >> 3] ^ frame[bit >> 3]) >>> (bit & 7)) & 1),
  )
  expect(flips.every((bits) => bits.length === 7)).toBe(true)
  expect(new Set(flips.flat()).size).toBeGreaterThan(480)
  expect(stats.out.corrupted).toBe(300)
})
