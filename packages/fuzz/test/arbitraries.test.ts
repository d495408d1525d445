import { packets } from '@tapwire/stack'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  arbitraryArp,
  arbitraryEthernetFrame,
  arbitraryIcmp,
  arbitraryIcmpv6,
  arbitraryIgmp,
  arbitraryIpPacket,
  arbitraryIpv4Packet,
  arbitraryIpv6Packet,
  arbitraryMld,
  arbitraryNeighbourDiscovery,
  arbitraryTcpOptions,
  arbitraryTcpSegment,
  arbitraryUdpDatagram,
  type PacketOptions,
} from '../src/index.ts'

const KINDS: readonly [name: string, make: (options?: PacketOptions) => fc.Arbitrary<Uint8Array>][] = [
  ['arbitraryTcpSegment', arbitraryTcpSegment],
  ['arbitraryUdpDatagram', arbitraryUdpDatagram],
  ['arbitraryIcmp', arbitraryIcmp],
  ['arbitraryIcmpv6', arbitraryIcmpv6],
  ['arbitraryNeighbourDiscovery', arbitraryNeighbourDiscovery],
  ['arbitraryIgmp', arbitraryIgmp],
  ['arbitraryMld', arbitraryMld],
  ['arbitraryIpv4Packet', arbitraryIpv4Packet],
  ['arbitraryIpv6Packet', arbitraryIpv6Packet],
  ['arbitraryIpPacket', arbitraryIpPacket],
]

/** Of these only the header is looked at: what it carries is anything. */
const ANY_PAYLOAD = new Set(['arbitraryIpv4Packet', 'arbitraryIpPacket'])

/** What is wrong with a packet beyond what its sender may choose: malformed options are any sender's choice. */
function lies(bytes: Uint8Array, headerOnly = false): string[] {
  const { problems } = packets.decodePacket(bytes)
  return problems.filter((problem) => !problem.includes('options') && (!headerOnly || / ip/.test(problem)))
}

describe('arbitraries', () => {
  it.each(KINDS)('%s: valid packets are valid', (name, make) => {
    fc.assert(
      fc.property(make({ truth: 'valid' }), (bytes) => {
        expect(lies(bytes, ANY_PAYLOAD.has(name))).toEqual([])
      }),
      { numRuns: 200 },
    )
  })

  it.each(KINDS)(
    '%s: of those that lie most are found out, and none is too much for the decoder',
    (_, make) => {
      let found = 0
      fc.assert(
        fc.property(make({ truth: 'lying' }), (bytes) => {
          if (lies(bytes).length > 0) found++
          packets.describePacket(bytes)
        }),
        { numRuns: 200 },
      )
      expect(found).toBeGreaterThan(40)
    },
  )

  it.each(KINDS)('%s: the same seed gives the same packets', (_, make) => {
    expect(fc.sample(make(), { seed: 7, numRuns: 20 })).toEqual(fc.sample(make(), { seed: 7, numRuns: 20 }))
  })

  it('addresses and ports are those that are asked for', () => {
    const source = Uint8Array.of(10, 0, 0, 1)
    const destination = Uint8Array.of(10, 0, 0, 2)
    const segments = arbitraryTcpSegment({ truth: 'valid', source, destination, destinationPort: 7 })
    fc.assert(
      fc.property(segments, (bytes) => {
        const { ipv4, tcp } = packets.decodePacket(bytes)
        expect(ipv4).toMatchObject({ source, destination })
        expect(tcp?.destinationPort).toBe(7)
      }),
    )
  })

  it('options fit into their forty bytes', () => {
    fc.assert(
      fc.property(arbitraryTcpOptions(), (options) => {
        const segment = packets.buildTcp({ sourcePort: 1, destinationPort: 2, options })
        expect(segment.length).toBeLessThanOrEqual(60)
      }),
    )
  })

  it('frames are of every kind', () => {
    const towards = [
      { source: Uint8Array.of(10, 0, 0, 1), destination: Uint8Array.of(10, 0, 0, 2) },
      { source: new Uint8Array(16).fill(1), destination: new Uint8Array(16).fill(2) },
    ]
    const frames = fc.sample(arbitraryEthernetFrame({ truth: 'valid', towards }), { seed: 1, numRuns: 600 })
    const kinds = new Set(frames.flatMap((frame) => Object.keys(packets.decodeFrame(frame))))
    for (const kind of ['arp', 'ipv4', 'ipv6', 'tcp', 'udp', 'icmpv4', 'icmpv6', 'ndp'])
      expect(kinds).toContain(kind)
    expect(fc.sample(arbitraryArp({ truth: 'valid' }), 10).every((bytes) => bytes.length === 28)).toBe(true)
  })
})
