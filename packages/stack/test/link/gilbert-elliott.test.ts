import { describe, expect, test } from 'vitest'
import type { GilbertElliott } from '../../src/link/gilbert-elliott.ts'
import { numbered } from './helpers.ts'
import { impaired } from './impaired.ts'

const COUNT = 100_000

/** Which of many frames are lost. */
function losses(loss: number | GilbertElliott, seed = 11): boolean[] {
  const { clock, near, far } = impaired({ loss, seed })
  const arrived = new Set<number>()
  far.sink.onReceive = () => {
    for (const number of far.sink.numbers) arrived.add(number)
    far.sink.frames.length = 0
  }
  for (let i = 0; i < COUNT; i++) {
    near.send(numbered(i))
    if (i % 1000 === 999) clock.advance(1)
  }
  return Array.from({ length: COUNT }, (_, i) => !arrived.has(i))
}

/** Lengths of runs of one value. */
function runs(values: readonly boolean[], of: boolean): number[] {
  const lengths: number[] = []
  let length = 0
  for (const value of values) {
    if (value === of) length++
    else {
      if (length > 0) lengths.push(length)
      length = 0
    }
  }
  return lengths
}

const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length
const rate = (values: readonly boolean[]): number => values.filter((v) => v).length / values.length

describe('losses in bursts (Gilbert, Elliott)', () => {
  test.each([
    { toBad: 0.01, toGood: 0.25 },
    { toBad: 0.002, toGood: 0.1 },
    { toBad: 0.05, toGood: 0.5 },
  ])('all is lost while the link is bad: bursts are geometric, %o', (model) => {
    const lost = losses(model)
    const { toBad, toGood } = model
    const share = toBad / (toBad + toGood)
    const bursts = runs(lost, true)
    // Neighbours resemble each other by 1 - toBad - toGood, which widens the spread of a mean.
    const memory = 1 - toBad - toGood
    const spread = Math.sqrt((share * (1 - share) * (1 + memory)) / (1 - memory) / COUNT)
    expect(Math.abs(rate(lost) - share)).toBeLessThan(4 * spread)
    // A burst is at least 1 long and ends each time with probability toGood: mean 1/toGood, variance (1 - r)/r^2.
    expect(Math.abs(mean(bursts) - 1 / toGood)).toBeLessThan(
      4 * Math.sqrt((1 - toGood) / toGood ** 2 / bursts.length),
    )
    const gaps = runs(lost, false)
    expect(Math.abs(mean(gaps) - 1 / toBad)).toBeLessThan(
      4 * Math.sqrt((1 - toBad) / toBad ** 2 / gaps.length),
    )
    // P(length > k) = (1 - toGood)^k.
    for (const k of [1, 3, 6]) {
      const expected = (1 - toGood) ** k
      const seen = bursts.filter((length) => length > k).length / bursts.length
      expect(Math.abs(seen - expected)).toBeLessThan(
        4 * Math.sqrt((expected * (1 - expected)) / bursts.length),
      )
    }
  })

  test('each state has a loss of its own', () => {
    const model = { toBad: 0.01, toGood: 0.04, lossBad: 0.6, lossGood: 0.02 }
    const lost = losses(model)
    const expected = 0.2 * 0.6 + 0.8 * 0.02
    const memory = 1 - 0.05
    const spread = Math.sqrt((0.25 * (1 + memory)) / (1 - memory) / COUNT)
    expect(Math.abs(rate(lost) - expected)).toBeLessThan(4 * spread)
    // P(two in a row), over both states and the ways between them.
    const pairs = lost.filter((v, i) => v && lost[i + 1] === true).length / COUNT
    const both = 0.2 * 0.6 * (0.96 * 0.6 + 0.04 * 0.02) + 0.8 * 0.02 * (0.99 * 0.02 + 0.01 * 0.6)
    expect(Math.abs(pairs - both)).toBeLessThan(4 * spread)
  })

  test('a model that never turns bad loses nothing, one that never turns good all after the first turn', () => {
    expect(losses({ toBad: 0, toGood: 1 }).some((v) => v)).toBe(false)
    const lost = losses({ toBad: 0.001, toGood: 0 })
    const first = lost.indexOf(true)
    expect(first).toBeGreaterThan(0)
    expect(lost.slice(first).every((v) => v)).toBe(true)
  })

  test('the same seed gives the same losses; independent losses with the same seed are as they were', () => {
    const model = { toBad: 0.01, toGood: 0.3 }
    expect(losses(model, 3)).toEqual(losses(model, 3))
    expect(losses(model, 3)).not.toEqual(losses(model, 4))
  })

  test('a model can be set, and taken back, while it runs', () => {
    const { clock, near, far, bad } = impaired({ loss: { toBad: 1, toGood: 0 } })
    for (let i = 0; i < 5; i++) near.send(numbered(i))
    bad.set({ latency: 1 })
    for (let i = 5; i < 10; i++) near.send(numbered(i))
    bad.set({ loss: 0 })
    for (let i = 10; i < 15; i++) near.send(numbered(i))
    clock.advance(10)
    expect(far.sink.numbers).toEqual([10, 11, 12, 13, 14])
  })
})
