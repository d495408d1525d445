import { SeededRandom } from '@tapwire/stack'

/** Choices that a seed decides. */
export class Dice {
  readonly #random: SeededRandom

  constructor(seed: number) {
    this.#random = new SeededRandom(seed)
  }

  /** Any 32 bits, unsigned. */
  uint32(): number {
    return this.#random.uint32()
  }

  /** 0 to `bound` - 1. */
  below(bound: number): number {
    return Math.floor((this.#random.uint32() / 0x1_0000_0000) * bound)
  }

  /** From `low` to `high`, both included. */
  between(low: number, high: number): number {
    return low + this.below(high - low + 1)
  }

  /** True once in `n` times. */
  one(n: number): boolean {
    return this.below(n) === 0
  }

  pick<T>(from: readonly T[]): T {
    return from[this.below(from.length)]
  }

  bytes(length: number): Uint8Array {
    const bytes = new Uint8Array(length)
    for (let i = 0; i < length; i++) bytes[i] = this.#random.uint32()
    return bytes
  }
}

/** A seed of its own for the `n`th part of what `seed` decides. */
export function subSeed(seed: number, n: number): number {
  let z = (seed + Math.imul(n + 1, 0x9e3779b9)) | 0
  z = Math.imul(z ^ (z >>> 16), 0x85ebca6b)
  z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35)
  return (z ^ (z >>> 16)) >>> 0
}
