// pnpm bench
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { formatTable } from '../../examples/main/table.ts'
import { deviceObstacle, privilegeObstacle } from '../../examples/shared/kernel-obstacle.ts'
import { hasProgram } from '../../examples/shared/programs.ts'
import { machine } from '../machine.ts'
import { writeChart, writePart } from '../page.ts'
import { startProgress } from '../progress.ts'
import type { BenchTarget } from './bench-target.ts'
import { growthChart, ratioChart } from './charts.ts'
import { measureAll, type Run } from './measure-all.ts'
import { kernelHasNetem } from './netem.ts'
import { type BenchOptions, HELP, parseOptions } from './options.ts'
import { type Means, planOf, type Step } from './plan.ts'
import { figureRows, growthPoints } from './summary.ts'
import { cpuTable, figureTable, growthTable, markdownTable, TITLES } from './tables.ts'
import { isBulk } from './tasks.ts'

const CANNOT = 2
const open = new Set<BenchTarget>()

function stop(status: number): never {
  for (const target of open) target.close()
  process.exit(status)
}

function fail(error: unknown): never {
  console.error(`tapwire: ${error instanceof Error ? error.message : String(error)}`)
  stop(CANNOT)
}

/** @throws Error with a sentence for the user */
function checkPlace(): void {
  const device = deviceObstacle()
  if (device !== null) throw new Error(`the kernel cannot be the other side here: ${device}`)
  const privilege = privilegeObstacle()
  if (privilege !== null)
    throw new Error(`${privilege}: run it with sudo, or in a namespace of your own: unshare -Urn pnpm bench`)
  if (!hasProgram('ip')) throw new Error("the program 'ip' (of iproute2) is not installed")
}

function told(run: Run, { figure, connections }: Step): string {
  const scale = isBulk(figure) ? 1e6 : 1
  const many = connections > 1 ? ` × ${connections}` : ''
  return `${run.target}: ${TITLES[figure]}${many}: ${Math.round(run.value / scale).toLocaleString('en')}`
}

async function measure(options: BenchOptions, means: Means): Promise<Run[]> {
  const steps = planOf(options, means)
  // Parts one after the other: a target that is not measured need not stand.
  const parts = [...new Set(steps.map(({ part }) => part))]
  const runs: Run[] = []
  const progress = startProgress(steps.length * options.rounds)
  try {
    for (const part of parts) {
      const own = steps.filter((step) => step.part === part)
      const onRun = (run: Run, step: Step): void => {
        progress.add(told(run, step))
        if (options.json) console.log(JSON.stringify(run))
      }
      const onWarmUp = ({ name }: { name: string }): void => progress.note(`warming up: ${name}`)
      runs.push(...(await measureAll(own, options.rounds, options.pin, { open, onRun, onWarmUp })))
    }
    return runs
  } finally {
    progress.stop()
  }
}

interface Result {
  readonly name: string
  readonly title: string
  readonly tables: readonly [string[], string[][]][]
  readonly chart: string
  readonly alt: string
}

function resultsOf(runs: readonly Run[]): Result[] {
  const results: Result[] = []
  const rows = figureRows(runs)
  if (rows.length > 0) {
    const alt = "How many times Node's net over the kernel, for each figure"
    results.push({
      name: 'figures',
      title: "tapwire's net and Node's net over the kernel",
      tables: [figureTable(rows), cpuTable(rows)],
      chart: ratioChart(rows),
      alt,
    })
  }
  for (const [part, title, unit, label] of [
    ['connections', 'By the number of connections', 'at once', 'connections at once'],
    ['rtt', 'By the round-trip time', 'ms', 'milliseconds of round trip'],
  ] as const) {
    const points = growthPoints(runs, part)
    if (points.length === 0) continue
    results.push({
      name: part,
      title,
      tables: [growthTable(points, unit)],
      chart: growthChart(points, label),
      alt: `Throughput by ${label}`,
    })
  }
  return results
}

function write(result: Result, options: BenchOptions): void {
  const file = `performance-${result.name}.svg`
  writeChart(file, result.chart)
  const { rounds, seconds, pin } = options
  const tables = result.tables.map((table) => markdownTable(...table))
  const how = `Medians of ${rounds} interleaved rounds (lowest to highest), ${seconds} s each, pinned: ${pin}; ${machine()}.`
  writePart(`bench ${result.name}`, `![${result.alt}](${file})\n\n${tables.join('\n\n')}\n\n${how}`)
}

/** The micro-benchmarks, in a process that has done nothing else. */
async function runMicro({ quick, write: writes }: BenchOptions): Promise<void> {
  const file = fileURLToPath(new URL('../micro/main.ts', import.meta.url))
  const args = [...(quick ? ['--quick'] : []), ...(writes ? [] : ['--no-write'])]
  const child = spawn(process.execPath, ['--expose-gc', '--import', 'tsx', file, ...args], {
    stdio: 'inherit',
  })
  const [status] = await once(child, 'exit')
  if (status !== 0) throw new Error('the micro-benchmarks did not come to their end')
}

/** What is missing here is said. */
async function meansOf({ parts }: BenchOptions): Promise<Means> {
  const netem = parts.includes('rtt') && (await kernelHasNetem())
  if (parts.includes('rtt') && !netem)
    console.error(
      "This kernel has no netem: tapwire's own impair delays tapwire, and nothing the kernel's side.",
    )
  const ethtool = hasProgram('ethtool')
  if (parts.includes('figures') && !ethtool)
    console.error("'ethtool' is not installed: what has no offloads is not measured.")
  return { netem, ethtool }
}

async function main(): Promise<void> {
  const options = parseOptions(process.argv.slice(2))
  if (options === null) {
    console.log(HELP)
    return
  }
  const kernel = options.parts.some((part) => part !== 'micro')
  if (kernel) checkPlace()
  process.once('SIGINT', () => stop(130)).once('SIGTERM', () => stop(143))
  const results = resultsOf(await measure(options, await meansOf(options)))
  for (const result of results) {
    if (!options.json)
      console.log([`\n${result.title}`, ...result.tables.map((table) => formatTable(...table))].join('\n\n'))
    if (options.write) write(result, options)
  }
  if (options.write && results.length > 0) console.error('\nWritten to docs/performance.md and its charts.')
  if (options.parts.includes('micro') && !options.json) await runMicro(options)
}

main().then(() => stop(0), fail)
