import { describe, expect, test } from 'vitest'
import { SeededRandom } from '../../src/core/random.ts'
import { Jitter, type JitterDistribution, normalBelow } from '../../src/link/jitter.ts'
import { numbered } from './helpers.ts'
import { impaired, range } from './impaired.ts'

const COUNT = 200_000

function draw(distribution: JitterDistribution, correlation: number, seed = 5): number[] {
  const random = new SeededRandom(seed)
  const jitter = new Jitter(distribution, correlation)
  return range(COUNT).map(() => jitter.next(random))
}

const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length

function moment(values: readonly number[], power: number): number {
  const centre = mean(values)
  return mean(values.map((x) => (x - centre) ** power))
}

/** Of each value with its successor. */
function autocorrelation(values: readonly number[]): number {
  const centre = mean(values)
  const products = values.slice(1).map((x, i) => (x - centre) * (values[i] - centre))
  return mean(products) / moment(values, 2)
}

/** The share of values below each of some points. */
function below(values: readonly number[], points: readonly number[]): number[] {
  return points.map((point) => values.filter((x) => x < point).length / values.length)
}

/** Standard Pareto of shape 3, to mean 0 and deviation 1: 1 - P(X > x) with X = (x d + m). */
const paretoBelow = (x: number): number => {
  const value = x * Math.sqrt(0.75) + 1.5
  return value < 1 ? 0 : 1 - value ** -3
}

test('normalBelow is the normal distribution function', () => {
  // Abramowitz and Stegun, table 26.1.
  for (const [z, p] of [
    [0, 0.5],
    [1, 0.841344746068543],
    [2, 0.977249868051821],
    [3, 0.99865010196837],
    [4, 0.999968328758167],
    [-1, 0.158655253931457],
    [-2, 0.022750131948179],
  ]) {
    expect(normalBelow(z)).toBeCloseTo(p, 13)
  }
  expect(normalBelow(-40)).toBe(0)
  expect(normalBelow(40)).toBe(1)
})

// With correlation there are fewer independent values: (1 + c) / (1 - c) times the variance of a mean.
describe.each([0, 0.5, 0.9])('correlation %f', (correlation) => {
  const spread = 5 * Math.sqrt((1 + correlation) / (1 - correlation) / COUNT)

  test('uniform: flat from -1 to 1, variance 1/3, kurtosis 1.8', () => {
    const values = draw('uniform', correlation)
    expect(Math.abs(mean(values))).toBeLessThan(spread)
    expect(Math.abs(moment(values, 2) - 1 / 3)).toBeLessThan(spread)
    expect(Math.abs(moment(values, 4) / moment(values, 2) ** 2 - 1.8)).toBeLessThan(2 * spread)
    expect(values.every((x) => Math.abs(x) <= 1)).toBe(true)
    below(values, [-0.9, -0.5, 0, 0.25, 0.9]).forEach((share, i) => {
      expect(Math.abs(share - [0.05, 0.25, 0.5, 0.625, 0.95][i])).toBeLessThan(spread)
    })
    // The rank correlation of a Gaussian copula (Pearson 1907): 6/pi asin(c/2).
    expect(autocorrelation(values)).toBeCloseTo((6 / Math.PI) * Math.asin(correlation / 2), 1.9)
  })

  test('normal: variance 1, skewness 0, kurtosis 3', () => {
    const values = draw('normal', correlation)
    expect(Math.abs(mean(values))).toBeLessThan(spread)
    expect(Math.abs(moment(values, 2) - 1)).toBeLessThan(2 * spread)
    expect(Math.abs(moment(values, 3))).toBeLessThan(4 * spread)
    expect(Math.abs(moment(values, 4) - 3)).toBeLessThan(10 * spread)
    below(values, [-2, -1, 0, 1, 2]).forEach((share, i) => {
      expect(Math.abs(share - normalBelow(i - 2))).toBeLessThan(spread)
    })
    expect(autocorrelation(values)).toBeCloseTo(correlation, 1.9)
  })

  test('pareto: the tail falls with the cube, mean 0, the least value is 1/sqrt(3) below it', () => {
    const values = draw('pareto', correlation)
    expect(Math.abs(mean(values))).toBeLessThan(spread)
    expect(values.reduce((a, b) => Math.min(a, b))).toBeGreaterThanOrEqual(-1 / Math.sqrt(3) - 1e-9)
    const points = [-0.5, -0.3, 0, 1, 3, 10, 20]
    below(values, points).forEach((share, i) => {
      expect(Math.abs(share - paretoBelow(points[i]))).toBeLessThan(spread)
    })
    // What is rare is met too, within five deviations of its count.
    const far = values.filter((x) => x > 20).length
    const expected = COUNT * (1 - paretoBelow(20))
    expect(Math.abs(far - expected)).toBeLessThan(
      5 * Math.sqrt((expected * (1 + correlation)) / (1 - correlation)),
    )
    if (correlation === 0) expect(Math.abs(autocorrelation(values))).toBeLessThan(spread)
    else expect(autocorrelation(values)).toBeGreaterThan(correlation / 3)
  })
})

test('a frame takes its latency and its deviation in milliseconds, never less than nothing', () => {
  for (const [jitterDistribution, deviation] of [
    ['uniform', 20 / Math.sqrt(3)],
    ['normal', 20],
    ['pareto', 20],
  ] as const) {
    const { clock, near, arrivals } = impaired({ latency: 100, jitter: 20, jitterDistribution, seed: 4 })
    const delays: number[] = []
    for (let i = 0; i < 5000; i++) {
      const sent = clock.now()
      near.send(numbered(i))
      clock.advance(3000)
      delays.push((arrivals[i] - sent) / 1000)
    }
    expect(Math.abs(mean(delays) - 100)).toBeLessThan(1.5)
    expect(Math.sqrt(moment(delays, 2)) / deviation).toBeCloseTo(1, jitterDistribution === 'pareto' ? 0 : 1)
    expect(delays.every((delay) => delay >= 0)).toBe(true)
  }
  const { clock, near, arrivals } = impaired({ latency: 1, jitter: 20, jitterDistribution: 'normal' })
  for (let i = 0; i < 100; i++) near.send(numbered(i))
  clock.advance(200)
  expect(arrivals.length).toBe(100)
})

test('frames keep their order unless jitterInOrder is false: then each takes its own time', () => {
  const run = (jitterInOrder: boolean) => {
    const t = impaired({ latency: 50, jitter: 20, jitterInOrder, seed: 8 })
    for (let i = 0; i < 1000; i++) t.near.send(numbered(i))
    t.clock.advance(100)
    return t
  }
  expect(run(true).far.sink.numbers).toEqual(range(1000))
  const { far, arrivals } = run(false)
  expect(far.sink.numbers).not.toEqual(range(1000))
  expect([...far.sink.numbers].sort((a, b) => a - b)).toEqual(range(1000))
  // All were sent at once: the arrivals themselves are evenly spread.
  expect(Math.abs(mean(arrivals) / 1000 - 50)).toBeLessThan((4 * 20) / Math.sqrt(3 * 1000))
  expect(Math.sqrt(moment(arrivals, 2)) / 1000).toBeCloseTo(20 / Math.sqrt(3), 0)
})

test('switching order back on holds what comes behind the latest on the way', () => {
  const { clock, near, far, bad } = impaired({ latency: 50, jitter: 20, jitterInOrder: false })
  for (let i = 0; i < 50; i++) near.send(numbered(i))
  bad.set({ jitter: 0, latency: 0 })
  near.send(numbered(50))
  clock.advance(100)
  expect(far.sink.numbers.at(-1)).toBe(50)
})
