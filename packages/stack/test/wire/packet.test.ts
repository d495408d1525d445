import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { checkIpv4Header, Ipv4Check, ipv4AddressSum } from '../../src/wire/ipv4.ts'
import { checkIpv6Header, Ipv6Check, ipv6AddressSum } from '../../src/wire/ipv6.ts'
import * as packet from '../../src/wire/packet.ts'
import { transportChecksumValid } from '../../src/wire/pseudo-header.ts'
import * as any from './arbitraries.ts'

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
const hex = (text: string): Uint8Array => new Uint8Array(Buffer.from(text.replaceAll(/\s/g, ''), 'hex'))
const toHex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

/** parse(build(x)) holds x, and building what was parsed gives the same bytes. */
function roundTrips<T extends object, P extends object>(
  arbitrary: fc.Arbitrary<T>,
  build: (x: T) => Uint8Array,
  parse: (bytes: Uint8Array) => P | null,
  rebuild: (x: P) => Uint8Array,
): void {
  fc.assert(
    fc.property(arbitrary, (x) => {
      const built = build(x)
      const parsed = parse(built)
      expect(parsed).toMatchObject(x)
      expect(toHex(rebuild(parsed as P))).toBe(toHex(built))
    }),
    { numRuns: 300 },
  )
}

describe('parse(build(x)) = x', () => {
  it('Ethernet', () =>
    roundTrips(any.ethernetFrame, packet.buildEthernet, packet.parseEthernet, packet.buildEthernet))

  it('ARP', () => roundTrips(any.arpPacket, packet.buildArp, packet.parseArp, packet.buildArp))

  it('IPv4, with a header that passes the door', () => {
    roundTrips(any.ipv4Fields, packet.buildIpv4, packet.parseIpv4, packet.buildIpv4)
    fc.assert(
      fc.property(any.ipv4Fields, (x) => {
        const built = packet.buildIpv4(x)
        expect(checkIpv4Header(viewOf(built), 0, built.length)).toBe(Ipv4Check.Ok)
      }),
    )
  })

  it('IPv6 with extension headers', () => {
    roundTrips(any.ipv6Fields, packet.buildIpv6, packet.parseIpv6, packet.buildIpv6)
    fc.assert(
      fc.property(any.ipv6Fields, (x) => {
        const built = packet.buildIpv6(x)
        expect(checkIpv6Header(viewOf(built), 0, built.length)).toBe(Ipv6Check.Ok)
      }),
    )
  })

  it('UDP', () =>
    roundTrips(
      any.udpFields,
      (x) => packet.buildUdp(x),
      packet.parseUdp,
      (x) => packet.buildUdp(x),
    ))

  it('TCP with options', () =>
    roundTrips(
      any.tcpFields,
      (x) => packet.buildTcp(x),
      packet.parseTcp,
      (x) => packet.buildTcp(x),
    ))

  it('ICMP', () => roundTrips(any.icmpFields, packet.buildIcmpv4, packet.parseIcmpv4, packet.buildIcmpv4))

  it('ICMPv6', () =>
    roundTrips(
      any.icmpFields,
      (x) => packet.buildIcmpv6(x),
      packet.parseIcmpv6,
      (x) => packet.buildIcmpv6(x),
    ))

  it('neighbour discovery', () => {
    const parse = (bytes: Uint8Array) => {
      const icmp = packet.parseIcmpv6(bytes)
      return icmp && packet.parseNdp(icmp)
    }
    const build = (x: packet.NdpMessage) => packet.buildIcmpv6(packet.ndpMessage(x))
    roundTrips(any.ndpMessageFields, build, parse, build)
  })
})

