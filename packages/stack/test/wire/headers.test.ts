import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import * as arp from '../../src/wire/arp.ts'
import * as ethernet from '../../src/wire/ethernet.ts'
import * as icmpv4 from '../../src/wire/icmpv4.ts'
import * as icmpv6 from '../../src/wire/icmpv6.ts'
import * as ipv4 from '../../src/wire/ipv4.ts'
import * as ipv6 from '../../src/wire/ipv6.ts'
import * as packet from '../../src/wire/packet.ts'
import {
  addressSum4,
  addressSum6,
  pseudoHeaderSum,
  transportChecksum,
  transportChecksumValid,
} from '../../src/wire/pseudo-header.ts'
import * as tcp from '../../src/wire/tcp.ts'
import * as udp from '../../src/wire/udp.ts'
import * as any from './arbitraries.ts'

/** Every header stands at this odd place, so that a wrong base offset cannot hide. */
const AT = 3

function placed(bytes: Uint8Array): DataView {
  const around = new Uint8Array(bytes.length + 8).fill(0xcc)
  around.set(bytes, AT)
  return new DataView(around.buffer)
}

/** Runs a writer on a dirty buffer. @returns the bytes it wrote */
function wrote(length: number, write: (view: DataView) => void): Uint8Array {
  const around = new Uint8Array(length + 8).fill(0xcc)
  write(new DataView(around.buffer))
  expect([...around.subarray(0, AT), ...around.subarray(AT + length)].every((byte) => byte === 0xcc)).toBe(
    true,
  )
  return around.slice(AT, AT + length)
}

const i32 = fc.integer({ min: -0x80000000, max: 0x7fffffff })
const words = (bytes: Uint8Array): number[] => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  return Array.from({ length: bytes.length / 4 }, (_, i) => view.getInt32(i * 4))
}

describe('Ethernet', () => {
  it('accessors and writer agree with the readable form', () => {
    fc.assert(
      fc.property(any.ethernetFrame, (frame) => {
        const bytes = packet.buildEthernet(frame)
        const view = placed(bytes)
        const fields = [
          ethernet.ethernetDestinationHigh(view, AT),
          ethernet.ethernetDestinationLow(view, AT),
          ethernet.ethernetSourceHigh(view, AT),
          ethernet.ethernetSourceLow(view, AT),
          ethernet.ethernetType(view, AT),
        ] as const
        expect([ethernet.macHigh(view, AT), ethernet.macLow(view, AT)]).toEqual(fields.slice(0, 2))
        expect(fields[4]).toBe(frame.type)
        expect(wrote(14, (target) => ethernet.writeEthernetHeader(target, AT, ...fields))).toEqual(
          bytes.slice(0, 14),
        )
        expect(wrote(6, (target) => ethernet.writeMac(target, AT, fields[0], fields[1]))).toEqual(
          frame.destination,
        )
        expect(ethernet.isGroupMac(fields[0])).toBe((frame.destination[0] & 1) === 1)
      }),
    )
  })

  it('ETH-03 a length in place of the type, a short frame and a group source are refused', () => {
    const check = (type: number, first = 2, length = 14) => {
      const bytes = packet.buildEthernet({
        destination: new Uint8Array(6),
        source: Uint8Array.of(first, 0, 0, 0, 0, 1),
        type,
      })
      return ethernet.checkEthernetHeader(placed(bytes), AT, length)
    }
    expect(check(0x0800)).toBe(ethernet.EthernetCheck.Ok)
    expect(check(1501)).toBe(ethernet.EthernetCheck.Ok)
    expect(check(1500)).toBe(ethernet.EthernetCheck.Length8023)
    expect(check(0x0800, 3)).toBe(ethernet.EthernetCheck.GroupSource)
    expect(check(0x0800, 2, 13)).toBe(ethernet.EthernetCheck.Short)
  })
})

