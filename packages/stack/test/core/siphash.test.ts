import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { HalfSipHash } from '../../src/core/siphash.ts'

const hash = (k0: number, k1: number, words: number[]): number => {
  const sip = new HalfSipHash({ k0, k1 }).start()
  for (const word of words) sip.word(word)
  return sip.end()
}

/** HalfSipHash-2-4 written down once more from its description, over bytes, with unsigned numbers and a state array. */
function reference(key: Uint8Array, message: Uint8Array): number {
  const little = (bytes: Uint8Array, at: number): number =>
    (bytes[at] + bytes[at + 1] * 2 ** 8 + bytes[at + 2] * 2 ** 16 + bytes[at + 3] * 2 ** 24) >>> 0
  const rotate = (x: number, n: number): number => ((x * 2 ** n) % 2 ** 32) + Math.floor(x / 2 ** (32 - n))
  const add = (a: number, b: number): number => (a + b) % 2 ** 32
  const xor = (a: number, b: number): number => (a ^ b) >>> 0
  const [k0, k1] = [little(key, 0), little(key, 4)]
  const v = [k0, k1, xor(k0, 0x6c796765), xor(k1, 0x74656462)]
  const rounds = (count: number): void => {
    for (let i = 0; i < count; i++) {
      v[0] = add(v[0], v[1])
      v[1] = xor(rotate(v[1], 5), v[0])
      v[0] = rotate(v[0], 16)
      v[2] = add(v[2], v[3])
      v[3] = xor(rotate(v[3], 8), v[2])
      v[0] = add(v[0], v[3])
      v[3] = xor(rotate(v[3], 7), v[0])
      v[2] = add(v[2], v[1])
      v[1] = xor(rotate(v[1], 13), v[2])
      v[2] = rotate(v[2], 16)
    }
  }
  const last = new Uint8Array(4)
  const whole = message.length & ~3
  last.set(message.subarray(whole))
  last[3] = message.length & 0xff
  for (let at = 0; at <= whole; at += 4) {
    const word = at === whole ? little(last, 0) : little(message, at)
    v[3] = xor(v[3], word)
    rounds(2)
    v[0] = xor(v[0], word)
  }
  v[2] = xor(v[2], 0xff)
  rounds(4)
  return xor(v[1], v[3])
}

describe('HalfSipHash-2-4', () => {
  it.each([
    [0, 0x5b9f35a9],
    [4, 0x89466e2a],
    [8, 0x8f84b8d0],
    [12, 0x2f87f057],
    [16, 0x84acb5d9],
    [20, 0x45104de3],
    [24, 0x630c4027],
    [28, 0x004064b0],
  ])('the published vector for %d bytes 00 01 02 …', (length, expected) => {
    const words = Array.from({ length: length / 4 }, (_, i) => 0x03020100 + i * 0x04040404)
    expect(hash(0x03020100, 0x07060504, words) >>> 0).toBe(expected)
  })

  it('agrees with a second way of computing it', () => {
    const word = fc.integer({ min: -0x80000000, max: 0xffffffff })
    fc.assert(
      fc.property(word, word, fc.array(word, { maxLength: 70 }), (k0, k1, words) => {
        const bytes = (values: number[]): Uint8Array => {
          const view = new DataView(new ArrayBuffer(values.length * 4))
          for (const [i, value] of values.entries()) view.setInt32(i * 4, value, true)
          return new Uint8Array(view.buffer)
        }
        const value = hash(k0, k1, words)
        expect(value >>> 0).toBe(reference(bytes([k0, k1]), bytes(words)))
        expect(value).toBe(value | 0)
      }),
      { numRuns: 500 },
    )
  })

  it('one instance serves many hashes', () => {
    const sip = new HalfSipHash({ k0: 1, k1: 2 })
    const first = sip.start().word(3).word(4).end()
    sip.start().word(9)
    expect(sip.start().word(3).word(4).end()).toBe(first)
  })

  it('each flipped bit changes about half of the result', () => {
    let changed = 0
    let trials = 0
    for (let i = 0; i < 200; i++) {
      const base = hash(7, 9, [i, i * 31])
      for (let bit = 0; bit < 64; bit++) {
        const words = bit < 32 ? [i ^ (1 << bit), i * 31] : [i, (i * 31) ^ (1 << (bit - 32))]
        let difference = base ^ hash(7, 9, words)
        for (; difference !== 0; difference &= difference - 1) changed++
        trials += 32
      }
    }
    expect(changed / trials).toBeGreaterThan(0.495)
    expect(changed / trials).toBeLessThan(0.505)
  })
})
