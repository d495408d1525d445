import { parseArgs } from 'node:util'
import { FIGURES, type Figure } from './tasks.ts'

export const HELP = `pnpm bench: tapwire's net against Node's net over the kernel's TCP, on this machine

  pnpm bench                     everything; writes tables and charts into docs/performance.md (about eight minutes)
  pnpm bench --quick             whether it works, not how fast it is; writes nothing
  pnpm bench --parts figures --figures rx,tx --rounds 9 --no-write

  --rounds N        of each measurement, all targets in turn; medians are told (default 5)
  --seconds N       of each transfer, 0.1 to 60 (default 1)
  --parts LIST      figures, connections, rtt, micro (default: all)
  --figures LIST    of figures: ${FIGURES.join(', ')} (default: all)
  --held N          connections to hold for 'memory' (default 10000)
  --pin PLACE       same: server and load on one processor (default: steady, and what ratios are made of);
                    split: one for each; none: where the scheduler puts them
  --json            every run as a line of JSON, in the place of the tables
  --no-write        leave docs/performance.md as it is
  --quick           one short round of everything, fewer connections
  --help

Server and load are processes of their own, in network namespaces that are gone afterwards. Needs Linux, /dev/net/tun, root (or
"unshare -Urn") and the program 'ip'; 'taskset' to pin, 'ethtool' for the targets without offloads. The status is 0, or 2 when
it could not be measured.`

export type Part = 'figures' | 'connections' | 'rtt' | 'micro'
export type Pin = 'same' | 'split' | 'none'

const PARTS: readonly Part[] = ['figures', 'connections', 'rtt', 'micro']
const PINS: readonly Pin[] = ['same', 'split', 'none']

export interface BenchOptions {
  readonly rounds: number
  readonly seconds: number
  readonly parts: readonly Part[]
  readonly figures: readonly Figure[]
  readonly held: number
  readonly pin: Pin
  readonly json: boolean
  readonly write: boolean
  readonly quick: boolean
}

/** Node's own parser; null for `--help`. @throws Error with one sentence for the user */
export function parseOptions(args: readonly string[]): BenchOptions | null {
  const { values } = parseArgs({
    args: [...args],
    options: {
      rounds: { type: 'string' },
      seconds: { type: 'string' },
      parts: { type: 'string' },
      figures: { type: 'string' },
      held: { type: 'string' },
      pin: { type: 'string', default: 'same' },
      quick: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      'no-write': { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  if (values.help) return null
  const { quick, json } = values
  return {
    rounds: number('rounds', values.rounds ?? (quick ? '1' : '5'), 1, 100, true),
    seconds: number('seconds', values.seconds ?? (quick ? '0.2' : '1'), 0.1, 60, false),
    parts: list('parts', values.parts, PARTS),
    figures: list('figures', values.figures, FIGURES),
    held: number('held', values.held ?? (quick ? '500' : '10000'), 1, 50_000, true),
    pin: list('pin', values.pin, PINS)[0],
    json,
    write: !quick && !json && !values['no-write'],
    quick,
  }
}

function number(name: string, text: string, low: number, high: number, whole: boolean): number {
  const value = Number(text)
  if (value >= low && value <= high && (!whole || Number.isInteger(value))) return value
  throw new Error(
    `--${name} takes a ${whole ? 'whole ' : ''}number from ${low} to ${high}, and this is '${text}'`,
  )
}

function list<T extends string>(name: string, text: string | undefined, known: readonly T[]): readonly T[] {
  if (text === undefined) return known
  return text.split(',').map((word) => {
    const found = known.find((one) => one === word.trim())
    if (found === undefined) throw new Error(`--${name} takes ${known.join(', ')}, and this is '${word}'`)
    return found
  })
}
