// pnpm bench:micro
import { parseArgs } from 'node:util'
import { measure } from 'mitata'
import { formatTable } from '../../examples/main/table.ts'
import { markdownTable } from '../compare/tables.ts'
import { machine } from '../machine.ts'
import { type Spread, spreadOf } from '../median.ts'
import { writePart } from '../page.ts'
import { startProgress } from '../progress.ts'
import type { Case, Way } from './case.ts'
import { CHECKSUM } from './checksum.ts'
import { DEMUX } from './demux.ts'
import { HEADERS } from './headers.ts'
import { RING } from './ring.ts'
import { TIMERS } from './timers.ts'

const HELP = `pnpm bench:micro: what the stack does for each packet, beside what one would write without thinking

  --rounds N   of each, in turn (default 5)
  --quick      one short round; writes nothing
  --no-write   leave docs/performance.md as it is
  --help`

const CASES: readonly Case[] = [CHECKSUM, HEADERS, DEMUX, TIMERS, RING]
const MILLISECOND = 1e6

function readOptions(): { rounds: number; quick: boolean; write: boolean } | null {
  const { values } = parseArgs({
    options: {
      rounds: { type: 'string' },
      quick: { type: 'boolean', default: false },
      'no-write': { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  if (values.help) return null
  const rounds = Number(values.rounds ?? (values.quick ? 1 : 5))
  if (!Number.isInteger(rounds) || rounds < 1 || rounds > 100)
    throw new Error(`--rounds takes a whole number from 1 to 100, and this is '${values.rounds}'`)
  return { rounds, quick: values.quick, write: !values.quick && !values['no-write'] }
}

/** Nanoseconds for the thing done once: the median of the library's samples. */
async function nanoseconds({ run, times }: Way, quick: boolean): Promise<number> {
  const { p50 } = await measure(run, { min_cpu_time: (quick ? 5 : 100) * MILLISECOND, inner_gc: false })
  return p50 / times
}

const format = (value: number): string =>
  value < 10 ? value.toFixed(1) : Math.round(value).toLocaleString('en')

function rowsOf(results: ReadonlyMap<Way, Spread>): string[][] {
  return CASES.flatMap(({ name, ways }) => {
    const own = results.get(ways[0])!
    return ways.map((way, i) => {
      const spread = results.get(way)!
      const range = `${format(spread.low)} to ${format(spread.high)}`
      const ratio = i === 0 ? '' : `× ${format(spread.median / own.median)}`
      return [i === 0 ? name : '', way.name, format(spread.median), range, ratio]
    })
  })
}

async function main(): Promise<void> {
  const options = readOptions()
  if (options === null) {
    console.log(HELP)
    return
  }
  const ways = CASES.flatMap((one) => one.ways)
  const found = new Map<Way, number[]>(ways.map((way) => [way, []]))
  const progress = startProgress(ways.length * options.rounds)
  for (let round = 0; round < options.rounds; round++) {
    for (const way of ways) {
      const time = await nanoseconds(way, options.quick)
      found.get(way)!.push(time)
      progress.add(`${way.name}: ${format(time)} ns`)
    }
  }
  progress.stop()
  const results = new Map([...found].map(([way, times]) => [way, spreadOf(times)]))
  const header = ['for each packet', 'how', 'ns', 'lowest to highest', '']
  const rows = rowsOf(results)
  console.log(`\n${formatTable(header, rows)}`)
  if (!options.write) return
  writePart(
    'bench micro',
    `${markdownTable(header, rows)}\n\nMedians of ${options.rounds} rounds; ${machine()}.`,
  )
  console.error('\nWritten to docs/performance.md.')
}

main().catch((error: unknown) => {
  console.error(`tapwire: ${error instanceof Error ? error.message : String(error)}`)
  process.exit(2)
})
