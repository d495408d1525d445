import { describe, expect, it } from 'vitest'
import { type IcmpErrorIn, IcmpErrorKind } from '../../src/ip/packet-in.ts'
import { address, HOST4, HOST6, hostWithDevice, PEER4, PEER6, Recorder } from '../support/ip-host.ts'
import {
  fragment6,
  hasGoodChecksum,
  icmp4,
  icmp6,
  ip4,
  ip6,
  pattern,
  see4,
  see6,
  u32,
  udp,
} from '../support/packets.ts'

const closed4 = (source = PEER4, to = HOST4, data: ArrayLike<number> = [1]) =>
  ip4(source, to, 17, udp(source, to, 5, 9, data))
const closed6 = (source = PEER6, to = HOST6, data: ArrayLike<number> = [1]) =>
  ip6(source, to, 17, udp(source, to, 5, 9, data))

describe('ICMP errors out', () => {
  it('ICMP-02, ICMP-04, UDP-03: a closed port is reported with the packet quoted unmodified', () => {
    const { host, device } = hostWithDevice()
    const packet = closed4(PEER4, HOST4, pattern(100))
    host.inject(device, packet)
    const error = see4(device.take()[0])
    expect(error).toMatchObject({ source: HOST4, destination: PEER4, protocol: 1, tos: 0 })
    expect([...error.payload.subarray(0, 2)]).toEqual([3, 3])
    expect(error.payload.subarray(8)).toEqual(packet)
    expect(hasGoodChecksum(HOST4, PEER4, 1, error.payload)).toBe(true)
  })

  it('ICMP-02: an error is at most 576 bytes long', () => {
    const { host, device } = hostWithDevice()
    host.inject(device, closed4(PEER4, HOST4, pattern(1400)))
    expect(device.take()[0].length).toBe(576)
  })

  it('ICMP-04: an unknown protocol is reported as such', () => {
    const { host, device } = hostWithDevice()
    host.inject(device, ip4(PEER4, HOST4, 99, pattern(20)))
    expect([...see4(device.take()[0]).payload.subarray(0, 2)]).toEqual([3, 2])
  })

  it('IC6-02, IC6-07: the same over IPv6, as long as the smallest MTU', () => {
    const { host, device } = hostWithDevice()
    host.inject(device, closed6(PEER6, HOST6, pattern(1400)))
    const [frame] = device.take()
    expect(frame.length).toBe(1280)
    const { payload } = see6(frame)
    expect([...payload.subarray(0, 2)]).toEqual([1, 4])
    expect(hasGoodChecksum(HOST6, PEER6, 58, payload)).toBe(true)
  })

  it.each([
    ['a limited broadcast', closed4(PEER4, '255.255.255.255')],
    ['a directed broadcast', closed4(PEER4, '10.0.0.255')],
    ['a group (MCAST-03)', closed4(PEER4, '224.0.0.1')],
    ['a group, with a protocol nobody knows', ip4(PEER4, '224.0.0.1', 99, pattern(20))],
    ['a packet from nobody', closed4('0.0.0.0', '255.255.255.255')],
    ['a packet from a broadcast address', closed4('255.255.255.255')],
    ['a packet from a group (MCAST-03)', closed4('224.0.0.1')],
    ['a packet from loopback', closed4('127.0.0.1')],
    ['a packet from the reserved block', closed4('240.0.0.1')],
    ['a later fragment', ip4(PEER4, HOST4, 99, pattern(20), { fragmentOffset: 40 })],
    ['an ICMP error', ip4(PEER4, HOST4, 1, icmp4(3, 3, [0, 0, 0, 0], closed4(HOST4, PEER4)))],
    ['an ICMP redirect', ip4(PEER4, HOST4, 1, icmp4(5, 1, [10, 0, 0, 9], closed4(HOST4, PEER4)))],
  ])('ICMP-03: no error about %s', (_, packet) => {
    const { host, device } = hostWithDevice()
    host.inject(device, packet)
    expect(device.take()).toEqual([])
  })

  it('ICMP-03: no error about a packet in a link broadcast', () => {
    const { host, device } = hostWithDevice()
    const packet = closed4(PEER4, '10.0.0.255')
    device.sink.memory.copyIn(1024 * 1024, packet)
    host.engine.run(() => host.internet.interfaces[1].onIpPacket(1024 * 1024, packet.length, 4, true))
    expect(device.take()).toEqual([])
  })

  it.each([
    ['a group', closed6(PEER6, 'ff02::1')],
    ['a group, with a next header nobody knows', ip6(PEER6, 'ff02::1', 200, pattern(20))],
    ['a packet from nobody', closed6('::', HOST6)],
    ['a packet from a group', closed6('ff02::9', HOST6)],
    ['an ICMPv6 error', ip6(PEER6, HOST6, 58, icmp6(PEER6, HOST6, 1, 4, u32(0), closed6(HOST6, PEER6)))],
    [
      'an unknown ICMPv6 error',
      ip6(PEER6, HOST6, 58, icmp6(PEER6, HOST6, 50, 4, u32(0), closed6(HOST6, PEER6))),
    ],
    [
      'an ICMPv6 error behind a header that would deserve one',
      ip6(PEER6, HOST6, 60, [
        ...[58, 0, 0x9e, 4, 0, 0, 0, 0],
        ...icmp6(PEER6, HOST6, 1, 4, u32(0), closed6(HOST6, PEER6)),
      ]),
    ],
    ['an ICMPv6 message cut off before its type', ip6(PEER6, HOST6, 60, [58, 0, 0x9e, 4, 0, 0, 0, 0])],
    ['a redirect', ip6(PEER6, HOST6, 58, icmp6(PEER6, HOST6, 137, 0, u32(0), pattern(32)))],
  ])('IC6-03: no error about %s', (_, packet) => {
    const { host, device } = hostWithDevice()
    host.inject(device, packet)
    expect(device.take()).toEqual([])
  })

  it('ICMP-13, IC6-04: errors are limited by a token bucket, echoes are not', () => {
    const { host, device } = hostWithDevice({ limits: { icmpErrorsPerSecond: 10 } })
    for (let i = 0; i < 1000; i++) device.deliver(i % 2 === 0 ? closed4() : closed6())
    for (let i = 0; i < 50; i++) device.deliver(ip4(PEER4, HOST4, 1, icmp4(8, 0, [0, 0, 0, i], [])))
    device.sink.onBurstEnd()
    expect(device.take()).toHaveLength(10 + 50)
    expect(host.icmp.counters.errorsLimited).toBe(990)
    host.advance(500)
    for (let i = 0; i < 100; i++) device.deliver(closed4())
    device.sink.onBurstEnd()
    expect(device.take()).toHaveLength(5)
  })

  it('an error that finds a full device is lost, and counted', () => {
    const { host, device } = hostWithDevice()
    device.room = 0
    host.inject(device, closed4())
    expect(host.icmp.counters).toMatchObject({ errorsLost: 1, errorsOut: 0 })
  })
})

