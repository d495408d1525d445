// pnpm bench:netem

import { startProgress } from '../progress.ts'
import type { Measured, Plan } from './cells.ts'
import type { Event } from './measure.ts'
import { type BenchOptions, HELP, parseOptions } from './options.ts'
import { choosePlace, type Place } from './place.ts'
import { told } from './progress.ts'
import { ENOUGH, formatRows, summarize } from './table.ts'

const CANNOT = 2
const MARK = '@@ '

function fail(error: unknown): never {
  console.error(`tapwire: ${error instanceof Error ? error.message : String(error)}`)
  process.exit(CANNOT)
}

/** Runs the plan there. @throws Error when it did not come to its end */
async function measure(place: Place, plan: Plan): Promise<Measured[]> {
  const measured: Measured[] = []
  const progress = startProgress(plan.cells.length * plan.runs * 2)
  let failure: string | null = 'it ended before it was finished'
  let said = ''
  const take = (line: string): void => {
    if (!line.startsWith(MARK)) {
      said = `${said}\n${line}`.slice(-2000)
      return
    }
    const event = JSON.parse(line.slice(MARK.length)) as Event
    if ('measured' in event) {
      measured.push(event.measured)
      progress.add(told(event.measured))
    } else if ('failed' in event) failure = event.failed
    else if ('finished' in event) failure = null
  }
  let rest = ''
  const running = await place.start(plan, (text) => {
    const parts = `${rest}${text}`.split(/\r?\n/)
    rest = parts.pop() ?? ''
    for (const line of parts) take(line)
  })
  const stop = (): void => {
    running.kill()
    progress.stop()
    process.exit(130)
  }
  process.once('SIGINT', stop).once('SIGTERM', stop)
  await running.status
  process.off('SIGINT', stop).off('SIGTERM', stop)
  progress.stop()
  if (failure !== null) throw new Error(`${failure}${said}`)
  return measured
}

let options: BenchOptions | null = null
try {
  options = parseOptions(process.argv.slice(2))
} catch (error) {
  fail(error)
}
if (options === null) {
  console.log(HELP)
  process.exit(0)
}
try {
  const { plan } = options
  const place = await choosePlace(options.where)
  console.error(`Measuring in ${place.name}: ${plan.rate} Mbit/s, CUBIC, ${plan.runs} runs of each`)
  const measured = await measure(place, plan)
  const rows = summarize(plan.cells, measured)
  if (options.json) for (const run of measured) console.log(JSON.stringify(run))
  else console.log(`\n${formatRows(rows)}\n`)
  const short = rows.filter(({ ratio }) => !(ratio >= ENOUGH))
  const names = short.map(({ cell }) => cell.name).join(', ')
  console.error(
    short.length === 0 ? `Every cell has at least ${ENOUGH} of the kernel's.` : `Below ${ENOUGH}: ${names}`,
  )
  process.exit(short.length === 0 ? 0 : 1)
} catch (error) {
  fail(error)
}
