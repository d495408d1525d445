import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { buildSync } from 'esbuild'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Cost, Order } from './segments.child.ts'

const SEGMENTS = 1_000_000
/** MiB of young objects after which they are collected: one of the smallest, 16 bytes, for every segment would do it. */
const NURSERY = 16
/**
 * What compilation, timers that fire and losses leave behind: a quarter of one such object for every segment. Measured: 0.7 MB
 * without loss, 3 MB with one segment in 500 lost, 2.5 MB in super-frames, where a frame is three segments.
 */
const ALLOWED = 4 * SEGMENTS

const run = promisify(execFile)
const folder = mkdtempSync(join(tmpdir(), 'tapwire-'))
const program = join(folder, 'segments.mjs')

beforeAll(() => {
  const entry = fileURLToPath(new URL('./segments.child.ts', import.meta.url))
  buildSync({
    entryPoints: [entry],
    outfile: program,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
  })
})

afterAll(() => rmSync(folder, { recursive: true }))

async function cost(order: Omit<Order, 'segments'>): Promise<Cost> {
  const argument = JSON.stringify({ ...order, segments: SEGMENTS })
  const { stdout } = await run(process.execPath, [
    '--expose-gc',
    `--min-semi-space-size=${NURSERY}`,
    program,
    argument,
  ])
  return JSON.parse(stdout) as Cost
}

/**
 * The cheapest of up to three processes: how often the compiler throws code away and makes it anew differs from run to run,
 * and its leavings stand in the same heap. What the stack allocates per segment is in every one of them.
 */
async function leastCost(order: Omit<Order, 'segments'>): Promise<Cost> {
  let least = await cost(order)
  for (let i = 0; i < 2 && (least.heapGrowth >= ALLOWED || least.scavenges > 0); i++) {
    const other = await cost(order)
    if (other.heapGrowth < least.heapGrowth) least = other
  }
  return least
}

describe('a million segments leave no garbage', () => {
  it.each([
    { family: 4, offloads: false, loseOneIn: 0 },
    { family: 6, offloads: false, loseOneIn: 0 },
    { family: 4, offloads: false, loseOneIn: 500 },
    { family: 4, offloads: true, loseOneIn: 0 },
  ] as const)(
    'IPv$family, offloads: $offloads, one in $loseOneIn lost',
    { timeout: 120_000 },
    async (order) => {
      const spent = await leastCost(order)
      expect(spent.segments).toBeGreaterThanOrEqual(SEGMENTS)
      expect(spent.bytes).toBeGreaterThan(SEGMENTS * 500)
      if (order.loseOneIn > 0) expect(spent.retransmitted).toBeGreaterThan(500)
      expect(spent, JSON.stringify(spent)).toMatchObject({ scavenges: 0 })
      expect(spent.heapGrowth, JSON.stringify(spent)).toBeLessThan(ALLOWED)
    },
  )
})
