import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Memory } from '../../src/core/memory.ts'
import { Gso } from '../../src/link/device.ts'
import type { Impairment, ImpairOptions } from '../../src/link/impair-options.ts'
import type { ImpairStats } from '../../src/link/impair-stats.ts'
import { MAC_B, numbered, packet, transportOffset } from './helpers.ts'
import { impaired } from './impaired.ts'

const chance = fc.constantFrom(0, 0, 0.1, 0.5, 1)

/** Any impairment, each option used half of the time. */
const impairments: fc.Arbitrary<Impairment> = fc.record(
  {
    latency: fc.constantFrom(0.5, 5, 20),
    jitter: fc.constantFrom(0, 3, 30),
    jitterDistribution: fc.constantFrom('uniform', 'normal', 'pareto'),
    jitterCorrelation: fc.constantFrom(0, 0.5),
    jitterInOrder: fc.boolean(),
    bandwidth: fc.constantFrom(1e5, 1e6, 1e7, Number.POSITIVE_INFINITY),
    queue: fc.constantFrom(0, 3000, { packets: 5 }, { bytes: 5000, packets: 20 }),
    codel: fc.constantFrom(true, false, { target: 1, interval: 10 }),
    ecn: fc.boolean(),
    markAbove: fc.constantFrom(0, 2000, { packets: 2 }),
    mark: chance,
    policer: fc.constantFrom(null, { rate: 1e6, burst: 3000 }),
    loss: fc.oneof(chance, fc.constant({ toBad: 0.1, toGood: 0.3, lossGood: 0.05 })),
    duplicate: chance,
    reorder: chance,
    reorderGap: fc.constantFrom(0, 3),
    reorderDelay: fc.constantFrom(1, 8),
    corrupt: chance,
    corruptBits: fc.constantFrom(1, 5),
    pathMtu: fc.constantFrom(500, 1400, Number.POSITIVE_INFINITY),
    tooBig: fc.constantFrom('icmp', 'silent'),
    script: fc.constantFrom(null, [
      { nth: 2, match: 'data', do: 'drop' },
      { nth: [3, 4], match: 'tcp', do: 'delay', delay: 7 },
      { nth: 5, do: 'duplicate' },
      { nth: 6, do: 'corrupt' },
      { match: 'udp', do: 'mark' },
    ] as const),
  } as const,
  { requiredKeys: ['latency', 'reorderDelay'] },
)

const steps = fc.array(
  fc.record({
    frames: fc.array(fc.record({ from: fc.constantFrom('near', 'far'), kind: fc.nat(5) } as const), {
      maxLength: 12,
    }),
    wait: fc.constantFrom(0, 0.3, 4, 50),
    change: fc.option(fc.tuple(impairments, fc.constantFrom('in', 'out', 'both')), { freq: 5 }),
  }),
  { minLength: 1, maxLength: 25 },
)

const capable = packet({ version: 6, payload: 1200 })
capable[15] |= 0x20
const FRAMES = [
  numbered(1, 300),
  capable,
  packet({ payload: 1400 }),
  packet({ protocol: 'udp', payload: 600 }),
  packet({ flags: 2, payload: 0 }),
]
const LARGE = packet({ payload: 6000, partial: true })

/** Where each frame of one direction has gone. */
function accounted(stats: Readonly<ImpairStats>): number {
  const { delivered, filtered, scriptDropped, tooBig, lost, policed, queueDropped, codelDropped } = stats
  return delivered + filtered + scriptDropped + tooBig + lost + policed + queueDropped + codelDropped
}

type Impaired = ReturnType<typeof impaired>

function play(t: Impaired, script: ReturnType<typeof steps.generate>['value']): void {
  for (const { frames, wait, change } of script) {
    for (const { from, kind } of frames) {
      const station = t[from]
      if (kind < FRAMES.length) station.send(FRAMES[kind])
      else {
        const checksumStart = transportOffset(LARGE)
        station.send(LARGE, { checksumStart, checksumOffset: 16, gso: Gso.TcpV4, gsoSize: 1448 })
      }
    }
    t.clock.advance(wait)
    if (change !== null) t.bad.set(...change)
  }
}

test('whatever the impairment and however it changes: every frame is accounted for, and nothing is kept', async () => {
  await fc.assert(
    fc.asyncProperty(impairments, fc.integer(), steps, async (impairment, seed, script) => {
      const memory = new Memory(1 << 26)
      const t = impaired({ ...impairment, seed }, { offload: true, macs: [MAC_B, MAC_B] }, memory)
      const before = memory.allocated
      play(t, script)
      for (const direction of ['in', 'out'] as const) {
        const stats = t.stats[direction]
        const { frames, duplicated, injected } = stats
        expect(accounted(stats) + t.bad.onTheWay[direction]).toBe(frames + duplicated + injected)
        expect(t.bad.waiting[direction]).toBeGreaterThanOrEqual(0)
        for (const [name, value] of Object.entries(stats)) expect(value, name).toBeGreaterThanOrEqual(0)
      }
      // 100 kbit/s take a while.
      t.bad.set({ bandwidth: 1e6 })
      t.clock.advance(100_000)
      expect(t.bad.onTheWay).toEqual({ in: 0, out: 0 })
      expect(t.bad.waiting).toEqual({ in: 0, out: 0 })
      expect(t.far.sink.frames.length).toBe(t.stats.out.delivered)
      expect(t.near.sink.frames.length).toBe(t.stats.in.delivered)
      expect(memory.allocated).toBe(before)
      await t.bad.close()
    }),
    { numRuns: 100, seed: 20_261_123 },
  )
})

test('the same seed and the same course give the same frames at the same times', () => {
  fc.assert(
    fc.property(impairments, fc.integer(), steps, (impairment, seed, script) => {
      const run = (): string => {
        const t = impaired({ ...impairment, seed }, { offload: true, macs: [MAC_B, MAC_B] })
        play(t, script)
        t.clock.advance(1000)
        return JSON.stringify([t.arrivals, t.far.sink.frames, t.near.sink.frames, t.stats])
      }
      const first = run()
      expect(run() === first).toBe(true)
    }),
    { numRuns: 30, seed: 20_261_124 },
  )
})

test('what is not used draws nothing: other fates stay as they were', () => {
  // The fates of 2,000 frames under the older kinds, with each of the newer ones once at hand without effect.
  const fates = (more: ImpairOptions): string => {
    const { clock, near, far, arrivals } = impaired({
      latency: 10,
      jitter: 4,
      loss: 0.1,
      duplicate: 0.1,
      corrupt: 0.1,
      reorder: 0.1,
      seed: 77,
      ...more,
    })
    for (let i = 0; i < 2000; i++) {
      near.send(numbered(i))
      clock.advance(0.5)
    }
    clock.advance(100)
    return JSON.stringify([arrivals, far.sink.numbers])
  }
  const before = fates({})
  const unused: Impairment[] = [
    { mark: 0.5 },
    { policer: { rate: 1e9, burst: 1e6 } },
    { pathMtu: 1500 },
    { script: [{ match: 'data', do: 'drop' }] },
    { codel: true, ecn: true, markAbove: 0 },
    { jitterInOrder: true, jitterDistribution: 'uniform', corruptBits: 1 },
    { filter: () => 'pass' },
  ]
  for (const more of unused) expect(fates(more) === before, Object.keys(more).join()).toBe(true)
  expect(fates({ seed: 78 }) === before).toBe(false)
})
