/** How much a stream may send by now at its rate. Behind by more than this many seconds, it does not catch up. */
const MOST_BEHIND = 0.1

export class Allowance {
  readonly #bytesPerMs: number
  #at: number
  #bytes = 0

  /** @param bitsPerSecond 0 allows everything @param now milliseconds, of any clock */
  constructor(bitsPerSecond: number, now: number) {
    this.#bytesPerMs = bitsPerSecond / 8000
    this.#at = now
  }

  /** Takes `length` bytes out of it. @returns 0, or the milliseconds after which they are allowed */
  take(length: number, now: number): number {
    if (this.#bytesPerMs === 0) return 0
    const most = Math.max(length, this.#bytesPerMs * MOST_BEHIND * 1000)
    this.#bytes = Math.min(most, this.#bytes + (now - this.#at) * this.#bytesPerMs)
    this.#at = now
    if (this.#bytes < length) return (length - this.#bytes) / this.#bytesPerMs
    this.#bytes -= length
    return 0
  }
}
