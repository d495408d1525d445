import { describe, expect, it } from 'vitest'
import { MODERN, Script } from './script.ts'
import { dropData, mathis, type TransferResult, transfer } from './transfer.ts'

const MB = 1_000_000

/** Segments sent again although nothing had been dropped; probes of new data do not count. */
function needless(result: TransferResult): number {
  return Math.max(0, result.counters.retransmitted - result.dropped)
}

describe.each(['newreno', 'cubic'] as const)('bulk transfer over a bad link, %s', (congestion) => {
  const tcp = { congestion }

  // Both directions lose, so that ACKs are missing too, and a window of five segments at 5 %, of three at 10 %, often has none
  // left to tell of a loss: a timeout is 20 round trips here. A single seed is chance: six of 8 MB at 1 % were 0.74 to 1.05 of
  // what loss allows, their mean 0.9; 0.96 when no ACKs are lost.
  it.each([
    { loss: 0.01, bytes: 8 * MB, fraction: 0.8, timeouts: 1.5 },
    { loss: 0.05, bytes: 3 * MB, fraction: 0.45, timeouts: 9 },
    { loss: 0.1, bytes: 1 * MB, fraction: 0.2, timeouts: 18 },
  ])('$loss lost: at least $fraction of what loss allows', ({ loss, bytes, fraction, timeouts }) => {
    const results = [5, 6, 7, 8, 9, 10].map((seed) =>
      transfer({ bytes, rtt: 10, impairment: { loss, seed }, tcp }),
    )
    const mean = (of: (result: TransferResult) => number): number =>
      results.reduce((sum, result) => sum + of(result), 0) / results.length
    expect(mean((result) => result.goodput) / mathis(10, loss)).toBeGreaterThan(fraction)
    // A lost ACK makes a probe or a timeout repeat what has arrived.
    expect(mean(needless)).toBeLessThan(0.015 * (bytes / 1448))
    expect(mean((result) => result.counters.timeouts)).toBeLessThan(timeouts)
    expect(mean((result) => result.counters.spuriousTimeouts)).toBe(0)
  })

  it('R8985-09 a tenth of the frames overtakes by 5 ms of 20: hardly anything is sent again, and the link stays full', () => {
    const result = transfer({
      bytes: 30 * MB,
      rtt: 20,
      skip: 10,
      impairment: { reorder: 0.1, seed: 3, bandwidth: 100e6, queue: 8 << 20 },
      tcp,
    })
    expect(result.goodput).toBeGreaterThan(0.85 * 12.5 * MB)
    expect(result.counters.timeouts).toBe(0)
    expect(needless(result)).toBeLessThan((0.01 * 30 * MB) / 1448)
  })

  it('bursts of losses: each repaired by SACK, without a timeout', () => {
    // 12 of every 400 data segments in a row.
    const filter = dropData((i) => i > 100 && i % 400 < 12)
    const result = transfer({ bytes: 8 * MB, rtt: 20, impairment: { filter }, tcp })
    expect(result.counters.timeouts).toBeLessThanOrEqual(1)
    expect(needless(result)).toBeLessThanOrEqual(1)
  })

  it('a queue of ten packets: progress, and losses repaired without timeouts', () => {
    const result = transfer({
      bytes: 10 * MB,
      rtt: 40,
      impairment: { bandwidth: 20e6, queue: 15_000, direction: 'out' },
      tcp,
    })
    expect(result.goodput).toBeGreaterThan(0.5 * 2.5 * MB)
    expect(result.counters.timeouts).toBeLessThanOrEqual(1)
  })
})

describe('what the sender repeats', () => {
  it.each([0.001, 0.01, 0.05])('R6675-10 is what was lost, and nothing else: %d of the data', (loss) => {
    const result = transfer({ bytes: 5 * MB, rtt: 20, impairment: { loss, seed: 4, direction: 'out' } })
    expect(result.dropped).toBeGreaterThan(0)
    expect(needless(result)).toBeLessThanOrEqual(1)
  })
})

