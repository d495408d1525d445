import { describe, expect, it } from 'vitest'
import type { CongestionName } from '../../src/index.ts'
import { bundled } from './bundled.ts'

const { jain, Netsim } = await bundled<typeof import('./netsim.ts')>(new URL('netsim.ts', import.meta.url))

const MBIT = 1e6
const KB = 1000
/** Payload of a full segment with timestamps, and the share of a link's bits that is payload. */
const SEGMENT = 1448
const PAYLOAD = SEGMENT / 1500

describe('one flow', () => {
  it.each(['cubic', 'newreno'] as const)(
    'R9438-11 %s fills 100 Mbit/s × 50 ms with a queue of one bandwidth-delay product',
    (congestion) => {
      const sim = new Netsim({ bandwidth: 100 * MBIT, rtt: 50, queue: 625 * KB })
      sim.add({ congestion })
      sim.run(2)
      const [bytes] = sim.run(8)
      expect((bytes * 8) / 8 / MBIT).toBeGreaterThan(0.97 * 100 * PAYLOAD)
      expect(sim.sender.tcp.counters.timeouts).toBe(0)
    },
  )

  it('R9406-03 HyStart++ ends slow start with less than half of the loss', () => {
    const drops = (['cubic', 'newreno'] as const).map((congestion) => {
      const sim = new Netsim({ bandwidth: 100 * MBIT, rtt: 50, queue: 625 * KB })
      sim.add({ congestion })
      sim.run(1)
      return sim.link.stats.out.queueDropped
    })
    expect(drops[0]).toBeLessThan(drops[1] / 2)
  })

  it('a shallow queue, an eighth of the bandwidth-delay product: CUBIC keeps three quarters of the link', () => {
    const sim = new Netsim({ bandwidth: 50 * MBIT, rtt: 40, queue: 31 * KB })
    sim.add()
    sim.run(5)
    const [bytes] = sim.run(15)
    expect((bytes * 8) / 15 / MBIT).toBeGreaterThan(0.75 * 50 * PAYLOAD)
    expect(sim.sender.tcp.counters.timeouts).toBe(0)
  })

  it('a recovery does not run out of data because SACKed bytes fill the send buffer', () => {
    const sim = new Netsim({ bandwidth: 50 * MBIT, rtt: 10, queue: 12_500, tcp: { sendBuffer: 131_072 } })
    sim.add()
    sim.run(2)
    const [bytes] = sim.run(8)
    expect((bytes * 8) / 8 / MBIT).toBeGreaterThan(0.93 * 50 * PAYLOAD)
  })
})

/** Average window of Reno in segments: sqrt(3/2p). */
const reno = (p: number): number => Math.sqrt(1.5 / p)
/** Of CUBIC: RFC 9438 section 5.1, or Reno's where that is more. */
const cubic = (p: number, rtt: number): number => Math.max(reno(p), 1.054 * (rtt / p) ** 0.75)

describe('the response function', () => {
  const cases: [CongestionName, number, number, number][] = [
    ['newreno', 0.001, 50, 120],
    ['newreno', 0.01, 50, 60],
    ['cubic', 0.001, 50, 120],
    ['cubic', 0.01, 50, 60],
    // The cubic region proper: 94 segments where Reno has 55.
    ['cubic', 0.0005, 200, 300],
  ]
  it.each(cases)(
    'R5681-28 %s at a loss of %d and a round-trip time of %i ms',
    (congestion, loss, rtt, seconds) => {
      const sim = new Netsim({ bandwidth: 1000 * MBIT, rtt, queue: 10_000 * KB, loss, seed: 11 })
      sim.add({ congestion })
      sim.run(seconds / 10)
      const [bytes] = sim.run(seconds)
      const window = (bytes / SEGMENT / seconds) * (rtt / 1000)
      const theory = congestion === 'cubic' ? cubic(loss, rtt / 1000) : reno(loss)
      expect(window / theory).toBeGreaterThan(0.8)
      expect(window / theory).toBeLessThan(1.25)
    },
  )
})

const ALGORITHMS = ['newreno', 'cubic', 'bbr'] as const