describe('ARP', () => {
  const good: packet.ArpFields = {
    operation: 1,
    senderMac: Uint8Array.of(2, 0, 0, 0, 0, 1),
    senderIp: Uint8Array.of(10, 0, 0, 1),
    targetMac: new Uint8Array(6),
    targetIp: Uint8Array.of(10, 0, 0, 2),
  }

  it('accessors and writer agree with the readable form', () => {
    fc.assert(
      fc.property(
        any.u16,
        any.mac,
        any.ip4,
        any.mac,
        any.ip4,
        (operation, senderMac, senderIp, targetMac, targetIp) => {
          const bytes = packet.buildArp({ operation, senderMac, senderIp, targetMac, targetIp })
          const view = placed(bytes)
          const fields = [
            arp.arpOperation(view, AT),
            arp.arpSenderMacHigh(view, AT),
            arp.arpSenderMacLow(view, AT),
            arp.arpSenderIp(view, AT),
            arp.arpTargetMacHigh(view, AT),
            arp.arpTargetMacLow(view, AT),
            arp.arpTargetIp(view, AT),
          ] as const
          expect([fields[3], fields[6]]).toEqual([...words(senderIp), ...words(targetIp)])
          expect(wrote(28, (target) => arp.writeArp(target, AT, ...fields))).toEqual(bytes)
        },
      ),
    )
  })

  it.each([
    [{}, arp.ArpCheck.Ok],
    [{ operation: 2 }, arp.ArpCheck.Ok],
    [{ hardwareType: 6 }, arp.ArpCheck.Kind],
    [{ protocolType: 0x86dd }, arp.ArpCheck.Kind],
    [{ hardwareLength: 8 }, arp.ArpCheck.Kind],
    [{ protocolLength: 16 }, arp.ArpCheck.Kind],
    [{ operation: 3 }, arp.ArpCheck.Operation],
    [{ operation: 0 }, arp.ArpCheck.Operation],
  ])('ARP-01 kinds, lengths and operation: %o gives %d', (change, reason) => {
    expect(arp.checkArp(placed(packet.buildArp({ ...good, ...change })), AT, 28)).toBe(reason)
  })

  it('ARP-01 28 bytes are needed', () => {
    expect(arp.checkArp(placed(packet.buildArp(good)), AT, 27)).toBe(arp.ArpCheck.Short)
    expect(arp.checkArp(placed(packet.buildArp(good)), AT, 46)).toBe(arp.ArpCheck.Ok)
  })

  it('ARP-08 a broadcast or multicast sender is refused', () => {
    for (const first of [0xff, 0x01, 0x33]) {
      const senderMac = Uint8Array.of(first, 255, 255, 255, 255, 255)
      expect(arp.checkArp(placed(packet.buildArp({ ...good, senderMac })), AT, 28)).toBe(
        arp.ArpCheck.GroupSender,
      )
    }
  })
})

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

describe('UDP', () => {
  it('accessors and writer agree with the readable form', () => {
    fc.assert(
      fc.property(any.udpFields, any.u16, (x, checksum) => {
        const bytes = packet.buildUdp({ ...x, checksum })
        const view = placed(bytes)
        expect(udp.udpSourcePort(view, AT)).toBe(x.sourcePort)
        expect(udp.udpDestinationPort(view, AT)).toBe(x.destinationPort)
        expect(udp.udpLength(view, AT)).toBe(bytes.length)
        expect(udp.udpChecksum(view, AT)).toBe(checksum)
        const header = wrote(8, (target) => {
          udp.writeUdpHeader(target, AT, x.sourcePort, x.destinationPort, bytes.length)
          expect(udp.udpChecksum(target, AT)).toBe(0)
          udp.writeUdpChecksum(target, AT, checksum)
        })
        if (checksum !== 0) expect(header).toEqual(bytes.slice(0, 8))
        else expect([header[6], header[7]]).toEqual([0xff, 0xff])
      }),
    )
  })

  it.each([
    [8, 8, udp.UdpCheck.Ok],
    [8, 30, udp.UdpCheck.Ok],
    [7, 30, udp.UdpCheck.Length],
    [0, 30, udp.UdpCheck.Length],
    [31, 30, udp.UdpCheck.Length],
    [8, 7, udp.UdpCheck.Short],
  ])('UDP-02 length %d in a payload of %d gives %d', (length, available, reason) => {
    const view = placed(
      packet.buildUdp({ sourcePort: 1, destinationPort: 2, length, payload: new Uint8Array(22) }),
    )
    expect(udp.checkUdpHeader(view, AT, available)).toBe(reason)
  })
})

