import { describe, expect, it } from 'vitest'
import { HOST6, hostWithDevice, PEER6, Recorder, UdpRecorder } from '../support/ip-host.ts'
import { fragment6, hasGoodChecksum, icmp6, ip6, pattern, see6, u32, udp } from '../support/packets.ts'

const echo = (to = HOST6, data: ArrayLike<number> = [1, 2, 3]) => icmp6(PEER6, to, 128, 0, [0, 7, 0, 1], data)

/** The one ICMPv6 error that was sent: type, code, pointer and quote. */
function errorOf(frames: Uint8Array[]): { type: number; code: number; pointer: number; quote: Uint8Array } {
  expect(frames).toHaveLength(1)
  const { source, destination, nextHeader, payload } = see6(frames[0])
  expect(nextHeader).toBe(58)
  expect(hasGoodChecksum(source, destination, 58, payload)).toBe(true)
  const view = new DataView(payload.buffer, payload.byteOffset)
  return { type: payload[0], code: payload[1], pointer: view.getUint32(4), quote: payload.subarray(8) }
}

describe('IPv6 at the door', () => {
  it('V6-01: version, payload length and frame must agree; excess is ignored', () => {
    const { host, device } = hostWithDevice()
    const recorder = new Recorder(host, 99)
    host.inject(device, ip6(PEER6, HOST6, 99, pattern(20), { payloadLength: 21 }))
    expect(host.counters.droppedTotalLength).toBe(1)
    host.inject(device, ip6(PEER6, HOST6, 99, pattern(20)).subarray(0, 39))
    expect(host.counters.droppedShort).toBe(1)
    host.inject(device, Uint8Array.from([...ip6(PEER6, HOST6, 99, pattern(20)), 1, 2, 3]))
    expect(recorder.packets[0].bytes).toEqual(pattern(20))
    device.sink.memory.copyIn(1024 * 1024, ip6(PEER6, HOST6, 99, pattern(20), { version: 5 }))
    host.engine.run(() => host.ipv6.onPacket(host.internet.interfaces[1], 1024 * 1024, 60, false))
    expect(host.counters.droppedVersion).toBe(1)
    expect(recorder.packets).toHaveLength(1)
  })

  it('V6-02: hop limit 0 and 1 are processed', () => {
    const { host, device } = hostWithDevice()
    host.inject(
      device,
      ip6(PEER6, HOST6, 58, echo(), { hopLimit: 0 }),
      ip6(PEER6, HOST6, 58, echo(), { hopLimit: 1 }),
    )
    expect(device.take()).toHaveLength(2)
  })

  it('V6-03: Hop-by-Hop anywhere but first is an unrecognised next header', () => {
    const { host, device } = hostWithDevice()
    const destinationOptions = [0, 0, 1, 4, 0, 0, 0, 0]
    const hopByHop = [58, 0, 1, 4, 0, 0, 0, 0]
    host.inject(device, ip6(PEER6, HOST6, 60, [...destinationOptions, ...hopByHop, ...echo()]))
    expect(errorOf(device.take())).toMatchObject({ type: 4, code: 1, pointer: 40 })
  })

  it('V6-03, V6-14: options headers in any order and number are walked, and none comes back', () => {
    const { host, device } = hostWithDevice()
    const hopByHop = [60, 0, 1, 4, 0, 0, 0, 0]
    const twice = [60, 0, 1, 4, 0, 0, 0, 0, 58, 0, 1, 4, 0, 0, 0, 0]
    host.inject(device, ip6(PEER6, HOST6, 0, [...hopByHop, ...twice, ...echo()]))
    expect(see6(device.take()[0]).nextHeader).toBe(58)
  })

  it('V6-04: an unknown next header is reported at its place', () => {
    const { host, device } = hostWithDevice()
    host.inject(device, ip6(PEER6, HOST6, 200, pattern(10)))
    expect(errorOf(device.take())).toMatchObject({ type: 4, code: 1, pointer: 6 })
    host.inject(device, ip6(PEER6, HOST6, 60, [200, 0, 1, 4, 0, 0, 0, 0, ...pattern(10)]))
    expect(errorOf(device.take())).toMatchObject({ type: 4, code: 1, pointer: 40 })
  })

  it.each([
    ['00', 0x1e, true, null, null],
    ['01', 0x5e, false, null, null],
    ['10', 0x9e, false, 42, 42],
    ['11', 0xde, false, 42, null],
  ])(
    'V6-05: an unknown option whose type starts with %s',
    (_, type, passes, unicastPointer, groupPointer) => {
      const { host, device } = hostWithDevice()
      const build = (to: string) => ip6(PEER6, to, 60, [58, 0, type, 4, 0, 0, 0, 0, ...echo(to)])
      for (const [to, pointer] of [
        [HOST6, unicastPointer],
        ['ff02::1', groupPointer],
      ] as const) {
        host.inject(device, build(to))
        const frames = device.take()
        if (passes) expect(see6(frames[0]).payload[0]).toBe(129)
        else if (pointer === null) expect(frames).toEqual([])
        else expect(errorOf(frames)).toMatchObject({ type: 4, code: 2, pointer })
      }
    },
  )

  it('V6-06: padding is skipped; an option longer than its header drops the packet', () => {
    const { host, device } = hostWithDevice()
    host.inject(device, ip6(PEER6, HOST6, 60, [58, 0, 0, 0, 0, 1, 1, 0, ...echo()]))
    expect(device.take()).toHaveLength(1)
    host.inject(device, ip6(PEER6, HOST6, 60, [58, 0, 1, 5, 0, 0, 0, 0, ...echo()]))
    expect(device.take()).toEqual([])
    expect(host.counters.droppedExtensionHeader).toBe(1)
  })

  it('V6-07, V6-14: a routing header is passed when it has nothing left to visit, and refused otherwise', () => {
    const { host, device } = hostWithDevice()
    host.inject(device, ip6(PEER6, HOST6, 43, [58, 0, 0, 0, 0, 0, 0, 0, ...echo()]))
    const reply = see6(device.take()[0])
    expect([reply.nextHeader, reply.payload[0]]).toEqual([58, 129])
    host.inject(device, ip6(PEER6, HOST6, 43, [58, 0, 0, 1, 0, 0, 0, 0, ...echo()]))
    expect(errorOf(device.take())).toMatchObject({ type: 4, code: 0, pointer: 42 })
  })

  it('N8504-01: all extension headers of RFC 8200 before one echo, in fragments', () => {
    const { host, device } = hostWithDevice()
    const options = (next: number) => [next, 0, 1, 4, 0, 0, 0, 0]
    const part = [...options(58), ...echo(HOST6, pattern(40))]
    const before = (fragment: readonly number[], data: readonly number[]) =>
      ip6(PEER6, HOST6, 0, [
        ...options(60),
        ...options(43),
        ...[44, 0, 4, 0, 0, 0, 0, 0],
        ...fragment,
        ...data,
      ])
    host.inject(device, before(fragment6(60, 0, true, 9), part.slice(0, 24)))
    expect(device.take()).toEqual([])
    host.inject(device, before(fragment6(60, 24, false, 9), part.slice(24)))
    const reply = see6(device.take()[0])
    expect([reply.nextHeader, reply.payload[0]]).toEqual([58, 129])
    expect(reply.payload.subarray(8)).toEqual(pattern(40))
  })

  it('V6-08: after No Next Header nothing is looked at', () => {
    const { host, device } = hostWithDevice()
    host.inject(device, ip6(PEER6, HOST6, 59, pattern(30)))
    expect(device.take()).toEqual([])
    expect(host.counters.droppedExtensionHeader).toBe(0)
  })

  it('V6-09: headers and options beyond reason are dropped silently', () => {
    const { host, device } = hostWithDevice()
    const chain = Array.from({ length: 20 }, () => [60, 0, 1, 4, 0, 0, 0, 0]).flat()
    host.inject(device, ip6(PEER6, HOST6, 60, [...chain, 58, 0, 1, 4, 0, 0, 0, 0, ...echo()]))
    const many = Array.from({ length: 15 }, () => [0x1e, 0]).flat()
    host.inject(device, ip6(PEER6, HOST6, 60, [58, 3, ...many, ...echo()]))
    expect(device.take()).toEqual([])
    expect(host.counters.droppedExtensionHeader).toBe(2)
  })

  it('V6-11: behind extension headers the pseudo-header counts the upper layer’s own number and length', () => {
    const { host, device } = hostWithDevice()
    const app = new UdpRecorder()
    host.udp.bind({ port: 7 }, app)
    host.inject(device, ip6(PEER6, HOST6, 60, [17, 0, 1, 4, 0, 0, 0, 0, ...udp(PEER6, HOST6, 5, 7, [1, 2])]))
    expect([...app.messages[0].bytes]).toEqual([1, 2])
  })

  it.each([
    ['multicast', 'ff02::5', HOST6],
    ['loopback', '::1', HOST6],
    ['IPv4-mapped', '::ffff:a00:1', HOST6],
  ])('V6-16: a source that is %s is dropped silently', (_, source, to) => {
    const { host, device } = hostWithDevice()
    host.inject(device, ip6(source, to, 17, udp(source, to, 5, 9, [1])))
    expect(device.take()).toEqual([])
    expect(host.counters.droppedMartianSource).toBe(1)
  })

  it.each([
    ['unspecified', '::', 'droppedNotOurs'],
    ['loopback', '::1', 'droppedMartianDestination'],
    ['IPv4-mapped', '::ffff:a00:2', 'droppedMartianDestination'],
    ['somebody else’s', 'fd00::3', 'droppedNotOurs'],
    ['a group nobody joined', 'ff02::1:2', 'droppedNotOurs'],
  ] as const)('V6-16: a destination that is %s is dropped silently', (_, to, counter) => {
    const { host, device } = hostWithDevice()
    host.inject(device, ip6(PEER6, to, 17, udp(PEER6, to, 5, 9, [1])))
    expect(device.take()).toEqual([])
    expect(host.counters[counter]).toBe(1)
  })

  it.each(['ff01::1', 'ff00::1'])('V6-17: %s does not exist on a wire', (to) => {
    const { host, device } = hostWithDevice()
    host.inject(device, ip6(PEER6, to, 58, icmp6(PEER6, to, 128, 0, [0, 0, 0, 0], [])))
    expect(device.take()).toEqual([])
    expect(host.counters.droppedMartianDestination).toBe(1)
  })

  it('MART-02: our own address as the source from outside is dropped', () => {
    const { host, device } = hostWithDevice()
    const recorder = new Recorder(host, 17)
    const icmp = new Recorder(host, 58)
    host.inject(device, ip6(HOST6, HOST6, 17, udp(HOST6, HOST6, 5, 9, [1])))
    // Neighbour discovery is let through, but not what only looks like it.
    const solicit = icmp6(HOST6, HOST6, 135, 0, u32(0), pattern(16))
    host.inject(device, ip6(HOST6, HOST6, 58, solicit, { hopLimit: 254 }))
    host.inject(device, ip6(HOST6, HOST6, 58, icmp6(HOST6, HOST6, 128, 0, u32(0), []), { hopLimit: 255 }))
    host.inject(device, ip6(HOST6, HOST6, 58, [], { hopLimit: 255 }))
    host.inject(device, ip6(HOST6, HOST6, 17, solicit, { hopLimit: 255 }))
    expect(device.take()).toEqual([])
    expect([recorder.packets, icmp.packets]).toEqual([[], []])
    expect(host.counters.droppedOwnSource).toBe(5)
    host.inject(device, ip6(HOST6, HOST6, 58, solicit, { hopLimit: 255 }))
    expect(icmp.packets).toHaveLength(1)
  })

  it('IP-10: a unicast packet in a multicast frame is dropped', () => {
    const { host, device } = hostWithDevice()
    const packet = ip6(PEER6, HOST6, 58, echo())
    device.sink.memory.copyIn(1024 * 1024, packet)
    host.engine.run(() => host.internet.interfaces[1].onIpPacket(1024 * 1024, packet.length, 6, true))
    expect(device.take()).toEqual([])
    expect(host.counters.droppedLinkBroadcast).toBe(1)
  })
})

