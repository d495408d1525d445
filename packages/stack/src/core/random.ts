import { hostRandomUint32 } from './host.ts'

/** A source of random numbers. The default is the host's cryptographic one; tests give a seeded one. */
export interface Random {
  /** A uniformly distributed integer, 0 to 2^32 - 1. */
  uint32(): number
}

/** The host's cryptographic generator, fetched in batches. */
export function secureRandom(): Random {
  return { uint32: hostRandomUint32() }
}

/** xoshiro128** by Blackman and Vigna, seeded through splitmix32: the same seed gives the same sequence everywhere. */
export class SeededRandom implements Random {
  #a: number
  #b: number
  #c: number
  #d: number

  constructor(seed: number) {
    let state = seed | 0
    const next = (): number => {
      state = (state + 0x9e3779b9) | 0
      let z = state
      z = Math.imul(z ^ (z >>> 16), 0x85ebca6b)
      z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35)
      return z ^ (z >>> 16)
    }
    this.#a = next()
    this.#b = next()
    this.#c = next()
    this.#d = next() | 1
  }

  uint32(): number {
    const times5 = Math.imul(this.#b, 5)
    const result = Math.imul((times5 << 7) | (times5 >>> 25), 9)
    const t = this.#b << 9
    this.#c ^= this.#a
    this.#d ^= this.#b
    this.#b ^= this.#c
    this.#a ^= this.#d
    this.#c ^= t
    this.#d = (this.#d << 11) | (this.#d >>> 21)
    return result >>> 0
  }
}

/** A uniformly distributed number in [0, 1). */
export function randomUnit(random: Random): number {
  return random.uint32() / 0x100000000
}

/** A uniformly distributed integer in [0, bound); the bias of the scaling is below 2^-11 for bounds under 2^21. */
export function randomBelow(random: Random, bound: number): number {
  return Math.floor((random.uint32() / 0x100000000) * bound)
}
