import { describe, expect, it } from 'vitest'
import type { CongestionName } from '../../src/index.ts'
import { jain, Netsim } from './netsim.ts'

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

/** The shares of flows that begin one after the other, over a minute. */
function share(...flows: CongestionName[]): number[] {
  const sim = new Netsim({ bandwidth: 20 * MBIT, rtt: 40, queue: 100 * KB })
  flows.forEach((congestion, i) => {
    sim.add({ congestion, start: i * 0.3 })
  })
  const bytes = sim.run(60)
  const sum = bytes.reduce((a, b) => a + b, 0)
  expect((sum * 8) / 60 / MBIT).toBeGreaterThan(0.9 * 20 * PAYLOAD)
  return bytes.map((b) => b / sum)
}

describe('fairness', () => {
  it('two CUBIC flows: Jain’s index is 0.95 after a minute', () => {
    expect(jain(share('cubic', 'cubic'))).toBeGreaterThan(0.95)
  })

  it('eight CUBIC flows: likewise', () => {
    const eight: CongestionName[] = Array.from({ length: 8 }, () => 'cubic')
    expect(jain(share(...eight))).toBeGreaterThan(0.95)
  })

  it('two NewReno flows: likewise', () => {
    expect(jain(share('newreno', 'newreno'))).toBeGreaterThan(0.95)
  })

  it('R9438-05 CUBIC does not starve NewReno, nor the reverse', () => {
    for (const shares of [share('cubic', 'newreno'), share('newreno', 'cubic')]) {
      expect(Math.min(...shares)).toBeGreaterThan(0.3)
    }
  })
})
