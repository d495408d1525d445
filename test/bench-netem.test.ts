import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { CELLS, type Measured, type Side, selectCells } from '../bench/netem/cells.ts'
import { parseOptions } from '../bench/netem/options.ts'
import { formatRows, summarize } from '../bench/netem/table.ts'

const root = fileURLToPath(new URL('..', import.meta.url))

function run(cell: string, side: Side, rate: number): Measured {
  return { cell, side, rate, retransmitted: 1, busy: 0.5, counters: {} }
}

describe('bench:netem', () => {
  it('has both round-trip times, four troubles and both directions', () => {
    expect(CELLS).toHaveLength(16)
    expect(new Set(CELLS.map(({ name }) => name)).size).toBe(16)
  })

  it('cells are chosen by parts of their names, none by what is no whole part', () => {
    expect(selectCells('100ms/loss3').map(({ name }) => name)).toEqual([
      '100ms/loss3/sending',
      '100ms/loss3/receiving',
    ])
    expect(selectCells('20ms/reorder/sending, 100ms')).toHaveLength(9)
    expect(selectCells('loss')).toEqual([])
  })

  it('the table has medians, and marks what is below 0.9', () => {
    const cells = selectCells('20ms/loss1')
    const measured = [
      ...[10, 1, 12].map((rate) => run('20ms/loss1/sending', 'kernel', rate)),
      ...[8.9, 30, 2].map((rate) => run('20ms/loss1/sending', 'tapwire', rate)),
      ...[10, 20].map((rate) => run('20ms/loss1/receiving', 'kernel', rate)),
      ...[14, 14].map((rate) => run('20ms/loss1/receiving', 'tapwire', rate)),
    ]
    const rows = summarize(cells, measured)
    expect(rows.map(({ ratio }) => ratio.toFixed(2))).toEqual(['0.89', '0.93'])
    const [sending, receiving] = formatRows(rows).split('\n').slice(2)
    expect(sending).toContain('0.89 <')
    expect(receiving).not.toContain('<')
  })

  it('knows its options, and says what a value should have been', () => {
    expect(parseOptions(['--help'])).toBeNull()
    expect(parseOptions([])).toMatchObject({ plan: { runs: 5, rate: 50, seconds: null }, where: 'auto' })
    expect(parseOptions(['--quick', '--rate', '200'])).toMatchObject({
      plan: { runs: 1, rate: 200, seconds: 3 },
    })
    expect(() => parseOptions(['--rate', '5'])).toThrow(
      "--rate takes a whole number from 10 to 200, and this is '5'",
    )
    expect(() => parseOptions(['--cells', 'moon'])).toThrow("no cell is called 'moon'")
    expect(() => parseOptions(['--where', 'here'])).toThrow('--where takes native, uml or auto')
    expect(() => parseOptions(['--fast'])).toThrow('--fast')
  })

  it('a mistake on the command line is one sentence and the status 2', () => {
    const args = ['--import', 'tsx', 'bench/netem/main.ts', '--runs', 'many']
    const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: root, encoding: 'utf8' })
    expect({ status, stdout, stderr }).toEqual({
      status: 2,
      stdout: '',
      stderr: "tapwire: --runs takes a whole number from 1 to 100, and this is 'many'\n",
    })
  })
})
