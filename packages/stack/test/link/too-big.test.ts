import { describe, expect, test } from 'vitest'
import { createCable, impair, SeededRandom, Stack, VirtualClock } from '../../src/index.ts'
import { buildFrame, type DecodedFrame, decodeFrame, decodePacket } from '../../src/wire/packet.ts'
import { startBulk } from '../support/bulk.ts'
import { joined, MAC_A, MAC_B, numbered, packet, text } from './helpers.ts'
import { impaired } from './impaired.ts'

const decode = (bytes: Uint8Array, medium: 'ethernet' | 'ip'): DecodedFrame =>
  medium === 'ethernet' ? decodeFrame(bytes) : decodePacket(bytes)

describe.each([
  [4, 'ethernet'],
  [6, 'ethernet'],
  [4, 'ip'],
  [6, 'ip'],
] as const)('a packet larger than pathMtu, IPv%i over %s', (version, medium) => {
  const link = medium === 'ethernet' ? 14 : 0
  const sized = (length: number): Uint8Array =>
    packet({ version, medium, payload: length - (version === 4 ? 40 : 60) })

  test.each(['out', 'in'] as const)('is dropped, and whoever sent it is told; %s', (direction) => {
    const { clock, near, far, stats } = impaired({ pathMtu: 1300, latency: 5 }, { medium })
    const [from, to] = direction === 'out' ? [near, far] : [far, near]
    for (const length of [1300, 1301, 1500]) from.send(sized(length))
    // The error is not there before transmit has returned, and takes the latency of its own way.
    expect(from.sink.frames.length).toBe(0)
    clock.advance(5)
    expect(to.sink.frames.map((f) => f.bytes.length - link)).toEqual([1300])
    expect(from.sink.frames.length).toBe(2)
    expect(from.sink.burstOpen).toBe(false)
    for (const [i, { bytes }] of from.sink.frames.entries()) {
      const dropped = sized([1301, 1500][i])
      const frame = decode(bytes, medium)
      expect(frame.problems).toEqual([])
      if (medium === 'ethernet') {
        expect(text(frame.ethernet?.destination ?? MAC_B)).toBe(text(MAC_A))
        expect(text(frame.ethernet?.source ?? MAC_A)).toBe(text(MAC_B))
      }
      const sent = decode(dropped, medium)
      const icmp = version === 4 ? frame.icmpv4 : frame.icmpv6
      // R1191-01: type 3, code 4, next-hop MTU in the low half. R8201-01: type 2, the MTU in a whole word.
      expect(icmp).toMatchObject(
        version === 4 ? { type: 3, code: 4, rest: 1300 } : { type: 2, code: 0, rest: 1300 },
      )
      expect(frame.ipv4?.source ?? frame.ipv6?.source).toEqual(
        sent.ipv4?.destination ?? sent.ipv6?.destination,
      )
      expect(frame.ipv4?.destination ?? frame.ipv6?.destination).toEqual(
        sent.ipv4?.source ?? sent.ipv6?.source,
      )
      // As much of the packet as an error may be long: 576 bytes (RFC 1812), 1,280 (RFC 4443).
      const longest = version === 4 ? 576 : 1280
      expect(bytes.length - link).toBe(longest)
      const quoted = longest - (version === 4 ? 28 : 48)
      expect(text(icmp?.body ?? bytes)).toBe(text(dropped.subarray(link, link + quoted)))
    }
    const back = direction === 'out' ? 'in' : 'out'
    expect(stats[direction]).toMatchObject({
      frames: 3,
      delivered: 1,
      tooBig: 2,
      tooBigReported: 2,
      injected: 0,
    })
    expect(stats[back]).toMatchObject({ frames: 0, delivered: 2, injected: 2 })
  })

  test('disappears without a word when silent', () => {
    const { clock, near, far, stats } = impaired({ pathMtu: 1300, tooBig: 'silent' }, { medium })
    for (const length of [1300, 1301]) near.send(sized(length))
    clock.advance(5)
    expect(far.sink.frames.length).toBe(1)
    expect(near.sink.frames.length).toBe(0)
    expect(stats.out).toMatchObject({ tooBig: 1, tooBigReported: 0 })
  })
})