describe('checksums of built packets', () => {
  const overIpv4 = (protocol: number, build: (ip: packet.IpAddresses) => Uint8Array) => {
    fc.assert(
      fc.property(any.ip4, any.ip4, (source, destination) => {
        const body = build({ source, destination })
        const ip = packet.buildIpv4({ source, destination, protocol, payload: body })
        expect(
          transportChecksumValid(viewOf(ip), 20, body.length, ipv4AddressSum(viewOf(ip), 0), protocol),
        ).toBe(true)
      }),
    )
  }
  const overIpv6 = (protocol: number, build: (ip: packet.IpAddresses) => Uint8Array) => {
    fc.assert(
      fc.property(any.ip6, any.ip6, (source, destination) => {
        const body = build({ source, destination })
        const ip = packet.buildIpv6({ source, destination, protocol, payload: body })
        expect(
          transportChecksumValid(viewOf(ip), 40, body.length, ipv6AddressSum(viewOf(ip), 0), protocol),
        ).toBe(true)
      }),
    )
  }
  const oddPayload = Uint8Array.of(1, 2, 3)
  const tcp = { sourcePort: 1, destinationPort: 2, payload: oddPayload }

  it('TCP over both versions', () => {
    overIpv4(6, (ip) => packet.buildTcp(tcp, ip))
    overIpv6(6, (ip) => packet.buildTcp(tcp, ip))
  })

  it('UDP over both versions', () => {
    overIpv4(17, (ip) => packet.buildUdp(tcp, ip))
    overIpv6(17, (ip) => packet.buildUdp(tcp, ip))
  })

  it('ICMPv6', () => overIpv6(58, (ip) => packet.buildIcmpv6({ type: 128, body: oddPayload }, ip)))

  it('UDP-01 a computed zero is sent as ffff', () => {
    const ip = { source: Uint8Array.of(0, 0, 0, 0), destination: Uint8Array.of(0, 0, 0, 0) }
    const base = packet.parseUdp(
      packet.buildUdp({ sourcePort: 0, destinationPort: 0, payload: new Uint8Array(2) }, ip),
    )
    // Putting the checksum into the payload makes everything sum to all ones: the complement is zero.
    const payload = Uint8Array.of((base?.checksum ?? 0) >> 8, (base?.checksum ?? 0) & 0xff)
    const built = packet.buildUdp({ sourcePort: 0, destinationPort: 0, payload }, ip)
    expect(packet.parseUdp(built)?.checksum).toBe(0xffff)
  })

  it('forged fields are sent as given', () => {
    const ip = { source: Uint8Array.of(1, 2, 3, 4), destination: Uint8Array.of(5, 6, 7, 8) }
    const lie = packet.buildIpv4({
      ...ip,
      protocol: 6,
      checksum: 0xdead,
      totalLength: 9,
      version: 5,
      headerLength: 16,
    })
    expect(toHex(lie)).toBe('54000009000000004006dead0102030405060708')
    expect(
      packet.parseUdp(packet.buildUdp({ sourcePort: 1, destinationPort: 2, length: 7, checksum: 1 }, ip)),
    ).toMatchObject({ length: 7, checksum: 1 })
    const tcp = packet.buildTcp({ sourcePort: 1, destinationPort: 2, dataOffset: 16, checksum: 3 }, ip)
    expect(tcp[12]).toBe(0x40)
    expect(viewOf(tcp).getUint16(16)).toBe(3)
  })
})

