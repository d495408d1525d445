import type { Engine } from '../core/engine.ts'
import { type Micros, SECOND } from '../core/timer.ts'

/** Lets `rate` events a second pass, after a burst of the same number (IC6-04, ICMP-13). */
export class TokenBucket {
  readonly #engine: Engine
  readonly #rate: number
  #tokens: number
  #filledAt: Micros

  /** @param rate events per second; 0 lets none pass */
  constructor(engine: Engine, rate: number) {
    this.#engine = engine
    this.#rate = rate
    this.#tokens = rate
    this.#filledAt = engine.now
  }

  take(): boolean {
    const now = this.#engine.now
    this.#tokens = Math.min(this.#rate, this.#tokens + ((now - this.#filledAt) * this.#rate) / SECOND)
    this.#filledAt = now
    if (this.#tokens < 1) return false
    this.#tokens--
    return true
  }
}
