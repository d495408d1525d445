import { packets } from '@tapwire/stack'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  arbitraryIpPacket,
  arbitraryUdpDatagram,
  Dice,
  fragmentBadly,
  LIES,
  lie,
  mendChecksums,
  mutatePacket,
} from '../src/index.ts'

const valid = arbitraryIpPacket({ truth: 'valid' })
const seed = fc.nat()

describe('mutators', () => {
  it('mendChecksums puts right what a changed byte has broken', () => {
    let broken = 0
    fc.assert(
      fc.property(arbitraryUdpDatagram({ truth: 'valid' }), fc.nat(), (bytes, at) => {
        const changed = bytes.slice()
        // In the ports or the data: lengths stay right.
        const upper = bytes[0] >>> 4 === 4 ? (bytes[0] & 15) * 4 : 40
        const data = changed.length - upper - 8
        changed[data > 0 ? upper + 8 + (at % data) : upper] ^= 0x40
        if (packets.decodePacket(changed).problems.length > 0) broken++
        mendChecksums(changed, 0)
        expect(packets.decodePacket(changed).problems).toEqual([])
      }),
    )
    expect(broken).toBeGreaterThan(50)
  })

  it.each(LIES)('%s: changes bytes of some packets, and never the packet it is given', (what) => {
    let changes = 0
    fc.assert(
      fc.property(valid, fc.nat(0xffff), (bytes, value) => {
        const before = bytes.slice()
        const changed = lie(bytes, 0, what, value)
        expect(bytes).toEqual(before)
        expect(changed.length).toBe(bytes.length)
        if (changed.some((byte, i) => byte !== bytes[i])) changes++
      }),
      { numRuns: 300, seed: 1 },
    )
    expect(changes).toBeGreaterThan(5)
  })

  it('mutatePacket gives a new packet, the same for the same dice', () => {
    fc.assert(
      fc.property(valid, seed, (bytes, n) => {
        const before = bytes.slice()
        expect(mutatePacket(new Dice(n), bytes, 0)).toEqual(mutatePacket(new Dice(n), bytes, 0))
        expect(bytes).toEqual(before)
      }),
    )
  })

  it('fragmentBadly: pieces have the packet in common, and some are wrong', () => {
    let overlapping = 0
    fc.assert(
      fc.property(arbitraryUdpDatagram({ truth: 'valid' }), seed, (bytes, n) => {
        const pieces = fragmentBadly(new Dice(n), bytes)
        const offsets = pieces.map((piece) => packets.parseIpv4(piece)?.fragmentOffset ?? 0)
        if (new Set(offsets).size < offsets.length) overlapping++
        expect(pieces.length).toBeLessThanOrEqual(130)
      }),
      { numRuns: 300 },
    )
    expect(overlapping).toBeGreaterThan(10)
  })
})
