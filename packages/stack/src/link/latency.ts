import type { SeededRandom } from '../core/random.ts'
import type { Micros } from '../core/timer.ts'
import { happens } from './chance.ts'
import { NO_IMPAIRMENT, type ResolvedImpairment } from './impair-check.ts'
import { Jitter } from './jitter.ts'

/** Says when each frame arrives: latency, jitter, order and reordering of one direction. */
export class Latency {
  readonly #reorder: SeededRandom
  readonly #jitter: SeededRandom
  #rules: ResolvedImpairment = NO_IMPAIRMENT
  #deviation = new Jitter('uniform', 0)
  /** Before this time no frame arrives that keeps its order. */
  #orderedAt: Micros = 0
  #sinceReordered = 0

  constructor(reorder: SeededRandom, jitter: SeededRandom) {
    this.#reorder = reorder
    this.#jitter = jitter
  }

  change(rules: ResolvedImpairment): void {
    const was = this.#rules
    this.#rules = rules
    const { jitterDistribution, jitterCorrelation, reorderGap } = rules
    if (jitterDistribution !== was.jitterDistribution || jitterCorrelation !== was.jitterCorrelation) {
      this.#deviation = new Jitter(jitterDistribution, jitterCorrelation)
    }
    if (reorderGap !== was.reorderGap) this.#sinceReordered = 0
  }

  /** Whether the next frame leaves its order. */
  reorders(): boolean {
    const { reorder, reorderGap } = this.#rules
    if (reorderGap === 0) return happens(this.#reorder, reorder)
    if (++this.#sinceReordered < reorderGap) return false
    if (reorder > 0 && !happens(this.#reorder, reorder)) return false
    this.#sinceReordered = 0
    return true
  }

  /** When a frame that left at `left` arrives. */
  arrival(left: Micros): Micros {
    const due = left + this.#next()
    if (due <= this.#orderedAt && this.#keepsOrder) return this.#orderedAt
    if (due > this.#orderedAt) this.#orderedAt = due
    return due
  }

  /** The same for one that holds nobody up. */
  arrivalOutOfOrder(left: Micros): Micros {
    const due = left + this.#next()
    return this.#keepsOrder ? Math.max(due, this.#orderedAt) : due
  }

  /** When a frame arrives for which `reorders` said so. */
  reorderedArrival(left: Micros): Micros {
    const { reorderDelay } = this.#rules
    return reorderDelay === 0 ? left : this.arrivalOutOfOrder(left) + reorderDelay
  }

  /** Latency that becomes shorter lets nothing overtake, even where jitter may. */
  get #keepsOrder(): boolean {
    return this.#rules.jitterInOrder || this.#rules.jitter === 0
  }

  #next(): Micros {
    const { latency, jitter } = this.#rules
    if (jitter === 0) return latency
    return Math.max(0, Math.round(latency + this.#deviation.next(this.#jitter) * jitter))
  }
}
