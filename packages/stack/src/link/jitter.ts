import { randomUnit, type SeededRandom } from '../core/random.ts'

/**
 * How the deviation from the mean latency is distributed. 'uniform': evenly, by `jitter` at most. 'normal': `jitter`
 * is the standard deviation. 'pareto': with the long tail of a Pareto distribution of shape 3; `jitter` is the standard
 * deviation, and the least value is 0.577 of it below the mean.
 */
export type JitterDistribution = 'uniform' | 'normal' | 'pareto'

/** 2: the variance is infinite; 3: its own deviation still is, as measured delays have it. */
const SHAPE = 3
const PARETO_MEAN = SHAPE / (SHAPE - 1)
const PARETO_DEVIATION = Math.sqrt(SHAPE / ((SHAPE - 1) ** 2 * (SHAPE - 2)))
/** The draws have 32 bits: closer to 0 or 1 than half a step nothing is. */
const EDGE = 2 ** -33

/**
 * Draws deviations in units of the jitter. Correlated ones come from a first-order autoregressive normal sequence that
 * is mapped to the distribution (a Gaussian copula), so that correlation leaves the distribution as it is.
 */
export class Jitter {
  readonly #distribution: JitterDistribution
  readonly #correlation: number
  readonly #fresh: number
  #last = Number.NaN

  /** @param correlation of the normal sequence with its predecessor, 0 to below 1 */
  constructor(distribution: JitterDistribution, correlation: number) {
    this.#distribution = distribution
    this.#correlation = correlation
    this.#fresh = Math.sqrt(1 - correlation * correlation)
  }

  /** The next deviation: of mean 0, from -1 to 1 if uniform, else of standard deviation 1. */
  next(random: SeededRandom): number {
    if (this.#correlation > 0) return this.#correlated(random)
    if (this.#distribution === 'uniform') return randomUnit(random) * 2 - 1
    if (this.#distribution === 'normal') return normal(random)
    return pareto(randomUnit(random))
  }

  #correlated(random: SeededRandom): number {
    const fresh = normal(random)
    // The first is drawn from the stationary distribution: there is no time before it settles.
    this.#last = Number.isNaN(this.#last) ? fresh : this.#correlation * this.#last + this.#fresh * fresh
    if (this.#distribution === 'normal') return this.#last
    const unit = normalBelow(this.#last)
    return this.#distribution === 'uniform' ? unit * 2 - 1 : pareto(unit)
  }
}

/** By inversion, standardised to mean 0 and deviation 1. @param unit 0 to 1 */
function pareto(unit: number): number {
  return (Math.max(1 - unit, EDGE) ** (-1 / SHAPE) - PARETO_MEAN) / PARETO_DEVIATION
}

/** A standard normal number (Box and Muller 1958). */
function normal(random: SeededRandom): number {
  const radius = Math.sqrt(-2 * Math.log(randomUnit(random) + EDGE))
  return radius * Math.cos(2 * Math.PI * randomUnit(random))
}

/** The standard normal distribution function, by its Taylor series about 0 (Marsaglia 2004). */
export function normalBelow(z: number): number {
  if (z < -7) return 0
  if (z > 7) return 1
  let sum = z
  let term = z
  for (let i = 3, before = 0; sum !== before; i += 2) {
    before = sum
    term *= (z * z) / i
    sum += term
  }
  return 0.5 + (sum * Math.exp(-0.5 * z * z)) / Math.sqrt(2 * Math.PI)
}
