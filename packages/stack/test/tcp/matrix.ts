import { describe, expect, it } from 'vitest'
import type { CongestionName } from '../../src/index.ts'
import { bundled } from './bundled.ts'
import { boundsOf, guardOf } from './matrix-bounds.ts'
import { CELLS } from './matrix-cells.ts'
import { keyOf, read, write } from './matrix-file.ts'
import { model } from './matrix-models.ts'

/**
 * One algorithm's part of the matrix, against what is written down in `matrix.txt` and against theory. What has risen may be
 * written down with `MATRIX=write npx vitest run --no-file-parallelism packages/stack/test/tcp/matrix`.
 */
export async function matrixOf(algorithm: CongestionName): Promise<void> {
  const { measure } = await bundled<typeof import('./matrix-cells.ts')>(
    new URL('matrix-cells.ts', import.meta.url),
  )
  const cells = CELLS.filter((cell) => cell.algorithm === algorithm)

  if (process.env.MATRIX === 'write') {
    it(`the matrix of ${algorithm} is written anew`, { timeout: 600_000 }, () => {
      const measured = new Map<string, number>()
      for (const cell of cells) {
        const { goodput } = measure(cell)
        measured.set(keyOf(cell), goodput)
        process.stderr.write(`${measured.size}/${cells.length} ${keyOf(cell)}: ${goodput.toFixed(2)}\n`)
      }
      write(measured)
    })
    return
  }

  const expected = read(algorithm)

  it(`matrix.txt has each cell of ${algorithm}, and no other`, () => {
    expect([...expected.keys()]).toEqual(cells.map(keyOf))
  })

  describe.each([10, 100, 1000])('%i Mbit/s', (bandwidth) => {
    it.each(cells.filter((cell) => cell.bandwidth === bandwidth))(
      '$rtt ms, $condition',
      { timeout: 120_000 },
      (cell) => {
        const { goodput, sim } = measure(cell)
        const { out } = sim.link.stats
        // The link itself has to have room for what the cell says.
        expect(out.overflowed + out.refused).toBe(0)
        const [least, most] = boundsOf(cell)
        expect(goodput / model(cell)).toBeGreaterThan(least)
        expect(goodput / model(cell)).toBeLessThan(most)
        expect(goodput).toBeGreaterThanOrEqual(guardOf(cell) * (expected.get(keyOf(cell)) ?? Number.NaN))
      },
    )
  })
}