describe('TCP', () => {
  it('accessors and writer agree with the readable form', () => {
    fc.assert(
      fc.property(any.tcpFields, (x) => {
        const bytes = packet.buildTcp({ ...x, reserved: 0 })
        const parsed = packet.parseTcp(bytes) as packet.TcpSegment
        const view = placed(bytes)
        expect(tcp.tcpSeq(view, AT)).toBe((x.seq ?? 0) | 0)
        expect(tcp.tcpAck(view, AT)).toBe((x.ack ?? 0) | 0)
        expect(tcp.tcpWindow(view, AT)).toBe(x.window)
        expect(tcp.tcpDataOffset(view, AT)).toBe(parsed.dataOffset)
        const header = wrote(20, (target) =>
          tcp.writeTcpHeader(
            target,
            AT,
            tcp.tcpSourcePort(view, AT),
            tcp.tcpDestinationPort(view, AT),
            tcp.tcpSeq(view, AT),
            tcp.tcpAck(view, AT),
            tcp.tcpDataOffset(view, AT),
            tcp.tcpFlags(view, AT),
            tcp.tcpWindow(view, AT),
            tcp.tcpUrgentPointer(view, AT),
          ),
        )
        expect(header).toEqual(bytes.slice(0, 20))
      }),
    )
  })

  it('SEG-33 reserved bits are ignored when received', () => {
    const view = placed(packet.buildTcp({ sourcePort: 1, destinationPort: 2, flags: 0x12, reserved: 15 }))
    expect(tcp.tcpFlags(view, AT)).toBe(0x12)
    expect(tcp.tcpDataOffset(view, AT)).toBe(20)
    expect(tcp.checkTcpHeader(view, AT, 20)).toBe(tcp.TcpCheck.Ok)
  })

  it('SEG-31 a data offset below 5 or beyond the segment is refused', () => {
    for (let words = 0; words <= 15; words++) {
      const view = placed(
        packet.buildTcp({
          sourcePort: 1,
          destinationPort: 2,
          dataOffset: words * 4,
          payload: new Uint8Array(40),
        }),
      )
      const good = words >= 5
      expect(tcp.checkTcpHeader(view, AT, 60)).toBe(good ? tcp.TcpCheck.Ok : tcp.TcpCheck.DataOffset)
      expect(tcp.checkTcpHeader(view, AT, 20)).toBe(words === 5 ? tcp.TcpCheck.Ok : tcp.TcpCheck.DataOffset)
    }
    expect(tcp.checkTcpHeader(new DataView(new ArrayBuffer(19)), 0, 19)).toBe(tcp.TcpCheck.Short)
  })
})

