import { type Random, randomBelow } from '../core/random.ts'
import { type Micros, SECOND } from '../core/timer.ts'

/** At most so many per second: a counter that starts again each second. */
export class RateLimit {
  readonly #perSecond: number
  readonly #random: Random | null
  #second = -1
  #left = 0

  /**
   * @param random given: each second's budget is drawn anew, from half the limit up to the limit, so that nobody can find out by
   * exhausting it what else was counted (R5961-07)
   */
  constructor(perSecond: number, random: Random | null = null) {
    this.#perSecond = perSecond
    this.#random = random
  }

  /** @returns whether one more is allowed now */
  allow(now: Micros): boolean {
    const second = Math.floor(now / SECOND)
    if (second !== this.#second) {
      this.#second = second
      this.#left = this.#budget()
    }
    if (this.#left <= 0) return false
    this.#left--
    return true
  }

  #budget(): number {
    const most = this.#perSecond
    if (this.#random === null) return most
    return most - randomBelow(this.#random, (most >>> 1) + 1)
  }
}
