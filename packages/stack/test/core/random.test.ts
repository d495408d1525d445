import { describe, expect, it, vi } from 'vitest'
import { randomBelow, randomUnit, SeededRandom, secureRandom } from '../../src/core/random.ts'

describe('SeededRandom', () => {
  /** xoshiro128** and splitmix32 with BigInt, from their definitions. */
  function* reference(seed: number): Generator<number> {
    const mask = 0xffffffffn
    let state = BigInt(seed) & mask
    const next = (): bigint => {
      state = (state + 0x9e3779b9n) & mask
      let z = state
      z = ((z ^ (z >> 16n)) * 0x85ebca6bn) & mask
      z = ((z ^ (z >> 13n)) * 0xc2b2ae35n) & mask
      return z ^ (z >> 16n)
    }
    const rotate = (x: bigint, n: bigint): bigint => ((x << n) | (x >> (32n - n))) & mask
    const s = [next(), next(), next(), next() | 1n]
    for (;;) {
      yield Number((rotate((s[1] * 5n) & mask, 7n) * 9n) & mask)
      const t = (s[1] << 9n) & mask
      s[2] ^= s[0]
      s[3] ^= s[1]
      s[1] ^= s[2]
      s[0] ^= s[3]
      s[2] ^= t
      s[3] = rotate(s[3], 11n)
    }
  }

  it('is xoshiro128** seeded by splitmix32', () => {
    for (const seed of [0, 1, -1, 42, 0x7fffffff, 0xdeadbeef]) {
      const random = new SeededRandom(seed)
      const expected = reference(seed)
      for (let i = 0; i < 500; i++) expect(random.uint32()).toBe(expected.next().value)
    }
  })

  it('gives the same sequence for the same seed, and another for another', () => {
    const sequence = (seed: number): number[] => {
      const random = new SeededRandom(seed)
      return Array.from({ length: 20 }, () => random.uint32())
    }
    expect(sequence(5)).toEqual(sequence(5))
    expect(sequence(5)).not.toEqual(sequence(6))
    expect(new Set(Array.from({ length: 2000 }, (_, seed) => sequence(seed).join())).size).toBe(2000)
  })

  it('is spread evenly: chi-square over 256 classes of high and of low bits', () => {
    for (const shift of [24, 0]) {
      const random = new SeededRandom(123)
      const counts = new Array<number>(256).fill(0)
      const samples = 256_000
      for (let i = 0; i < samples; i++) counts[(random.uint32() >>> shift) & 0xff]++
      const chi = counts.reduce((sum, count) => sum + (count - 1000) ** 2 / 1000, 0)
      // 255 degrees of freedom: mean 255, standard deviation 22.6.
      expect(chi).toBeGreaterThan(165)
      expect(chi).toBeLessThan(345)
    }
  })
})

describe('helpers', () => {
  it('randomUnit stays below 1 and randomBelow below its bound', () => {
    const highest = { uint32: () => 0xffffffff }
    const lowest = { uint32: () => 0 }
    expect(randomUnit(highest)).toBeLessThan(1)
    expect(randomUnit(lowest)).toBe(0)
    for (const bound of [1, 2, 7, 65_536, 0x1_0000_0000]) {
      expect(randomBelow(highest, bound)).toBe(bound - 1)
      expect(randomBelow(lowest, bound)).toBe(0)
    }
  })

  it('secureRandom asks the host for 64 numbers at a time', () => {
    const fetched = vi.spyOn(globalThis.crypto, 'getRandomValues')
    const random = secureRandom()
    const values = new Set(Array.from({ length: 128 }, () => random.uint32()))
    expect(fetched).toHaveBeenCalledTimes(2)
    // Two equal ones among 128 of 2^32 come once in half a million runs.
    expect(values.size).toBeGreaterThanOrEqual(127)
    expect(Math.min(...values)).toBeGreaterThanOrEqual(0)
    fetched.mockRestore()
  })
})
