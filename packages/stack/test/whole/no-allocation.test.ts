import { afterAll, describe, expect, it } from 'vitest'
import { ChildProgram } from '../child-program.ts'
import type { Cost, Order } from './segments.child.ts'

const SEGMENTS = 1_000_000
const WARM_UP = 2_000_000

const program = new ChildProgram(new URL('./segments.child.ts', import.meta.url))
afterAll(() => program.remove())

async function cost(order: Partial<Order>): Promise<Cost> {
  const usual: Order = {
    traffic: 'bulk',
    family: 4,
    offloads: false,
    loseOneIn: 0,
    litterOneIn: 0,
    segments: SEGMENTS,
    warmUp: WARM_UP,
  }
  return (await program.run({ ...usual, ...order })) as Cost
}

/** In bytes a segment. The smallest object has 16. */
function growth(spent: Cost): number {
  expect(spent.segments).toBeGreaterThanOrEqual(SEGMENTS)
  expect(spent.scavenges, JSON.stringify(spent)).toBe(0)
  return spent.heapGrowth / spent.segments
}

describe('a million segments leave no garbage', () => {
  /*
   * Each entry into the stack at a new moment makes one number, the time. A burst is a hundred segments, so that this is no
   * matter (0.1 to 0.6 bytes a segment, measured, with what the compiler leaves behind); losses break bursts up (1.7 and
   * 2.0); an echo has a burst for every segment (16.5).
   */
  it.each([
    { traffic: 'bulk', family: 4, offloads: false, loseOneIn: 0, allowed: 1 },
    { traffic: 'bulk', family: 6, offloads: false, loseOneIn: 0, allowed: 1 },
    { traffic: 'bulk', family: 4, offloads: true, loseOneIn: 0, allowed: 1 },
    { traffic: 'bulk', family: 4, offloads: false, loseOneIn: 500, allowed: 3 },
    { traffic: 'duplex', family: 4, offloads: false, loseOneIn: 500, allowed: 3 },
    { traffic: 'many', family: 4, offloads: false, loseOneIn: 0, allowed: 1 },
    { traffic: 'echo', family: 4, offloads: false, loseOneIn: 0, allowed: 17 },
    { traffic: 'udp', family: 4, offloads: false, loseOneIn: 0, allowed: 1 },
  ] as const)(
    '$traffic over IPv$family, offloads: $offloads, one in $loseOneIn lost: less than $allowed bytes a segment',
    { timeout: 300_000 },
    async ({ allowed, ...order }) => {
      const spent = await cost(order)
      if (order.traffic !== 'echo') expect(spent.bytes).toBeGreaterThan(SEGMENTS * 500)
      if (order.loseOneIn > 0) expect(spent.retransmitted).toBeGreaterThan(500)
      else expect(spent.retransmitted).toBe(0)
      expect(growth(spent), JSON.stringify(spent, null, 1)).toBeLessThan(allowed)
    },
  )

  it('the measure sees one small object for every ten segments, and whose it is', {
    timeout: 300_000,
  }, async () => {
    const spent = await cost({ litterOneIn: 10 })
    expect(growth(spent)).toBeGreaterThan(2)
    // The profiler names the function that it was inlined into.
    expect(spent.culprits[0]).toMatch(/litter|step/)
  })
})
