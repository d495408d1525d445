import { describe, expect, it } from 'vitest'
import { SeededRandom } from '../../src/core/random.ts'
import { address, HOST4, HOST6, hostWithDevice, PEER4, PEER6, UdpRecorder } from '../support/ip-host.ts'
import { fragment6, icmp4, icmp6, ip4, ip6, pattern, udp } from '../support/packets.ts'

const LIMITS = {
  memory: 4 << 20,
  reassemblies: 64,
  reassembliesPerSource: 16,
  reassemblyBytes: 1 << 18,
  paths: 64,
}

const below = (random: SeededRandom, bound: number): number => random.uint32() % bound

/** Valid packets of every kind this layer knows, to be damaged. */
function seeds(): Uint8Array[] {
  const quoted4 = ip4(HOST4, PEER4, 17, udp(HOST4, PEER4, 7, 5, [1, 2, 3]))
  const quoted6 = ip6(HOST6, PEER6, 17, udp(HOST6, PEER6, 7, 5, [1, 2, 3]))
  return [
    ip4(PEER4, HOST4, 17, udp(PEER4, HOST4, 5, 7, pattern(30))),
    ip4(PEER4, HOST4, 17, udp(PEER4, HOST4, 5, 9, pattern(30)), { options: [1, 1, 1, 0] }),
    ip4(PEER4, '10.0.0.255', 17, udp(PEER4, '10.0.0.255', 5, 7, pattern(30))),
    ip4(PEER4, HOST4, 1, icmp4(8, 0, [1, 2, 3, 4], pattern(30))),
    ip4(PEER4, HOST4, 1, icmp4(3, 4, [0, 0, 2, 0], quoted4)),
    ip4(PEER4, HOST4, 1, icmp4(5, 1, [10, 0, 0, 9], quoted4)),
    ip4(PEER4, HOST4, 17, pattern(40), { id: 1, more: true }),
    ip4(PEER4, HOST4, 17, pattern(40), { id: 1, fragmentOffset: 40 }),
    ip6(PEER6, HOST6, 17, udp(PEER6, HOST6, 5, 7, pattern(30))),
    ip6(PEER6, HOST6, 58, icmp6(PEER6, HOST6, 128, 0, [1, 2, 3, 4], pattern(30))),
    ip6(PEER6, HOST6, 58, icmp6(PEER6, HOST6, 2, 0, [0, 0, 5, 20], quoted6)),
    ip6(PEER6, HOST6, 58, icmp6(PEER6, HOST6, 135, 0, [0, 0, 0, 0], pattern(24)), { hopLimit: 255 }),
    ip6(PEER6, HOST6, 0, [60, 0, 5, 2, 0, 0, 1, 0, 17, 0, 1, 4, 0, 0, 0, 0, ...udp(PEER6, HOST6, 5, 7, [1])]),
    ip6(PEER6, HOST6, 43, [44, 0, 0, 0, 0, 0, 0, 0, ...fragment6(17, 0, true, 9), ...pattern(40)]),
    ip6(PEER6, HOST6, 44, [...fragment6(17, 40, false, 9), ...pattern(40)]),
  ]
}

/** Puts the IPv4 header's checksum right again, so that damage gets past the door. */
function mend(packet: Uint8Array): void {
  const headerLength = (packet[0] & 15) * 4
  if (packet[0] >> 4 !== 4 || headerLength < 20 || packet.length < headerLength) return
  packet[10] = 0
  packet[11] = 0
  let sum = 0
  for (let i = 0; i < headerLength; i += 2) sum += (packet[i] << 8) | packet[i + 1]
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16)
  packet[10] = (~sum >> 8) & 255
  packet[11] = ~sum & 255
}

function damage(packet: Uint8Array, random: SeededRandom): Uint8Array {
  const damaged = packet.slice(0, below(random, 8) === 0 ? below(random, packet.length + 1) : packet.length)
  for (let flips = below(random, 4); flips > 0 && damaged.length > 0; flips--) {
    damaged[below(random, damaged.length)] = random.uint32() & 255
  }
  if (below(random, 4) !== 0) mend(damaged)
  return damaged
}

describe('any bytes at the IP door', () => {
  function run(make: (random: SeededRandom) => Uint8Array, rounds: number, seed: number): void {
    const { host, device } = hostWithDevice({ limits: LIMITS, gateways: [PEER4, PEER6] })
    const app = new UdpRecorder()
    host.udp.bind({ port: 7 }, { onMessage: () => {} })
    const connected = host.udp.bind({}, app)
    connected.connect(address(PEER4), 5)
    const random = new SeededRandom(seed)
    const before = host.engine.memory.allocated
    let most = 0
    for (let i = 0; i < rounds; i++) {
      device.deliver(make(random))
      if (i % 64 === 63) {
        device.sink.onBurstEnd()
        device.sent.length = 0
        most = Math.max(most, host.engine.memory.allocated - before)
        if (i % 4096 === 4095) host.clock.advance(100)
      }
    }
    device.sink.onBurstEnd()
    expect(host.faults).toEqual([])
    expect(host.internet.interfaces[1].counters.faults).toBe(0)
    expect(most).toBeLessThanOrEqual(2 * LIMITS.reassemblyBytes)
    expect(host.ipv4.reassembler.size).toBeLessThanOrEqual(LIMITS.reassemblies)
    expect(host.ipv6.reassembler.size).toBeLessThanOrEqual(LIMITS.reassemblies)
    expect(host.internet.router.paths.size).toBeLessThanOrEqual(LIMITS.paths)
    // Everything is accounted for, and the host is as good as new.
    host.advance(120_000)
    expect(host.engine.memory.allocated).toBe(before)
    device.take()
    host.inject(device, ip4(PEER4, HOST4, 1, icmp4(8, 0, [1, 2, 3, 4], [1])))
    expect(device.take()).toHaveLength(1)
  }

  it('200,000 random packets neither throw nor hold memory', () => {
    run(
      (random) => {
        const bytes = new Uint8Array(below(random, 200))
        for (let i = 0; i < bytes.length; i++) bytes[i] = random.uint32() & 255
        if (bytes.length > 0) bytes[0] = below(random, 2) === 0 ? 0x45 : 0x60
        return bytes
      },
      200_000,
      1,
    )
  })

  it('200,000 damaged packets neither throw nor hold memory', () => {
    const valid = seeds()
    run((random) => damage(valid[below(random, valid.length)], random), 200_000, 2)
  })
})
