import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import * as ipv4 from '../../../src/wire/ipv4.ts'
import * as ipv6 from '../../../src/wire/ipv6.ts'
import * as packet from '../../../src/wire/packet.ts'
import * as any from '../arbitraries.ts'
import { AT, placed, words, wrote } from './placed.ts'

describe('IPv4', () => {
  it('accessors agree with the readable form', () => {
    fc.assert(
      fc.property(any.ipv4Fields, (x) => {
        const bytes = packet.buildIpv4(x)
        const parsed = packet.parseIpv4(bytes) as packet.Ipv4Packet
        const view = placed(bytes)
        expect(ipv4.ipv4Version(view, AT)).toBe(4)
        expect(ipv4.ipv4HeaderLength(view, AT)).toBe(20 + parsed.options.length)
        expect(ipv4.ipv4Tos(view, AT)).toBe(x.tos)
        expect(ipv4.ipv4TotalLength(view, AT)).toBe(bytes.length)
        expect(ipv4.ipv4Identification(view, AT)).toBe(x.identification)
        expect(ipv4.ipv4FragmentOffset(view, AT)).toBe(x.fragmentOffset)
        expect(ipv4.ipv4MoreFragments(view, AT)).toBe(x.moreFragments)
        expect(ipv4.ipv4DontFragment(view, AT)).toBe(x.dontFragment)
        expect(ipv4.ipv4IsFragment(view, AT)).toBe(x.moreFragments || x.fragmentOffset !== 0)
        expect(ipv4.ipv4Ttl(view, AT)).toBe(x.ttl)
        expect(ipv4.ipv4Protocol(view, AT)).toBe(x.protocol)
        expect(ipv4.ipv4Checksum(view, AT)).toBe(parsed.checksum)
        expect(ipv4.ipv4Source(view, AT)).toBe(words(x.source)[0])
        expect(ipv4.ipv4Destination(view, AT)).toBe(words(x.destination)[0])
      }),
    )
  })

  it('the writer gives the same bytes, checksum included', () => {
    fc.assert(
      fc.property(any.ipv4Fields, (x) => {
        const bytes = packet.buildIpv4({ ...x, options: new Uint8Array(0) })
        const view = placed(bytes)
        const header = wrote(20, (target) =>
          ipv4.writeIpv4Header(
            target,
            AT,
            bytes.length,
            ipv4.ipv4Identification(view, AT),
            ipv4.ipv4FlagsFragment(view, AT),
            ipv4.ipv4Ttl(view, AT),
            ipv4.ipv4Protocol(view, AT),
            ipv4.ipv4Source(view, AT),
            ipv4.ipv4Destination(view, AT),
            ipv4.ipv4Tos(view, AT),
          ),
        )
        expect(header).toEqual(bytes.slice(0, 20))
      }),
    )
  })

  it('rewriting the checksum after a change makes it right again, options included', () => {
    fc.assert(
      fc.property(any.ipv4Fields, any.u8, (x, ttl) => {
        const view = placed(packet.buildIpv4(x))
        view.setUint8(AT + 8, ttl)
        ipv4.rewriteIpv4Checksum(view, AT)
        expect(ipv4.checkIpv4Header(view, AT, view.byteLength - AT)).toBe(ipv4.Ipv4Check.Ok)
      }),
    )
  })

  const base = {
    source: Uint8Array.of(10, 0, 0, 1),
    destination: Uint8Array.of(10, 0, 0, 2),
    protocol: 17,
    payload: new Uint8Array(4),
  }
  it.each([
    ['IP-01 a version other than 4', { version: 5 }, 24, ipv4.Ipv4Check.Version],
    ['IP-01 version 6', { version: 6 }, 24, ipv4.Ipv4Check.Version],
    ['IP-02 a wrong header checksum', { checksum: 0x1234 }, 24, ipv4.Ipv4Check.Checksum],
    ['IP-03 IHL below 5', { headerLength: 16 }, 24, ipv4.Ipv4Check.HeaderLength],
    ['IP-03 IHL beyond the frame', { headerLength: 60 }, 24, ipv4.Ipv4Check.HeaderLength],
    ['IP-03 total length below the header', { totalLength: 19 }, 24, ipv4.Ipv4Check.TotalLength],
    ['IP-03 total length beyond the frame', { totalLength: 25 }, 24, ipv4.Ipv4Check.TotalLength],
    ['IP-03 less than a header', {}, 19, ipv4.Ipv4Check.Short],
    ['ETH-02 padding behind the total length is fine', {}, 28, ipv4.Ipv4Check.Ok],
    ['a total length of the header alone is fine', { totalLength: 20 }, 24, ipv4.Ipv4Check.Ok],
  ])('%s', (_, lie, available, reason) => {
    expect(ipv4.checkIpv4Header(placed(packet.buildIpv4({ ...base, ...lie })), AT, available)).toBe(reason)
  })

  it('IP-02 any single flipped bit of the header is noticed', () => {
    const bytes = packet.buildIpv4({ ...base, options: Uint8Array.of(1, 1, 1, 0) })
    for (let bit = 0; bit < 24 * 8; bit++) {
      const flipped = bytes.slice()
      flipped[bit >> 3] ^= 1 << (bit & 7)
      expect(ipv4.checkIpv4Header(placed(flipped), AT, flipped.length)).not.toBe(ipv4.Ipv4Check.Ok)
    }
  })

  it.each([
    ['IP-15 an unknown option is ignored', [200, 4, 1, 2], ipv4.Ipv4Options.Harmless],
    ['IP-16 no options', [], ipv4.Ipv4Options.Harmless],
    ['IP-16 the end ends, whatever follows', [0, 131, 0, 0], ipv4.Ipv4Options.Harmless],
    ['IP-16 length 0', [1, 7, 0, 0], ipv4.Ipv4Options.Malformed],
    ['IP-16 length 1', [7, 1, 0, 0], ipv4.Ipv4Options.Malformed],
    ['IP-16 beyond the header', [7, 5, 0, 0], ipv4.Ipv4Options.Malformed],
    ['IP-16 a kind without a length', [1, 1, 1, 7], ipv4.Ipv4Options.Malformed],
    ['IP-17 loose source route', [131, 3, 4, 0], ipv4.Ipv4Options.SourceRoute],
    ['IP-17 strict source route', [1, 137, 3, 4], ipv4.Ipv4Options.SourceRoute],
  ])('%s', (_, options, found) => {
    const bytes = packet.buildIpv4({ ...base, options: Uint8Array.from(options) })
    expect(ipv4.scanIpv4Options(placed(bytes), AT)).toBe(found)
  })
})