describe('IPv6 reassembly', () => {
  function cut(
    next: number,
    payload: ArrayLike<number>,
    size: number,
    id: number,
    source = PEER6,
  ): Uint8Array[] {
    const bytes = Array.from(payload)
    const fragments: Uint8Array[] = []
    for (let at = 0; at < bytes.length; at += size) {
      const header = fragment6(next, at, at + size < bytes.length, id)
      fragments.push(ip6(source, HOST6, 44, [...header, ...bytes.slice(at, at + size)]))
    }
    return fragments
  }

  it('V6-10, V6F-01: a large datagram arrives whole, in any order', () => {
    const { host, device } = hostWithDevice()
    const app = new UdpRecorder()
    host.udp.bind({ port: 7 }, app)
    const payload = pattern(60_000)
    const fragments = cut(17, udp(PEER6, HOST6, 5, 7, payload), 1448, 1)
    host.inject(device, ...fragments)
    host.inject(device, ...cut(17, udp(PEER6, HOST6, 5, 7, payload), 1448, 2).reverse())
    expect(app.messages.map((m) => m.bytes.length)).toEqual([60_000, 60_000])
    expect(app.messages[1].bytes).toEqual(payload)
    expect(host.ipv6.reassembler.bytes).toBe(0)
  })

  it('the whole has a plain header: the upper layer’s number and length', () => {
    const { host, device } = hostWithDevice()
    const recorder = new Recorder(host, 99)
    host.inject(device, ...cut(99, pattern(100), 40, 1))
    const whole = see6(recorder.packets[0].whole)
    expect(whole).toMatchObject({ nextHeader: 99, hopLimit: 64 })
    expect(whole.payload).toEqual(pattern(100))
  })

  it('extension headers behind the fragment header are walked once it is whole', () => {
    const { host, device } = hostWithDevice()
    host.inject(device, ...cut(60, [58, 0, 1, 4, 0, 0, 0, 0, ...echo(HOST6, pattern(100))], 64, 1))
    expect(see6(device.take()[0]).payload.length).toBe(108)
  })

  it('headers before the fragment header do no harm, however long', () => {
    const { host, device } = hostWithDevice()
    const recorder = new Recorder(host, 99)
    const long = [44, 31, 1, 252, ...new Array<number>(252).fill(0)]
    const parts = [0, 40].map((at) =>
      ip6(PEER6, HOST6, 0, [...long, ...fragment6(99, at, at === 0, 1), ...pattern(40, at)]),
    )
    host.inject(device, ...parts)
    expect(recorder.packets[0].bytes.length).toBe(80)
    expect(see6(recorder.packets[0].whole)).toMatchObject({ source: 'fd00:0:0:0:0:0:0:1', nextHeader: 99 })
  })

  it('V6F-04: an atomic fragment is taken alone, and those that wait stay', () => {
    const { host, device } = hostWithDevice()
    const recorder = new Recorder(host, 99)
    const [a, b] = cut(99, pattern(80), 40, 1)
    host.inject(device, a, ip6(PEER6, HOST6, 44, [...fragment6(99, 0, false, 1), ...pattern(10, 3)]), b)
    expect(recorder.packets.map((p) => p.bytes)).toEqual([pattern(10, 3), pattern(80)])
  })

  it('V6F-05: any overlap discards the packet and later fragments, without a word', () => {
    const { host, device } = hostWithDevice()
    const recorder = new Recorder(host, 99)
    const [a, b, c] = cut(99, pattern(120), 40, 1)
    const overlap = ip6(PEER6, HOST6, 44, [...fragment6(99, 32, true, 1), ...pattern(40, 9)])
    host.inject(device, a, overlap, b, c)
    host.advance(61_000)
    expect(recorder.packets).toEqual([])
    expect(device.take()).toEqual([])
  })

  it('V6F-06: time exceeded after 60 s if the first fragment came, quoting it', () => {
    const { host, device } = hostWithDevice()
    const source = 'fd00::1:2:3:4'
    const [first, second] = cut(99, pattern(100), 40, 1, source)
    host.inject(device, second)
    host.advance(60_000)
    expect(device.take()).toEqual([])
    host.inject(device, first)
    host.advance(60_000)
    expect(see6(device.sent[0].bytes).destination).toBe('fd00:0:0:0:1:2:3:4')
    const error = errorOf(device.take())
    expect(error).toMatchObject({ type: 3, code: 1 })
    expect(error.quote).toEqual(first)
  })

  it('V6F-07: a length in the middle that is no multiple of 8 points at the payload length', () => {
    const { host, device } = hostWithDevice()
    host.inject(device, ip6(PEER6, HOST6, 44, [...fragment6(99, 0, true, 1), ...pattern(41)]))
    expect(errorOf(device.take())).toMatchObject({ type: 4, code: 0, pointer: 4 })
  })

  it('V6F-08: a packet that would be too long points at the fragment offset', () => {
    const { host, device } = hostWithDevice()
    host.inject(device, ip6(PEER6, HOST6, 44, [...fragment6(99, 65_528, false, 1), ...pattern(100)]))
    expect(errorOf(device.take())).toMatchObject({ type: 4, code: 0, pointer: 42 })
    expect(host.ipv6.reassembler.size).toBe(0)
  })

  it('V6F-09: a first fragment without the upper-layer header is refused', () => {
    const { host, device } = hostWithDevice()
    host.inject(device, ip6(PEER6, HOST6, 44, [...fragment6(60, 0, true, 1), 17, 0, 1, 4, 0, 0, 0, 0]))
    expect(errorOf(device.take())).toMatchObject({ type: 4, code: 3, pointer: 0 })
  })

  it('V6F-10: the key is source, destination and identification; the next header is the first fragment’s', () => {
    const { host, device } = hostWithDevice()
    const recorder = new Recorder(host, 99)
    const [a] = cut(99, pattern(80), 40, 1)
    const [, b] = cut(98, pattern(80), 40, 1)
    host.inject(device, b, a)
    expect(recorder.packets[0].bytes).toEqual(pattern(80))
    expect(recorder.packets[0].packet.protocol).toBe(99)
  })

  it('V6F-11: fragmented neighbour discovery is dropped, atomic fragments included', () => {
    const { host, device } = hostWithDevice()
    const heard: number[] = []
    host.internet.interfaces[1].link.onNeighbourDiscovery = () => heard.push(1)
    const solicit = icmp6(PEER6, HOST6, 135, 0, u32(0), [...pattern(16)])
    host.inject(device, ip6(PEER6, HOST6, 58, solicit, { hopLimit: 255 }))
    expect(heard).toHaveLength(1)
    host.inject(
      device,
      ip6(PEER6, HOST6, 44, [...fragment6(58, 0, false, 1), ...solicit], { hopLimit: 255 }),
      ip6(PEER6, HOST6, 44, [...fragment6(58, 0, true, 2), ...solicit], { hopLimit: 255 }),
    )
    expect(heard).toHaveLength(1)
  })

  it('V6F-12: fragments of fragments are dropped', () => {
    const { host, device } = hostWithDevice()
    host.inject(
      device,
      ip6(PEER6, HOST6, 44, [...fragment6(44, 0, false, 1), ...fragment6(99, 0, true, 2), ...pattern(40)]),
    )
    expect(host.counters.droppedFragmentInvalid).toBe(1)
    expect(host.ipv6.reassembler.size).toBe(0)
  })
})
