import { parseArgs } from 'node:util'
import { CELLS, type Plan, selectCells } from './cells.ts'

export const HELP = `pnpm bench:netem: goodput of tapwire against the kernel's own, over the same bad networks

  --cells LIST     only cells whose name has these parts, e.g. 100ms/loss3,20ms/reorder/sending
  --runs N         of each cell and each side; the table has the medians (default 5)
  --rate MBIT      of the link, 10 to 200 Mbit/s (default 50)
  --seconds N      of each run (default: by cell, 10 to 100)
  --lanes N        networks that are measured at the same time, 1 to 16 (default 12)
  --quick          one short run of each cell: whether it works, not how well
  --json           every run as a line of JSON, in the place of the table
  --where PLACE    native, uml (in a user-mode Linux), or auto (default: native where tc has netem)
  --help

Cells: ${CELLS.map(({ name }) => name)
  .join(' ')
  .replaceAll(/(.{1,90})( |$)/g, '\n  $1')
  .trim()}

The status is 0 when no cell has less than 0.9 of what the kernel has, 1 when one has, 2 when it could not be measured.`

export type Where = 'native' | 'uml' | 'auto'

export interface BenchOptions {
  readonly plan: Plan
  readonly json: boolean
  readonly where: Where
}

/** Node's own parser; null for `--help`. @throws Error with one sentence for the user */
export function parseOptions(args: readonly string[]): BenchOptions | null {
  const { values } = parseArgs({
    args: [...args],
    options: {
      cells: { type: 'string' },
      runs: { type: 'string' },
      rate: { type: 'string' },
      seconds: { type: 'string' },
      lanes: { type: 'string' },
      quick: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      where: { type: 'string', default: 'auto' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  if (values.help) return null
  const cells = values.cells === undefined ? CELLS : selectCells(values.cells)
  if (cells.length === 0) throw new Error(`no cell is called '${values.cells}': --help lists them`)
  const seconds = values.seconds ?? (values.quick ? '3' : undefined)
  return {
    plan: {
      cells,
      runs: whole('runs', values.runs ?? (values.quick ? '1' : '5'), 1, 100),
      rate: whole('rate', values.rate ?? '50', 10, 200),
      lanes: whole('lanes', values.lanes ?? '12', 1, 16),
      seconds: seconds === undefined ? null : whole('seconds', seconds, 1, 3600),
    },
    json: values.json,
    where: place(values.where),
  }
}

function whole(name: string, text: string, low: number, high: number): number {
  const value = Number(text)
  if (Number.isInteger(value) && value >= low && value <= high) return value
  throw new Error(`--${name} takes a whole number from ${low} to ${high}, and this is '${text}'`)
}

function place(text: string): Where {
  if (text === 'native' || text === 'uml' || text === 'auto') return text
  throw new Error(`--where takes native, uml or auto, and this is '${text}'`)
}
