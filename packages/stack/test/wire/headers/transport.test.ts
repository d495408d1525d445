import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import * as icmpv4 from '../../../src/wire/icmpv4.ts'
import * as icmpv6 from '../../../src/wire/icmpv6.ts'
import * as packet from '../../../src/wire/packet.ts'
import { addressSum6 } from '../../../src/wire/pseudo-header.ts'
import * as tcp from '../../../src/wire/tcp.ts'
import * as udp from '../../../src/wire/udp.ts'
import * as any from '../arbitraries.ts'
import { AT, placed, words, wrote } from './placed.ts'

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
