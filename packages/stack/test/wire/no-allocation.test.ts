import { afterAll, expect, it } from 'vitest'
import { ChildProgram } from '../child-program.ts'
import type { Cost, Order } from './headers.child.ts'

const SEGMENTS = 1_000_000
/** Bytes: the measure itself leaves up to 10 kB, measured. The smallest object has 16; one for every thousand segments is too many. */
const ALLOWED = 16_000

const program = new ChildProgram(new URL('./headers.child.ts', import.meta.url))
afterAll(() => program.remove())

async function cost(six: boolean, litterOneIn: number): Promise<Cost> {
  const order: Order = { six, segments: SEGMENTS, litterOneIn }
  return (await program.run(order)) as Cost
}

it.each([
  ['IPv4', false],
  ['IPv6', true],
])('writing and reading a segment over %s allocates nothing', { timeout: 300_000 }, async (_, six) => {
  const spent = await cost(six, 0)
  // The sum that is read is 0 for a handful of numbers only.
  expect(spent.good).toBeGreaterThan(SEGMENTS * 0.999)
  expect(spent.scavenges).toBe(0)
  expect(spent.heapGrowth, JSON.stringify(spent, null, 1)).toBeLessThan(ALLOWED)
})

it('the measure sees an object for every five hundred segments', { timeout: 300_000 }, async () => {
  const spent = await cost(false, 500)
  expect(spent.heapGrowth).toBeGreaterThan(ALLOWED)
  expect(spent.culprits[0]).toMatch(/row/)
})