describe('ICMP', () => {
  it('ICMP-01 the writer makes a checksum that the check accepts, and one flipped bit is noticed', () => {
    fc.assert(
      fc.property(any.icmpFields, fc.nat(), (x, bit) => {
        const bytes = packet.buildIcmpv4(x)
        const view = placed(bytes)
        expect(icmpv4.icmpv4Type(view, AT)).toBe(x.type)
        expect(icmpv4.icmpv4Code(view, AT)).toBe(x.code)
        const rest = x.rest ?? 0
        expect([icmpv4.icmpv4Identifier(view, AT), icmpv4.icmpv4Sequence(view, AT)]).toEqual([
          rest >>> 16,
          rest & 0xffff,
        ])
        expect(icmpv4.icmpv4NextHopMtu(view, AT)).toBe(rest & 0xffff)
        expect(icmpv4.icmpv4Gateway(view, AT)).toBe(rest | 0)
        const rewritten = wrote(bytes.length, (target) => {
          for (let i = 8; i < bytes.length; i++) target.setUint8(AT + i, bytes[i])
          icmpv4.writeIcmpv4Header(target, AT, x.type, x.code ?? 0, rest | 0)
          icmpv4.writeIcmpv4Checksum(target, AT, bytes.length)
        })
        expect(rewritten).toEqual(bytes)
        expect(icmpv4.checkIcmpv4(view, AT, bytes.length)).toBe(icmpv4.Icmpv4Check.Ok)
        const at = AT + ((bit >> 3) % bytes.length)
        view.setUint8(at, view.getUint8(at) ^ (1 << (bit & 7)))
        expect(icmpv4.checkIcmpv4(view, AT, bytes.length)).toBe(icmpv4.Icmpv4Check.Checksum)
      }),
    )
    expect(icmpv4.checkIcmpv4(new DataView(new ArrayBuffer(8)), 0, 7)).toBe(icmpv4.Icmpv4Check.Short)
  })

  it('IC6-09 the ICMPv6 checksum covers the pseudo-header', () => {
    fc.assert(
      fc.property(any.icmpFields, any.ip6, any.ip6, (x, source, destination) => {
        const bytes = packet.buildIcmpv6(x, { source, destination })
        const [s0, s1, s2, s3] = words(source)
        const [d0, d1, d2, d3] = words(destination)
        const addresses = addressSum6(s0, s1, s2, s3, d0, d1, d2, d3)
        const view = placed(bytes)
        expect(icmpv6.icmpv6Mtu(view, AT)).toBe(x.rest)
        expect(icmpv6.icmpv6Pointer(view, AT)).toBe(x.rest)
        expect(icmpv6.checkIcmpv6(view, AT, bytes.length, addresses)).toBe(icmpv6.Icmpv6Check.Ok)
        expect(icmpv6.checkIcmpv6(view, AT, bytes.length, addresses + 1)).toBe(icmpv6.Icmpv6Check.Checksum)
        expect(icmpv6.checkIcmpv6(view, AT, 7, addresses)).toBe(icmpv6.Icmpv6Check.Short)
        const rewritten = wrote(bytes.length, (target) => {
          for (let i = 8; i < bytes.length; i++) target.setUint8(AT + i, bytes[i])
          icmpv6.writeIcmpv6Header(target, AT, x.type, x.code ?? 0, (x.rest ?? 0) | 0)
          icmpv6.writeIcmpv6Checksum(target, AT, bytes.length, addresses)
        })
        expect(rewritten).toEqual(bytes)
      }),
    )
  })

  it('ICMP-03 and RFC 4443: which types are errors', () => {
    const errors = (test: (type: number) => boolean) => Array.from({ length: 256 }, (_, i) => i).filter(test)
    expect(errors(icmpv4.isIcmpv4Error)).toEqual([3, 4, 5, 11, 12])
    expect(errors(icmpv6.isIcmpv6Error)).toHaveLength(128)
    expect(errors(icmpv6.isNeighbourDiscovery)).toEqual([133, 134, 135, 136, 137])
  })
})

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

describe('no bytes throw at the door', () => {
  it('random ones, of any length', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), i32, (bytes, addresses) => {
        const view = new DataView(bytes.buffer)
        const length = bytes.length
        ethernet.checkEthernetHeader(view, 0, length)
        arp.checkArp(view, 0, length)
        if (ipv4.checkIpv4Header(view, 0, length) === 0) ipv4.scanIpv4Options(view, 0)
        ipv6.checkIpv6Header(view, 0, length)
        udp.checkUdpHeader(view, 0, length)
        tcp.checkTcpHeader(view, 0, length)
        icmpv4.checkIcmpv4(view, 0, length)
        icmpv6.checkIcmpv6(view, 0, length, addresses >>> 0)
      }),
      { numRuns: 20_000 },
    )
  })
})