describe('no error is sent', () => {
  const ipv4 = {
    source: Uint8Array.of(10, 0, 0, 1),
    destination: Uint8Array.of(10, 0, 0, 2),
    ttl: 64,
    dontFragment: true,
  }
  const ipv6 = {
    source: Uint8Array.of(0xfd, ...new Uint8Array(14), 1),
    destination: Uint8Array.of(0xfd, ...new Uint8Array(14), 2),
  }
  const ethernet = { destination: MAC_B, source: MAC_A }
  const udp = { sourcePort: 1, destinationPort: 2, payload: new Uint8Array(500) }
  const tcp = { sourcePort: 1, destinationPort: 2, payload: new Uint8Array(500) }
  const body = new Uint8Array(500)
  const cases: [string, Uint8Array, boolean][] = [
    ['(one is about this)', buildFrame({ ethernet, ipv4, udp }), true],
    [
      'about a packet that may be fragmented (RFC 792)',
      buildFrame({ ethernet, ipv4: { ...ipv4, dontFragment: false }, udp }),
      false,
    ],
    ['about a later fragment', buildFrame({ ethernet, ipv4: { ...ipv4, fragmentOffset: 800 }, udp }), false],
    ['(but about a first one)', buildFrame({ ethernet, ipv4: { ...ipv4, moreFragments: true }, udp }), true],
    ['about an ICMP error', buildFrame({ ethernet, ipv4, icmpv4: { type: 3, code: 3, body } }), false],
    ['(but about an echo)', buildFrame({ ethernet, ipv4, icmpv4: { type: 8, body } }), true],
    [
      'to a group',
      buildFrame({ ethernet, ipv4: { ...ipv4, destination: Uint8Array.of(224, 0, 0, 9) }, udp }),
      false,
    ],
    ['from nowhere', buildFrame({ ethernet, ipv4: { ...ipv4, source: new Uint8Array(4) }, udp }), false],
    [
      'about a frame to all',
      buildFrame({ ethernet: { ...ethernet, destination: new Uint8Array(6).fill(255) }, ipv4, udp }),
      false,
    ],
    ['about a header that is damaged', buildFrame({ ethernet, ipv4: { ...ipv4, checksum: 1 }, udp }), false],
    ['(one is about this, IPv6)', buildFrame({ ethernet, ipv6, tcp }), true],
    ['about an ICMPv6 error', buildFrame({ ethernet, ipv6, icmpv6: { type: 1, body } }), false],
    ['(but about an echo, IPv6)', buildFrame({ ethernet, ipv6, icmpv6: { type: 128, body } }), true],
    [
      'to a group, IPv6',
      buildFrame({ ethernet, ipv6: { ...ipv6, destination: new Uint8Array(16).fill(255) }, udp }),
      false,
    ],
    [
      'from nowhere, IPv6',
      buildFrame({ ethernet, ipv6: { ...ipv6, source: new Uint8Array(16) }, udp }),
      false,
    ],
    ['about what is no IP packet', numbered(1, 600), false],
    ['about a VLAN', joined(MAC_B, MAC_A, Uint8Array.of(0x81, 0, 0, 7, 8, 0), new Uint8Array(500)), false],
  ]
  test.each(cases)('%s', (_name, bytes, told) => {
    const { clock, near, far, stats } = impaired({ pathMtu: 400 })
    near.send(bytes)
    clock.advance(1)
    expect(far.sink.frames.length).toBe(0)
    expect(stats.out).toMatchObject({ tooBig: 1, tooBigReported: told ? 1 : 0 })
    expect(near.sink.frames.length).toBe(told ? 1 : 0)
    if (told) expect(decodeFrame(near.sink.frames[0].bytes).problems).toEqual([])
  })

  test('random bytes of any length never throw', () => {
    const random = new SeededRandom(3)
    for (const medium of ['ethernet', 'ip'] as const) {
      const { clock, near, far, stats } = impaired(
        { pathMtu: 68, ecn: true, mark: 1, corrupt: 0.5 },
        { medium },
      )
      for (let i = 0; i < 3000; i++) {
        const bytes = Uint8Array.from({ length: 1 + (random.uint32() % 150) }, () => random.uint32())
        if (medium === 'ethernet' && bytes.length > 14) bytes.set(i & 1 ? [8, 0] : [0x86, 0xdd], 12)
        const at = medium === 'ethernet' ? 14 : 0
        if (bytes.length > at) bytes[at] = i & 2 ? 0x45 : 0x60
        near.send(bytes)
        clock.advance(1)
      }
      expect(far.sink.frames.length).toBe(stats.out.delivered)
      expect(stats.out.tooBig).toBeGreaterThan(1000)
    }
  })
})