describe('known bytes', () => {
  it('an ARP request', () => {
    const bytes = hex('0001 0800 06 04 0001 020000000001 0a4d0002 000000000000 0a4d0001')
    expect(packet.parseArp(bytes)).toEqual({
      hardwareType: 1,
      protocolType: 0x0800,
      hardwareLength: 6,
      protocolLength: 4,
      operation: 1,
      senderMac: hex('020000000001'),
      senderIp: Uint8Array.of(10, 77, 0, 2),
      targetMac: new Uint8Array(6),
      targetIp: Uint8Array.of(10, 77, 0, 1),
    })
  })

  it('the header whose checksum every textbook computes', () => {
    const bytes = hex('4500 0073 0000 4000 4011 b861 c0a8 0001 c0a8 00c7')
    const parsed = packet.parseIpv4(bytes)
    expect(parsed).toMatchObject({
      totalLength: 115,
      dontFragment: true,
      ttl: 64,
      protocol: 17,
      checksum: 0xb861,
    })
    const source = Uint8Array.of(192, 168, 0, 1)
    const destination = Uint8Array.of(192, 168, 0, 199)
    const payload = new Uint8Array(95)
    const built = packet.buildIpv4({ source, destination, protocol: 17, dontFragment: true, payload })
    expect(toHex(built.subarray(0, 20))).toBe(toHex(bytes))
  })

  it('a SYN with the options of a common kernel', () => {
    const bytes = hex(
      'c350 0050 00000001 00000000 a0 02 faf0 0000 0000 020405b4 0402 080a 00000064 00000000 01 030307',
    )
    expect(packet.parseTcp(bytes)).toMatchObject({
      seq: 1,
      dataOffset: 40,
      flags: 2,
      window: 64_240,
      options: [
        { name: 'mss', value: 1460 },
        { name: 'sackPermitted' },
        { name: 'timestamps', value: 100, echo: 0 },
        { name: 'nop' },
        { name: 'windowScale', shift: 7 },
      ],
    })
  })

  it('an IPv6 packet with Hop-by-Hop router alert, as MLD sends it', () => {
    const bytes = hex(
      `60000000 0010 00 01 fe80000000000000 0000000000000001 ff02000000000000 0000000000000016
       3a00 0502 0000 0100 8f00 0000 0000 0000`,
    )
    const parsed = packet.parseIpv6(bytes)
    expect(parsed?.extensions).toEqual([
      {
        kind: 'hopByHop',
        options: [
          { type: 5, data: Uint8Array.of(0, 0) },
          { type: 1, data: new Uint8Array(0) },
        ],
      },
    ])
    expect(parsed?.protocol).toBe(58)
    expect(toHex(parsed?.payload ?? new Uint8Array(0))).toBe('8f00000000000000')
  })
})

describe('TCP options that are not what they seem', () => {
  it('a known kind with a length that is not its own is unknown, and what follows a broken one is raw', () => {
    expect(packet.parseTcpOptionList(hex('0502 0503aa 020301 0303ff 08020a00'))).toEqual([
      { name: 'unknown', kind: 5, data: new Uint8Array(0) },
      { name: 'unknown', kind: 5, data: hex('aa') },
      { name: 'unknown', kind: 2, data: hex('01') },
      { name: 'windowScale', shift: 255 },
      { name: 'unknown', kind: 8, data: new Uint8Array(0) },
      { name: 'raw', bytes: hex('0a00') },
    ])
    expect(packet.parseTcpOptionList(hex('01000007'))).toEqual([
      { name: 'nop' },
      { name: 'end' },
      { name: 'raw', bytes: hex('0007') },
    ])
  })
})

