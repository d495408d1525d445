import { describe, expect, it } from 'vitest'
import { IpAddress } from '../../src/ip/address.ts'
import { RxChecksum } from '../../src/link/device.ts'
import { HOST4, hostWithDevice, PEER4, Recorder, UdpRecorder } from '../support/ip-host.ts'
import { icmp4, ip4, pattern, see4, udp } from '../support/packets.ts'

const echo = (data = [1, 2, 3]) => icmp4(8, 0, [0, 7, 0, 1], data)

describe('IPv4 at the door', () => {
  it('IP-01: another version in the first byte is dropped silently', () => {
    const { host, device } = hostWithDevice()
    const packet = ip4(PEER4, HOST4, 1, echo())
    // Through an Ethernet-like link that was told it is IPv4: the link's word is not trusted.
    device.sink.memory.copyIn(1024 * 1024, ip4(PEER4, HOST4, 1, echo(), { version: 5 }))
    host.engine.run(() => host.ipv4.onPacket(host.internet.interfaces[1], 1024 * 1024, packet.length, false))
    expect(device.take()).toEqual([])
    expect(host.counters.droppedVersion).toBe(1)
    host.inject(device, packet)
    expect(device.take()).toHaveLength(1)
  })

  it('IP-02: a bad header checksum is dropped silently; the one sent is right, options or not', () => {
    const { host, device } = hostWithDevice()
    host.inject(device, ip4(PEER4, HOST4, 1, echo(), { badChecksum: true }))
    expect(device.take()).toEqual([])
    expect(host.counters.droppedHeaderChecksum).toBe(1)
    host.inject(device, ip4(PEER4, HOST4, 1, echo(), { options: [1, 1, 1, 0] }))
    expect(see4(device.take()[0]).source).toBe(HOST4)
  })

  it('IP-03: header length, total length and frame length must agree', () => {
    const { host, device } = hostWithDevice()
    const { counters } = host
    host.inject(device, ip4(PEER4, HOST4, 1, echo(), { ihl: 4 }))
    expect(counters.droppedHeaderLength).toBe(1)
    host.inject(device, ip4(PEER4, HOST4, 1, echo(), { totalLength: 10 }))
    host.inject(device, ip4(PEER4, HOST4, 1, echo(), { totalLength: 1000 }))
    expect(counters.droppedTotalLength).toBe(2)
    host.inject(device, ip4(PEER4, HOST4, 1, echo()).subarray(0, 19))
    expect(counters.droppedShort).toBe(1)
    expect(device.take()).toEqual([])
  })

  it('ETH-02: bytes beyond the total length are padding and never delivered', () => {
    const { host, device } = hostWithDevice()
    const recorder = new Recorder(host, 6)
    host.inject(device, Uint8Array.from([...ip4(PEER4, HOST4, 6, pattern(20)), 9, 9, 9, 9, 9, 9]))
    expect(recorder.packets[0].bytes).toEqual(pattern(20))
    expect(recorder.packets[0].packet.totalLength).toBe(40)
  })

  it('IP-05, FWD-01: packets for others are dropped, not answered and not forwarded', () => {
    const { host, device } = hostWithDevice({ gateways: [PEER4] })
    host.inject(device, ip4(PEER4, '10.0.0.3', 1, echo()), ip4(PEER4, '8.8.8.8', 1, echo()))
    expect(device.take()).toEqual([])
    expect(host.counters.droppedNotOurs).toBe(2)
  })

  it.each([
    ['limited broadcast', '255.255.255.255'],
    ['directed broadcast', '10.0.0.255'],
    ['the 0-form of it', '10.0.0.0'],
    ['multicast', '224.0.0.5'],
    ['loopback', '127.0.0.1'],
    ['reserved', '240.1.2.3'],
    ['this network', '0.1.2.3'],
    ['unspecified, to a unicast address', '0.0.0.0'],
  ])('IP-06, UDP-07, MART-01: a source that is %s is dropped silently', (_, source) => {
    const { host, device } = hostWithDevice()
    const app = new UdpRecorder()
    host.udp.bind({ port: 7 }, app)
    host.inject(
      device,
      ip4(source, HOST4, 17, udp(source, HOST4, 5, 7, [1])),
      ip4(source, HOST4, 17, udp(source, HOST4, 5, 8, [1])),
      ip4(source, HOST4, 1, echo()),
    )
    expect(app.messages).toEqual([])
    expect(device.take()).toEqual([])
    expect(host.counters.droppedMartianSource).toBe(3)
  })

  it('IP-06: a host that has no address yet may broadcast', () => {
    const { host, device } = hostWithDevice()
    const app = new UdpRecorder()
    host.udp.bind({ port: 67 }, app)
    host.inject(device, ip4('0.0.0.0', '255.255.255.255', 17, udp('0.0.0.0', '255.255.255.255', 68, 67, [1])))
    expect(app.messages).toHaveLength(1)
  })

  it('IP-07: 127/8 from outside is dropped', () => {
    const { host, device } = hostWithDevice()
    host.inject(device, ip4(PEER4, '127.0.0.1', 1, echo()))
    expect(device.take()).toEqual([])
    expect(host.counters.droppedMartianDestination).toBe(1)
  })

  it('IP-09: broadcasts of the link are delivered, in both forms', () => {
    const { host, device } = hostWithDevice()
    const app = new UdpRecorder()
    host.udp.bind({ port: 7 }, app)
    for (const to of ['255.255.255.255', '10.0.0.255', '10.0.0.0']) {
      host.inject(device, ip4(PEER4, to, 17, udp(PEER4, to, 5, 7, [1])))
    }
    expect(app.messages.map((m) => m.message.localAddress.a3 >>> 0)).toEqual([
      0xffffffff, 0x0a0000ff, 0x0a000000,
    ])
  })

  it('IP-10, ETH-04: a unicast packet in a link broadcast is dropped', () => {
    const { host, device } = hostWithDevice()
    const recorder = new Recorder(host, 6)
    const packet = ip4(PEER4, HOST4, 6, pattern(20))
    device.sink.memory.copyIn(1024 * 1024, packet)
    host.engine.run(() => host.internet.interfaces[1].onIpPacket(1024 * 1024, packet.length, 4, true))
    expect(recorder.packets).toEqual([])
    expect(host.counters.droppedLinkBroadcast).toBe(1)
    // What may be broadcast says so to those above.
    const broadcast = ip4(PEER4, '10.0.0.255', 6, pattern(20))
    device.sink.memory.copyIn(1024 * 1024, broadcast)
    host.engine.run(() => host.internet.interfaces[1].onIpPacket(1024 * 1024, broadcast.length, 4, true))
    expect(recorder.packets[0].packet).toMatchObject({ linkMulticast: true, multicast: true })
  })

  it('IP-12: TTL 0 and 1 are no reason to drop what is for us', () => {
    const { host, device } = hostWithDevice()
    host.inject(device, ip4(PEER4, HOST4, 1, echo(), { ttl: 1 }), ip4(PEER4, HOST4, 1, echo(), { ttl: 0 }))
    const replies = device.take()
    expect(replies).toHaveLength(2)
    // IP-13
    expect(replies.map((reply) => see4(reply).ttl)).toEqual([64, 64])
  })

  it('IP-14, UDP-06: TOS and TTL are passed up', () => {
    const { host, device } = hostWithDevice()
    const recorder = new Recorder(host, 6)
    host.inject(device, ip4(PEER4, HOST4, 6, pattern(20), { tos: 0xb9, ttl: 33 }))
    expect(recorder.packets[0].packet).toMatchObject({ tos: 0xb9, ttl: 33, version: 4, protocol: 6 })
  })

  it('IP-15: unknown options are ignored', () => {
    const { host, device } = hostWithDevice()
    host.inject(device, ip4(PEER4, HOST4, 1, echo(), { options: [0x5e, 4, 1, 2] }))
    expect(device.take()).toHaveLength(1)
  })

  it.each([
    ['length 0', [0x5e, 0, 0, 0]],
    ['length 1', [0x5e, 1, 0, 0]],
    ['beyond the header', [0x5e, 5, 0, 0]],
    ['cut off', [1, 1, 1, 0x5e]],
  ])('IP-16: an option with %s makes the packet malformed', (_, options) => {
    const { host, device } = hostWithDevice()
    host.inject(device, ip4(PEER4, HOST4, 1, echo(), { options }))
    expect(device.take()).toEqual([])
    expect(host.counters.droppedOptions).toBe(1)
  })

  it.each([
    ['loose', 131],
    ['strict', 137],
  ])('IP-17: %s source routes are dropped', (_, kind) => {
    const { host, device } = hostWithDevice()
    host.inject(device, ip4(PEER4, HOST4, 1, echo(), { options: [kind, 7, 4, 10, 0, 0, 9, 0] }))
    expect(device.take()).toEqual([])
    expect(host.counters.droppedSourceRoute).toBe(1)
  })

  it('ID-01: atomic packets with equal identifications are two packets', () => {
    const { host, device } = hostWithDevice()
    const recorder = new Recorder(host, 6)
    const packet = ip4(PEER4, HOST4, 6, pattern(20), { id: 99, df: true })
    host.inject(device, packet, packet)
    expect(recorder.packets).toHaveLength(2)
  })

  it('MART-02: our own address as the source from outside is dropped', () => {
    const { host, device } = hostWithDevice()
    const recorder = new Recorder(host, 6)
    host.inject(device, ip4(HOST4, HOST4, 6, pattern(20)), ip4(HOST4, HOST4, 1, echo()))
    expect(recorder.packets).toEqual([])
    expect(device.take()).toEqual([])
    expect(host.counters.droppedOwnSource).toBe(2)
  })

  it('MCAST-01: 224.0.0.1 is always received, other groups only when joined', () => {
    const { host, device, iface } = hostWithDevice()
    const recorder = new Recorder(host, 99)
    host.inject(device, ip4(PEER4, '224.0.0.1', 99, [1]), ip4(PEER4, '224.1.2.3', 99, [2]))
    expect(recorder.packets.map((p) => p.bytes[0])).toEqual([1])
    expect(recorder.packets[0].packet.multicast).toBe(true)
    const group = IpAddress.v4(0xe0010203)
    iface.groups.join(group)
    host.inject(device, ip4(PEER4, '224.1.2.3', 99, [3]))
    iface.groups.leave(group)
    host.inject(device, ip4(PEER4, '224.1.2.3', 99, [4]))
    expect(recorder.packets.map((p) => p.bytes[0])).toEqual([1, 3])
  })

  it('passes the frame’s checksum state and segment size on', () => {
    const { host, device } = hostWithDevice()
    const recorder = new Recorder(host, 6)
    device.deliver(ip4(PEER4, HOST4, 6, pattern(60)), RxChecksum.Partial, 20)
    device.deliver(ip4(PEER4, HOST4, 6, pattern(60)), RxChecksum.Valid)
    device.sink.onBurstEnd()
    expect(recorder.packets.map(({ packet }) => [packet.checksum, packet.gsoSize])).toEqual([
      [RxChecksum.Partial, 20],
      [RxChecksum.Valid, 0],
    ])
  })
})
