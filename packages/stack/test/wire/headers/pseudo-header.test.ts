import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import * as packet from '../../../src/wire/packet.ts'
import {
  addressSum4,
  addressSum6,
  pseudoHeaderSum,
  transportChecksum,
  transportChecksumValid,
} from '../../../src/wire/pseudo-header.ts'
import * as any from '../arbitraries.ts'
import { AT, placed, words } from './placed.ts'

describe('pseudo-header', () => {
  /** The pseudo-header as bytes, summed pair by pair: slow and plain. */
  function naive(pseudo: number[], segment: Uint8Array): number {
    const all = [...pseudo, ...segment]
    if (all.length % 2 === 1) all.push(0)
    let sum = 0
    for (let i = 0; i < all.length; i += 2) {
      sum += all[i] * 256 + all[i + 1]
      if (sum > 0xffff) sum -= 0xffff
    }
    return 0xffff - sum
  }

  it('MUST-2 and V6-11 agree with a byte-wise pseudo-header, at any length', () => {
    fc.assert(
      fc.property(
        fc.boolean(),
        any.ip6,
        any.ip6,
        any.u8,
        fc.uint8Array({ maxLength: 99 }),
        (six, from, to, protocol, segment) => {
          const source = six ? from : from.slice(0, 4)
          const destination = six ? to : to.slice(0, 4)
          const [s0, s1, s2, s3] = words(source)
          const [d0, d1, d2, d3] = words(destination)
          const addresses = six ? addressSum6(s0, s1, s2, s3, d0, d1, d2, d3) : addressSum4(s0, d0)
          const tail = six ? [0, 0, 0, segment.length, 0, 0, 0, protocol] : [0, protocol, 0, segment.length]
          const view = placed(segment)
          const expected = naive([...source, ...destination, ...tail], segment)
          const sum = transportChecksum(view, AT, segment.length, addresses, protocol)
          // Zero has two forms; the sum of nothing but zeros is the only one that gives the other.
          expect(sum % 0xffff).toBe(expected % 0xffff)
        },
      ),
    )
  })

  it('a super-frame of more than 64 KiB counts its whole length', () => {
    expect(pseudoHeaderSum(0, 6, 0x1_0005)).toBe(6 + 1 + 5)
  })

  it('MUST-3 a segment with one flipped bit is refused', () => {
    const ip = { source: Uint8Array.of(1, 2, 3, 4), destination: Uint8Array.of(5, 6, 7, 8) }
    const bytes = packet.buildTcp({ sourcePort: 1, destinationPort: 2, payload: Uint8Array.of(1, 2, 3) }, ip)
    const addresses = addressSum4(0x01020304, 0x05060708)
    expect(transportChecksumValid(placed(bytes), AT, bytes.length, addresses, 6)).toBe(true)
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const flipped = bytes.slice()
      flipped[bit >> 3] ^= 1 << (bit & 7)
      expect(transportChecksumValid(placed(flipped), AT, bytes.length, addresses, 6)).toBe(false)
    }
  })
})