describe('IPv6', () => {
  it('accessors and writer agree with the readable form', () => {
    fc.assert(
      fc.property(any.ipv6Fields, (x) => {
        const bytes = packet.buildIpv6(x)
        const view = placed(bytes)
        expect(ipv6.ipv6Version(view, AT)).toBe(6)
        expect(ipv6.ipv6TrafficClass(view, AT)).toBe(x.trafficClass)
        expect(ipv6.ipv6FlowLabel(view, AT)).toBe(x.flowLabel)
        expect(ipv6.ipv6PayloadLength(view, AT)).toBe(bytes.length - 40)
        expect(ipv6.ipv6HopLimit(view, AT)).toBe(x.hopLimit)
        const source = [0, 1, 2, 3].map((word) => ipv6.ipv6SourceWord(view, AT, word))
        const destination = [0, 1, 2, 3].map((word) => ipv6.ipv6DestinationWord(view, AT, word))
        expect([...source, ...destination]).toEqual([...words(x.source), ...words(x.destination)])
        const [s0, s1, s2, s3] = source
        const [d0, d1, d2, d3] = destination
        const next = ipv6.ipv6NextHeader(view, AT)
        const header = wrote(40, (target) =>
          ipv6.writeIpv6Header(
            target,
            AT,
            bytes.length - 40,
            next,
            x.hopLimit ?? 0,
            s0,
            s1,
            s2,
            s3,
            d0,
            d1,
            d2,
            d3,
            x.trafficClass ?? 0,
            x.flowLabel ?? 0,
          ),
        )
        expect(header).toEqual(bytes.slice(0, 40))
      }),
    )
  })

  it.each([
    ['a good one', {}, 44, ipv6.Ipv6Check.Ok],
    ['excess is ignored', {}, 60, ipv6.Ipv6Check.Ok],
    ['version 4', { version: 4 }, 44, ipv6.Ipv6Check.Version],
    ['payload length beyond the frame', { payloadLength: 5 }, 44, ipv6.Ipv6Check.PayloadLength],
    ['less than a header', {}, 39, ipv6.Ipv6Check.Short],
  ])('V6-01 %s', (_, lie, available, reason) => {
    const bytes = packet.buildIpv6({
      source: new Uint8Array(16),
      destination: new Uint8Array(16),
      protocol: 17,
      payload: new Uint8Array(4),
      ...lie,
    })
    expect(ipv6.checkIpv6Header(placed(bytes), AT, available)).toBe(reason)
  })
})
