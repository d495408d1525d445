import { describe, expect, it } from 'vitest'
import { randomBelow, SeededRandom } from '../../src/core/random.ts'
import {
  advertisement,
  arp,
  arpReply,
  Bench,
  BROADCAST,
  ethernet,
  icmpv6,
  ip,
  join,
  linkOption,
  OTHER_MAC,
  OUR_MAC,
  PEER_MAC,
  solicitation,
} from './support.ts'

const FRAMES = 100_000
const LIMITS = { neighbours: 64, neighbourQueue: 4, neighbourQueueBytes: 16_384 }

/** Valid frames of every kind that this layer reads. */
const SAMPLES: readonly Uint8Array[] = [
  arp({ sender: '10.0.0.9', target: '10.0.0.2' }),
  arp({ sender: '0.0.0.0', target: '10.0.0.2' }),
  arp({ from: OTHER_MAC, sender: '10.0.0.2', target: '10.0.0.2' }),
  arpReply({ sender: '10.0.0.9', target: '10.0.0.2' }),
  solicitation({ source: 'fd00::9', target: 'fd00::2', options: linkOption(1, PEER_MAC) }),
  solicitation({ source: '::', target: 'fd00::2' }),
  advertisement(0x60, { source: 'fd00::9', target: 'fd00::9', options: linkOption(2, PEER_MAC) }),
  icmpv6(
    { to: OUR_MAC, source: 'fe80::9', destination: 'fd00::2', target: '::' },
    join([134, 0, 0, 0, 64, 0, 7, 8, 0, 0, 0, 0, 0, 0, 0, 0], linkOption(1, PEER_MAC)),
  ),
  icmpv6(
    { to: OUR_MAC, source: 'fe80::9', destination: 'fd00::2', target: '::' },
    join([137, 0, 0, 0, 0, 0, 0, 0], ip('fe80::7'), ip('fd01::1'), linkOption(2, PEER_MAC)),
  ),
  ethernet(BROADCAST, PEER_MAC, 36, [0xaa, 0xaa, 3, 0, 0, 0, 8, 6, ...new Uint8Array(28)]),
]

/** Sends a little, lets time pass, and checks that what was to be bounded is. */
function live(bench: Bench, random: SeededRandom, base: number): void {
  bench.device.frames.length = 0
  bench.received.length = 0
  bench.unresolved.length = 0
  bench.states.length = 0
  bench.device.room = randomBelow(random, 4) === 0 ? 0 : 1000
  bench.send('10.0.0.2', `10.0.0.${3 + randomBelow(random, 200)}`, 1, 8 + randomBelow(random, 1400))
  bench.send('fd00::2', `fd00::${(3 + randomBelow(random, 200)).toString(16)}`, 1)
  bench.engine.run(() => bench.link.onWritable())
  bench.clock.advance(randomBelow(random, 700))
  expect(bench.link.neighbours().length).toBeLessThanOrEqual(LIMITS.neighbours)
  expect(bench.link.waitingBytes).toBeLessThanOrEqual(LIMITS.neighbourQueueBytes)
  expect(bench.memory.allocated - base).toBe(bench.link.waitingBytes)
  // One timer for each neighbour and each address at most.
  expect(bench.engine.timers.size).toBeLessThanOrEqual(LIMITS.neighbours + bench.addresses.length)
}

function dropsAndUses(bench: Bench): number {
  const c = bench.counters
  const drops = [
    c.dropRunt,
    c.dropForeign,
    c.dropNotJoined,
    c.dropOwnSource,
    c.dropGroupSource,
    c.dropVlan,
    c.dropUnknownType,
    c.dropBadLength,
  ]
  return drops.reduce((sum, n) => sum + n, 0)
}

describe('any bytes at all', () => {
  it(`${FRAMES} random frames: no exception, bounded tables and memory`, () => {
    const random = new SeededRandom(7)
    const bench = Bench.ready({ limits: LIMITS })
    const base = bench.memory.allocated
    for (let i = 0; i < FRAMES; i++) {
      const bytes = new Uint8Array(randomBelow(random, 120))
      for (let at = 0; at < bytes.length; at++) bytes[at] = random.uint32()
      // Most would fail at the door: lead half of them through it.
      if (bytes.length >= 14 && i % 2 === 0) {
        bytes.set([2, 0, 0, 0, 0, 1])
        bytes[6] &= 0xfe
        bytes.set(
          [
            [8, 6],
            [0x86, 0xdd],
            [0, 40],
            [8, 0],
          ][i % 4],
          12,
        )
      }
      bench.receive(bytes)
      if (i % 500 === 0) live(bench, random, base)
    }
    expect(bench.counters.framesIn).toBe(FRAMES)
    expect(dropsAndUses(bench)).toBeGreaterThan(FRAMES / 4)
    expect(bench.counters.dropArpMalformed).toBeGreaterThan(1000)
  })

  it.each(['off', 'strict', 'optimistic'] as const)(
    `${FRAMES} mutated valid frames: no exception, bounded tables and memory ('%s')`,
    (mode) => {
      const random = new SeededRandom(11)
      const bench = Bench.ready({ limits: LIMITS, mode })
      const base = bench.memory.allocated
      for (let i = 0; i < FRAMES; i++) {
        const bytes = Uint8Array.from(SAMPLES[i % SAMPLES.length])
        for (let n = randomBelow(random, 4); n > 0; n--)
          bytes[randomBelow(random, bytes.length)] = random.uint32()
        const length = randomBelow(random, 8) === 0 ? randomBelow(random, bytes.length + 1) : bytes.length
        bench.receive(bytes.subarray(0, length))
        if (i % 500 === 0) live(bench, random, base)
      }
      expect(bench.counters.framesIn).toBe(FRAMES)
      // The mutations are mild enough that all the machinery ran.
      expect(bench.counters.dropNdInvalid).toBeGreaterThan(1000)
      expect(bench.counters.neighboursEvicted).toBeGreaterThan(100)
      expect(bench.counters.arpRepliesOut + bench.counters.ndAdvertsOut).toBeGreaterThan(100)
      bench.engine.run(() => bench.link.close())
      expect(bench.memory.allocated).toBe(base - 1024)
      expect(bench.engine.timers.size).toBe(0)
    },
  )
})
