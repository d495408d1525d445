import { type Micros, SECOND } from '../core/timer.ts'

/** At most so many per second: a counter that starts again each second. */
export class RateLimit {
  readonly #perSecond: number
  #second = -1
  #used = 0

  constructor(perSecond: number) {
    this.#perSecond = perSecond
  }

  /** @returns whether one more is allowed now */
  allow(now: Micros): boolean {
    const second = Math.floor(now / SECOND)
    if (second !== this.#second) {
      this.#second = second
      this.#used = 0
    }
    if (this.#used >= this.#perSecond) return false
    this.#used++
    return true
  }
}