describe('ICMP errors in', () => {
  const quote4 = (to = PEER4, options = {}) => ip4(HOST4, to, 6, pattern(20), options)
  const quote6 = (next = 6, payload: number[] = [...pattern(20)]) => ip6(HOST6, PEER6, next, payload)

  function deliver4(
    type: number,
    code: number,
    rest: number[],
    quote: Uint8Array,
  ): { seen: IcmpErrorIn[]; tcp: Recorder } {
    const { host, device } = hostWithDevice()
    const tcp = new Recorder(host, 6)
    host.inject(device, ip4('10.0.0.254', HOST4, 1, icmp4(type, code, rest, quote)))
    expect(device.take()).toEqual([])
    return { seen: tcp.errors, tcp }
  }

  function deliver6(
    type: number,
    code: number,
    rest: number[],
    quote: Uint8Array,
  ): { seen: IcmpErrorIn[]; tcp: Recorder } {
    const { host, device } = hostWithDevice()
    const tcp = new Recorder(host, 6)
    host.inject(device, ip6('fd00::fe', HOST6, 58, icmp6('fd00::fe', HOST6, type, code, rest, quote)))
    expect(device.take()).toEqual([])
    return { seen: tcp.errors, tcp }
  }

  it.each([
    [3, 0, IcmpErrorKind.NetUnreachable],
    [3, 1, IcmpErrorKind.HostUnreachable],
    [3, 2, IcmpErrorKind.ProtocolUnreachable],
    [3, 3, IcmpErrorKind.PortUnreachable],
    [3, 4, IcmpErrorKind.PacketTooBig],
    [3, 5, IcmpErrorKind.NetUnreachable],
    [3, 13, IcmpErrorKind.Prohibited],
    [11, 0, IcmpErrorKind.TimeExceeded],
    [11, 1, IcmpErrorKind.TimeExceeded],
    [12, 0, IcmpErrorKind.ParameterProblem],
  ])('ICMP-05, ICMP-08, ICMP-09: type %i code %i reaches the transport', (type, code, kind) => {
    const { seen, tcp } = deliver4(type, code, [0, 0, 0x02, 0x40], quote4())
    expect(seen).toHaveLength(1)
    expect(seen[0]).toMatchObject({
      kind,
      version: 4,
      protocol: 6,
      mtu: kind === IcmpErrorKind.PacketTooBig ? 576 : 0,
      local3: 0x0a000002,
      remote3: 0x0a000001,
      from3: 0x0a0000fe,
      locallyGenerated: false,
      type,
      code,
    })
    expect(tcp.quotes[0]).toEqual(pattern(20))
  })

  it.each([
    [1, 0, IcmpErrorKind.NetUnreachable],
    [1, 1, IcmpErrorKind.Prohibited],
    [1, 3, IcmpErrorKind.HostUnreachable],
    [1, 4, IcmpErrorKind.PortUnreachable],
    [2, 0, IcmpErrorKind.PacketTooBig],
    [3, 0, IcmpErrorKind.TimeExceeded],
    [4, 1, IcmpErrorKind.ParameterProblem],
  ])('IC6-08: type %i code %i reaches the transport', (type, code, kind) => {
    const { seen, tcp } = deliver6(type, code, [0, 0, 0x05, 0x14], quote6())
    expect(seen[0]).toMatchObject({ kind, version: 6, mtu: kind === IcmpErrorKind.PacketTooBig ? 1300 : 0 })
    expect(tcp.quotes[0]).toEqual(pattern(20))
  })

  it('a quoted IPv6 packet is read past its extension headers', () => {
    const quoted = quote6(60, [44, 0, 1, 4, 0, 0, 0, 0, ...fragment6(6, 0, true, 1), ...pattern(20)])
    expect(deliver6(1, 4, u32(0), quoted).tcp.quotes[0]).toEqual(pattern(20))
  })

  it.each([5, 50, 127])('IC6-01: an error of the unknown type %i goes to whose packet it quotes', (type) => {
    const { seen } = deliver6(type, 9, u32(0), quote6())
    expect(seen).toMatchObject([{ kind: IcmpErrorKind.Unknown, type, code: 9, version: 6 }])
  })

  it('MUST-54: an error that quotes what we cannot have sent is dropped', () => {
    expect(deliver4(3, 3, u32(0), ip4('10.0.0.7', PEER4, 6, pattern(20))).seen).toEqual([])
    expect(deliver4(3, 3, u32(0), quote4(PEER4, { fragmentOffset: 80 })).seen).toEqual([])
    expect(deliver4(3, 3, u32(0), quote4().subarray(0, 27)).seen).toEqual([])
    expect(deliver4(3, 3, u32(0), quote4(PEER4, { ihl: 4 })).seen).toEqual([])
    expect(deliver6(1, 4, u32(0), ip6('fd00::7', PEER6, 6, pattern(20))).seen).toEqual([])
    expect(deliver6(1, 4, u32(0), quote6(44, [...fragment6(6, 80, true, 1), ...pattern(20)])).seen).toEqual(
      [],
    )
    expect(deliver6(1, 4, u32(0), quote6().subarray(0, 45)).seen).toEqual([])
  })

  it('MUST-54: a bad quote is not mistaken for the one before it', () => {
    const { host, device } = hostWithDevice()
    const tcp = new Recorder(host, 6)
    const bad4 = [
      quote4(PEER4, { fragmentOffset: 80 }),
      quote4(PEER4, { version: 5 }),
      quote4(PEER4, { ihl: 4 }),
      quote4().subarray(0, 10),
      quote4().subarray(0, 27),
    ]
    const bad6 = [
      quote6().subarray(0, 39),
      quote6().subarray(0, 45),
      quote6(44, [...fragment6(6, 80, true, 1), ...pattern(20)]),
    ]
    const in4 = (quote: Uint8Array) => ip4(PEER4, HOST4, 1, icmp4(3, 3, u32(0), quote))
    const in6 = (quote: Uint8Array) => ip6(PEER6, HOST6, 58, icmp6(PEER6, HOST6, 1, 4, u32(0), quote))
    host.inject(device, in4(quote4()), ...bad4.map(in4), in6(quote6()), ...bad6.map(in6))
    expect(tcp.errors).toHaveLength(2)
    expect(host.icmp.counters).toMatchObject({ errorsIn: 10, errorsInUnmatched: 8 })
  })

  it('ICMP-07: source quench is ignored', () => {
    expect(deliver4(4, 0, u32(0), quote4()).seen).toEqual([])
  })

  it('ICMP-06: a redirect is followed when it comes from the gateway in use and names a router on the link', () => {
    const { host, device } = hostWithDevice({ gateways: ['10.0.0.1'] })
    const path = host.internet.path(address('8.8.8.8'), null)
    if (typeof path === 'string') throw new Error(path)
    const hop = () => (path as unknown as { nextHop: { a3: number } }).nextHop.a3 & 255
    const redirect = (from: string, to: number[], code = 1) =>
      ip4(from, HOST4, 1, icmp4(5, code, to, ip4(HOST4, '8.8.8.8', 6, pattern(20))))
    host.inject(device, redirect('10.0.0.66', [10, 0, 0, 9]))
    expect(hop()).toBe(1)
    host.inject(device, redirect('10.0.0.1', [10, 0, 0, 2]))
    expect(hop()).toBe(1)
    host.inject(device, redirect('10.0.0.1', [10, 0, 0, 9], 0))
    expect(hop()).toBe(9)
    expect(host.counters).toMatchObject({ redirectsAccepted: 1, redirectsIgnored: 2 })
  })

  it('ICMP-06: redirects can be switched off', () => {
    const { host, device } = hostWithDevice({ gateways: ['10.0.0.1'], internet: { acceptRedirects: false } })
    host.internet.path(address('8.8.8.8'), null)
    const quoted = ip4(HOST4, '8.8.8.8', 6, pattern(20))
    host.inject(device, ip4('10.0.0.1', HOST4, 1, icmp4(5, 1, [10, 0, 0, 9], quoted)))
    expect(host.counters).toMatchObject({ redirectsAccepted: 0, redirectsIgnored: 1 })
  })

  it('a next hop that does not answer reaches the transport as a host unreachable of our own', () => {
    const { host } = hostWithDevice()
    const tcp = new Recorder(host, 6)
    const { memory } = host.engine
    const block = memory.allocate(2048)
    for (const packet of [quote4(), quote6()]) {
      memory.copyIn(block, packet)
      host.engine.run(() => host.internet.interfaces[1].onUnresolved(block, packet.length, address(PEER4)))
    }
    expect(tcp.errors).toHaveLength(2)
    expect(tcp.errors[0]).toMatchObject({
      kind: IcmpErrorKind.HostUnreachable,
      locallyGenerated: true,
      version: 4,
    })
    expect(tcp.errors[1]).toMatchObject({
      kind: IcmpErrorKind.HostUnreachable,
      locallyGenerated: true,
      version: 6,
    })
    expect(tcp.quotes).toEqual([pattern(20), pattern(20)])
  })
})