/** The shares of flows that begin one after the other, over a minute. */
function share(rtt: number, ...flows: CongestionName[]): number[] {
  const bandwidth = 20 * MBIT
  // One bandwidth-delay product.
  const sim = new Netsim({ bandwidth, rtt, queue: (bandwidth / 8) * (rtt / 1000) })
  flows.forEach((congestion, i) => {
    sim.add({ congestion, start: i * 0.3 })
  })
  const bytes = sim.run(60)
  const sum = bytes.reduce((a, b) => a + b, 0)
  expect((sum * 8) / 60).toBeGreaterThan(0.9 * bandwidth * PAYLOAD)
  return bytes.map((b) => b / sum)
}

describe('fairness', () => {
  it.each(ALGORITHMS)('two flows of %s: Jain’s index is 0.95 after a minute', (congestion) => {
    expect(jain(share(40, congestion, congestion))).toBeGreaterThan(0.95)
  })

  it.each(ALGORITHMS)('eight flows of %s: likewise', (congestion) => {
    const eight: CongestionName[] = Array.from({ length: 8 }, () => congestion)
    expect(jain(share(40, ...eight))).toBeGreaterThan(0.95)
  })

  // The longer the round trip, the more of its own curve CUBIC uses, which is what it is for (RFC 9438 section 4.3): whoever
  // then begins first keeps more, for longer than a minute. Half of an equal share is what nobody falls below up to 40 ms.
  it.each([
    [10, 0.35],
    [40, 0.3],
    [100, 0.15],
  ])('R9438-05 CUBIC does not starve NewReno, nor the reverse: %i ms, no less than %d', (rtt, least) => {
    for (const shares of [share(rtt, 'cubic', 'newreno'), share(rtt, 'newreno', 'cubic')]) {
      expect(Math.min(...shares)).toBeGreaterThan(least)
    }
  })

  it.each([40, 100])('BBR leaves CUBIC something beside it: %i ms', (rtt) => {
    for (const shares of [share(rtt, 'bbr', 'cubic'), share(rtt, 'cubic', 'bbr')]) {
      expect(Math.min(...shares)).toBeGreaterThan(0.12)
    }
  })
})

describe('where other stacks’ RACK fell over', () => {
  it.each(ALGORITHMS.flatMap((congestion) => [20, 100].map((rtt) => [congestion, rtt] as const)))(
    'R8985-09 %s, %i ms: a quarter of the segments overtakes by 5 ms, and none of them is sent again',
    (congestion, rtt) => {
      const bandwidth = 100 * MBIT
      const queue = 2 * (bandwidth / 8) * (rtt / 1000)
      const sim = new Netsim({ bandwidth, rtt, queue, reorder: 0.25, skip: 5, seed: 3 })
      sim.add({ congestion })
      sim.run(5)
      const { counters } = sim.sender.tcp
      let bytes = 0
      // Half seconds since the queue has last overflowed: the repair of that is over after one.
      let since = 0
      let calm = 0
      for (let i = 0; i < 20; i++) {
        const { retransmitted } = counters
        const dropped = sim.link.stats.out.queueDropped
        bytes += sim.run(0.5)[0]
        since = sim.link.stats.out.queueDropped === dropped ? since + 1 : 0
        if (since < 3) continue
        calm++
        expect(counters.retransmitted - retransmitted).toBe(0)
      }
      expect(calm).toBeGreaterThan(10)
      expect(counters.timeouts).toBe(0)
      expect((bytes * 8) / 10).toBeGreaterThan(0.9 * bandwidth * PAYLOAD)
    },
  )

  // A bucket of 100 ms. A burst of a slow start that was never slowed by the link empties it at once.
  it.each(ALGORITHMS.flatMap((congestion) => [10, 40].map((rtt) => [congestion, rtt] as const)))(
    '%s, %i ms: a policer gets its rate, and no timeouts',
    (congestion, rtt) => {
      const rate = 20 * MBIT
      const policer = { rate, burst: (rate / 8) * 0.1 }
      const sim = new Netsim({ bandwidth: 1000 * MBIT, rtt, queue: 4000 * KB, more: { policer } })
      sim.add({ congestion })
      const [bytes] = sim.run(30)
      expect((bytes * 8) / 30).toBeGreaterThan(0.85 * rate * PAYLOAD)
      expect(sim.sender.tcp.counters.timeouts).toBe(0)
    },
  )
})