describe('the end of a transfer', () => {
  it.each([1, 2, 3, 5, 8])(
    'R8985-18 its last %i segments lost: the probe repairs it, not the RTO',
    (lost) => {
      const bytes = 30 * 1448
      const filter = dropData((i) => i >= 30 - lost && i < 30)
      const result = transfer({ bytes, rtt: 20, impairment: { filter } })
      expect(result.counters).toMatchObject({ timeouts: 0, tailProbes: 1 })
      // An RTO would have taken 220 ms more.
      expect(result.seconds).toBeLessThan(lost === 1 ? 0.33 : 0.25)
    },
  )

  it('R8985-17 when the probe is lost as well, the RTO it is', () => {
    const filter = dropData((i) => i === 29 || i === 30)
    const result = transfer({ bytes: 30 * 1448, rtt: 20, impairment: { filter } })
    expect(result.counters).toMatchObject({ timeouts: 1, tailProbes: 1 })
  })
})

describe('what the receiver tells', () => {
  it('R2018-05 R5681-11 a burst with more holes than blocks fit in an ACK: each gets its ACK', () => {
    const t = new Script().established(MODERN)
    const size = 1000
    const holes = [0, 3, 6, 9, 12, 15]
    const burst = Array.from({ length: 18 }, (_, i) => i).filter((i) => !holes.includes(i))
    t.send(...burst.map((i) => ({ flags: 'A', seq: 1 + i * size, ack: 1, data: size })))
    const told = new Set<number>()
    let acks = 0
    for (; t.pending > 0; acks++) {
      const sack = t.next().options.find((o) => o.name === 'sack')
      if (sack?.name !== 'sack') continue
      for (const [left, right] of sack.blocks) {
        for (let at = left; at !== right; at = (at + size) >>> 0) told.add((at - 1 - t.isn) / size)
      }
    }
    expect([...told].sort((a, b) => a - b)).toEqual(burst)
    // R5681-24.
    expect(acks).toBeLessThanOrEqual(holes.length)
  })
})

describe('special senders', () => {
  it('R8985-02 a clock of 15 ms: a clean link is not retransmitted on', () => {
    const result = transfer({ bytes: 10 * MB, rtt: 20, tick: 15, impairment: { bandwidth: 50e6 } })
    expect(result.counters.timeouts).toBe(0)
    expect(needless(result)).toBe(0)
  })

  it.each([4, 20, 50])(
    'R8985-02 a clock of 15 ms and a round trip of %i: loss and reordering cost no timeouts',
    (rtt) => {
      const impairment = { loss: 0.01, reorder: 0.05, seed: 4, direction: 'out' } as const
      const result = transfer({ bytes: 5 * MB, rtt, skip: rtt / 8, tick: 15, impairment })
      expect(result.counters.timeouts).toBeLessThanOrEqual(3)
      expect(result.goodput / mathis(Math.max(15, rtt), 0.01)).toBeGreaterThan(0.5)

      expect(needless(result)).toBeLessThan((0.01 * 5 * MB) / 1448)
    },
  )

  it.each([0, 0.01, 0.05])(
    'super-frames are cut by what arrives of them: %d of the segments lost',
    (loss) => {
      const result = transfer({ bytes: 5 * MB, rtt: 10, offload: true, impairment: { loss, seed: 8 } })
      if (loss === 0) expect(result.counters.retransmitted).toBe(0)
      else expect(result.goodput / mathis(10, loss)).toBeGreaterThan(loss === 0.01 ? 0.7 : 0.4)
    },
  )

  it.each([0x7ff0_0000, 0xfff0_0000])('sequence numbers that wrap on the way, from %i', (iss) => {
    const impairment = { loss: 0.02, reorder: 0.02, seed: 6 }
    const plain = transfer({ bytes: 4 * MB, rtt: 10, skip: 4, impairment })
    const wrapped = transfer({ bytes: 4 * MB, rtt: 10, skip: 4, impairment, iss })
    // Loss strikes the same frames; only times of timers relative to each other may differ by a tick.
    expect(wrapped.seconds / plain.seconds).toBeGreaterThan(0.8)
    expect(wrapped.seconds / plain.seconds).toBeLessThan(1.25)
  })

  it('without SACK, without timestamps: all arrives, and faster than by timeouts alone', () => {
    const impairment = { loss: 0.01, seed: 5 }
    const result = transfer({ bytes: 3 * MB, rtt: 10, impairment, tcp: { sack: false, timestamps: false } })
    expect(result.goodput / mathis(10, 0.01)).toBeGreaterThan(0.4)
  })
})