describe('decodeFrame', () => {
  const ethernet = { destination: hex('020000000002'), source: hex('020000000001') }
  const ipv4 = { source: Uint8Array.of(10, 0, 0, 1), destination: Uint8Array.of(10, 0, 0, 2) }
  const ipv6 = { source: hex(`fe80${'00'.repeat(13)}01`), destination: hex(`fe80${'00'.repeat(13)}02`) }

  it('decodes what buildFrame built, without problems', () => {
    fc.assert(
      fc.property(
        any.tcpFields,
        any.udpFields,
        any.icmpFields,
        any.ndpMessageFields,
        (tcp, udp, icmp, ndp) => {
          for (const layers of [
            { ethernet, ipv4, tcp },
            { ethernet, ipv6, tcp },
            { ethernet, ipv4, udp },
            { ethernet, ipv6, udp },
            { ethernet, ipv4, icmpv4: icmp },
            { ethernet, ipv6, icmpv6: icmp },
            { ethernet, ipv6, ndp },
          ]) {
            const decoded = packet.decodeFrame(packet.buildFrame(layers))
            expect(decoded).toMatchObject(layers)
            expect(decoded.problems).toEqual([])
          }
        },
      ),
      { numRuns: 50 },
    )
  })

  it('names what is wrong', () => {
    const problems = (layers: packet.FrameFields) => packet.decodeFrame(packet.buildFrame(layers)).problems
    const ports = { sourcePort: 1, destinationPort: 2 }
    expect(problems({ ethernet, ipv4, tcp: { ...ports, checksum: 1 } })).toEqual(['bad tcp checksum'])
    expect(problems({ ethernet, ipv4: { ...ipv4, checksum: 1 }, udp: ports })).toEqual(['bad ip checksum'])
    expect(problems({ ethernet, ipv4, udp: { ...ports, checksum: 0 } })).toEqual([])
    expect(problems({ ethernet, ipv6, udp: { ...ports, checksum: 0 } })).toEqual(['bad udp checksum'])
    expect(problems({ ethernet, ipv4, udp: { ...ports, length: 3 } })).toEqual(['bad udp length'])
    expect(problems({ ethernet, ipv4, icmpv4: { type: 8, checksum: 1 } })).toEqual(['bad icmp checksum'])
  })
})

describe('no bytes throw', () => {
  const ethernet = { destination: new Uint8Array(6), source: new Uint8Array(6) }
  const ipv4 = { source: new Uint8Array(4), destination: new Uint8Array(4) }
  const ipv6 = { source: new Uint8Array(16), destination: new Uint8Array(16) }
  const everything = (bytes: Uint8Array): void => {
    packet.parseEthernet(bytes)
    packet.parseArp(bytes)
    packet.parseIpv4(bytes)
    packet.parseIpv6(bytes)
    packet.parseUdp(bytes)
    packet.parseTcp(bytes)
    packet.parseTcpOptionList(bytes)
    const icmp = packet.parseIcmpv6(bytes)
    if (icmp) for (const type of [133, 134, 135, 136, 137]) packet.parseNdp({ ...icmp, type })
    packet.describeFrame(bytes)
    packet.describePacket(bytes)
  }

  it('random ones', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 120 }), everything), { numRuns: 20_000 })
  })

  it('frames with a few bytes changed or cut', () => {
    const ndp: packet.NdpMessage = {
      name: 'neighbourSolicitation',
      target: new Uint8Array(16),
      options: [{ name: 'sourceLinkAddress', mac: new Uint8Array(6) }],
    }
    const tcp: packet.TcpFields = {
      sourcePort: 1,
      destinationPort: 2,
      options: [
        { name: 'mss', value: 1 },
        { name: 'sack', blocks: [[1, 2]] },
      ],
    }
    const extensions: packet.Ipv6Extension[] = [
      { kind: 'hopByHop', options: [{ type: 5, data: new Uint8Array(2) }] },
      { kind: 'fragment', offset: 0, moreFragments: false, identification: 1 },
    ]
    const frames = [
      packet.buildFrame({ ethernet, ipv6: { ...ipv6, extensions }, ndp }),
      packet.buildFrame({ ethernet, ipv4: { ...ipv4, options: new Uint8Array(8) }, tcp }),
      packet.buildFrame({ ethernet, ipv6, tcp }),
      packet.buildFrame({
        ethernet,
        ipv4,
        icmpv4: { type: 3, body: packet.buildIpv4({ ...ipv4, protocol: 6 }) },
      }),
    ]
    const changes = fc.array(fc.tuple(fc.nat(119), any.u8), { maxLength: 5 })
    fc.assert(
      fc.property(fc.constantFrom(...frames), changes, fc.nat(120), (frame, edits, cut) => {
        const bytes = frame.slice(0, frame.length - (cut > frame.length ? 0 : cut))
        for (const [at, value] of edits) if (at < bytes.length) bytes[at] = value
        everything(bytes)
        everything(bytes.subarray(14))
      }),
      { numRuns: 20_000 },
    )
  })
})