/** A bulk transfer between two stacks over a path that is narrower than its links. */
function transferOver(family: 4 | 6, pathMtu: number, tooBig: 'icmp' | 'silent', seconds: number) {
  const clock = new VirtualClock()
  const [a, b] = createCable({ clock })
  const link = impair(a, { clock, latency: 5, pathMtu, tooBig, bandwidth: 10e6 })
  const tcp = { sendBuffer: 100_000, sendBufferMax: 100_000 }
  const sender = new Stack({ clock, random: new SeededRandom(1), tcp })
  const receiver = new Stack({ clock, random: new SeededRandom(2), tcp })
  sender.addInterface(link, { addresses: ['10.0.0.1/24', 'fd00::1/64'] })
  receiver.addInterface(b, { addresses: ['10.0.0.2/24', 'fd00::2/64'] })
  // Duplicate address detection.
  clock.advance(10_000)
  const bulk = startBulk(sender, receiver, family === 4 ? '10.0.0.2' : 'fd00::2')
  clock.advance(seconds * 1000)
  const { counters } = sender.tcp
  return {
    received: bulk.received,
    counters,
    stats: link.stats,
    packet: bulk.connection.info().sndMss + (family === 4 ? 40 : 60),
  }
}

describe('TCP over a path that is narrower than its links', () => {
  test.each([
    [4, 'R1191-01'],
    [6, 'R8201-03'],
  ] as const)('IPv%i, %s: one ICMP is enough, and the path is filled at once', (family, _id) => {
    const { received, counters, stats, packet } = transferOver(family, 1400, 'icmp', 2)
    expect(packet).toBeLessThanOrEqual(1400)
    expect(packet).toBeGreaterThan(1380)
    expect(stats.out.tooBig).toBeGreaterThan(0)
    expect(stats.out.tooBigReported).toBe(stats.out.tooBig)
    // No more than the first window was too big.
    expect(stats.out.tooBig).toBeLessThanOrEqual(10)
    expect(counters.timeouts).toBe(0)
    expect(counters.blackHoles).toBe(0)
    expect(received).toBeGreaterThan(0.85 * 2 * (10e6 / 8))
  })

  test.each([4, 6] as const)('IPv%i: a black hole is found without ICMP, only later (R4821-01)', (family) => {
    const early = transferOver(family, 1400, 'silent', 1)
    expect(early.received).toBe(0)
    const { received, counters, stats, packet } = transferOver(family, 1400, 'silent', 30)
    expect(stats.out.tooBigReported).toBe(0)
    expect(stats.in.injected).toBe(0)
    expect(counters.blackHoles).toBe(1)
    expect(packet).toBeLessThanOrEqual(1400)
    expect(received).toBeGreaterThan(5e6)
  })
})
