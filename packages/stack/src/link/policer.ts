import type { Micros } from '../core/timer.ts'

/** What a policer lets pass: a token bucket. */
export interface PolicerOptions {
  /** Bits per second that pass in the long run, link headers included; from 1. */
  readonly rate: number
  /** Bytes that may pass at once after a pause, the bucket's depth; 1 to 64 MiB. A longer frame never passes. */
  readonly burst: number
}

/** Tokens are counted in millionths of a bit: that is what a rate in bits per second gives in a microsecond. */
const TOKENS_PER_BYTE = 8_000_000

/**
 * A token bucket that drops what exceeds, and delays nothing. It is full at first. All sums are exact for whole
 * rates: a bucket of 64 MiB has 2^49 tokens, and what a pause adds beyond it is cut off.
 */
export class Policer {
  readonly #rate: number
  readonly #depth: number
  // Initialised here: a field that once was undefined has its numbers boxed, 32 bytes for each frame (measured).
  #tokens = 0
  #filledAt: Micros = 0

  constructor(options: PolicerOptions, now: Micros) {
    this.#rate = options.rate
    this.#depth = options.burst * TOKENS_PER_BYTE
    this.#tokens = this.#depth
    this.#filledAt = now
  }

  /** Whether a frame conforms; then its tokens are gone. One that does not costs nothing. */
  conforms(length: number, now: Micros): boolean {
    this.#tokens = Math.min(this.#depth, this.#tokens + (now - this.#filledAt) * this.#rate)
    this.#filledAt = now
    const cost = length * TOKENS_PER_BYTE
    if (cost > this.#tokens) return false
    this.#tokens -= cost
    return true
  }
}
