import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { checksum, finishChecksum, foldSum, sumBytes, sumMemory, swapSum } from '../../src/core/checksum.ts'
import { Memory } from '../../src/core/memory.ts'

/** RFC 1071, word by word with the end-around carry at once. */
function naive(bytes: Uint8Array): number {
  let sum = 0
  for (let i = 0; i < bytes.length; i += 2) {
    sum += bytes[i] * 256 + (i + 1 < bytes.length ? bytes[i + 1] : 0)
    if (sum > 0xffff) sum -= 0xffff
  }
  return 0xffff - sum
}

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.length)

describe('Internet checksum', () => {
  it('the example of RFC 1071 section 3', () => {
    const bytes = Uint8Array.of(0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7)
    expect(foldSum(sumBytes(viewOf(bytes), 0, 8))).toBe(0xddf2)
    expect(checksum(viewOf(bytes), 0, 8)).toBe(0x220d)
  })

  it('agrees with the plain way at every length, even and odd, and every alignment', () => {
    const bytes = Uint8Array.from({ length: 200 }, (_, i) => (i * 167 + 13) & 0xff)
    for (let offset = 0; offset < 20; offset++) {
      for (let length = 0; length <= 100; length++) {
        expect(checksum(viewOf(bytes), offset, length)).toBe(naive(bytes.subarray(offset, offset + length)))
      }
    }
  })

  it('agrees with the plain way on random bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        expect(checksum(viewOf(bytes), 0, bytes.length)).toBe(naive(bytes))
      }),
      { numRuns: 5000 },
    )
  })

  it.each([65_535, 65_536, 65_549, 131_072, 131_077, 1_000_001])(
    'does not overflow on %d bytes of ones',
    (length) => {
      for (const fill of [0xff, 0xfe]) {
        const bytes = new Uint8Array(length).fill(fill)
        expect(checksum(viewOf(bytes), 0, length)).toBe(naive(bytes))
      }
    },
  )

  it('folds every running sum up to 2^53 to its remainder', () => {
    const check = (sum: number): void => {
      const folded = foldSum(sum)
      expect(folded).toBe(sum === 0 ? 0 : sum % 0xffff || 0xffff)
    }
    for (const base of [0x1_0000, 0x1_0000_0000, 0x2_0000_0000, 0xffff_0000_0000, 2 ** 53]) {
      for (const around of [-2, -1, 0, 1, 2]) if (base + around < 2 ** 53) check(base + around)
    }
    fc.assert(fc.property(fc.maxSafeNat(), check), { numRuns: 5000 })
  })

  it('ranges add up, the first of even length', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), fc.nat(50), (bytes, half) => {
        const cut = Math.min(half * 2, bytes.length & ~1)
        const first = sumBytes(viewOf(bytes), 0, cut)
        expect(checksum(viewOf(bytes), cut, bytes.length - cut, first)).toBe(naive(bytes))
      }),
    )
  })

  it('a range that starts at an odd position counts with its bytes swapped', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), fc.nat(100), (bytes, wanted) => {
        const cut = Math.min(wanted, bytes.length)
        const view = viewOf(bytes)
        const tail = sumBytes(view, cut, bytes.length - cut)
        const sum = sumBytes(view, 0, cut) + (cut % 2 === 1 ? swapSum(tail) : tail)
        expect(finishChecksum(sum)).toBe(naive(bytes))
      }),
      { numRuns: 3000 },
    )
  })

  it('a range of a stack’s memory sums to the same, wherever it starts and ends', () => {
    const memory = new Memory(1 << 17)
    for (let at = 0; at < memory.size; at++) memory.u8[at] = (at * 151) ^ (at >>> 7)
    memory.u8.fill(0xff, 40_000)
    memory.u8.fill(0, 110_000)
    fc.assert(
      fc.property(
        fc.nat(65_000),
        fc.oneof(fc.nat(200), fc.nat(65_535)),
        fc.nat(2 ** 34),
        (offset, length, sum) => {
          expect(foldSum(sumMemory(memory, offset, length, sum))).toBe(
            foldSum(sumBytes(memory.view, offset, length, sum)),
          )
        },
      ),
      { numRuns: 5000 },
    )
    expect(foldSum(sumMemory(memory, 111_000, 1000))).toBe(0)
    expect(foldSum(sumMemory(memory, 41_000, 65_535))).toBe(0xff00)
  })

  it('a received range with its checksum in it sums to all ones', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 2, maxLength: 60 }), (bytes) => {
        bytes[0] = 0
        bytes[1] = 0
        viewOf(bytes).setUint16(0, checksum(viewOf(bytes), 0, bytes.length))
        expect(foldSum(sumBytes(viewOf(bytes), 0, bytes.length))).toBe(0xffff)
      }),
    )
  })
})
