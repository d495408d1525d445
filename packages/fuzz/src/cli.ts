import { randomInt } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { SingleBar } from 'cli-progress'
import { type Arguments, readArguments, USAGE } from './run/arguments.ts'
import { reportFailure } from './run/artifacts.ts'
import { playScenario } from './run/play.ts'
import { type RunReport, runFuzz } from './run/run.ts'
import { Watchdog } from './run/watchdog.ts'

/** Seconds that no step may take. */
const PATIENCE = 60

async function main(given: readonly string[]): Promise<number> {
  let settings: Arguments
  try {
    settings = readArguments(given, randomInt(0xffff_ffff))
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : error}\nTry --help.`)
    return 2
  }
  if (settings.help) {
    process.stdout.write(USAGE)
    return 0
  }
  const watchdog = new Watchdog(PATIENCE)
  try {
    return settings.scenario === null
      ? await run(settings, watchdog)
      : await replay(settings, settings.scenario, watchdog)
  } finally {
    await watchdog.stop()
  }
}

async function replay(settings: Arguments, seed: number, watchdog: Watchdog): Promise<number> {
  const [harness] = settings.harnesses
  watchdog.about(`${harness.name}, seed ${seed}`)
  const { stride } = settings
  const { failure, steps } = await playScenario(harness, seed, { stride, onStep: () => watchdog.beat() })
  if (failure === null) {
    console.log(`✔ ${harness.name}, seed ${seed}: ${steps} steps, and nothing is wrong`)
    return 0
  }
  console.log(reportFailure(failure, settings.out))
  console.log(failure.error.stack)
  return 1
}

async function run(settings: Arguments, watchdog: Watchdog): Promise<number> {
  const { harnesses, seed, stride, bail, steps, milliseconds, out } = settings
  console.log(
    `seed ${seed}; ${harnesses.map(({ name }) => name).join(', ')}; invariants after every ${stride === 1 ? 'step' : `${stride} steps`}`,
  )
  const heapBefore = heap()
  const bar = progressBar()
  let interrupted = false
  const stop = (): void => {
    interrupted = true
  }
  process.once('SIGINT', stop)
  const report = await runFuzz({
    harnesses,
    seed,
    stride,
    bail,
    steps,
    milliseconds,
    onScenario: (harness, scenario) => watchdog.about(`${harness.name}, seed ${scenario}`),
    onStep: () => watchdog.beat(),
    onFailure: (failure) => console.log(reportFailure(failure, out)),
    onProgress: (progress) => {
      bar.update(done(settings, progress), { steps: progress.steps, failures: progress.failures })
      if (interrupted) throw new Interrupted()
    },
  }).catch((error: unknown) => {
    if (error instanceof Interrupted) return null
    throw error
  })
  bar.stop()
  process.off('SIGINT', stop)
  if (report === null) {
    console.log('Interrupted.')
    return 130
  }
  printReport(report, heapBefore)
  if (settings.json !== null) writeFileSync(settings.json, `${JSON.stringify(report, null, 2)}\n`)
  return report.failures === 0 ? 0 : 1
}

class Interrupted extends Error {}

/** Whole percents, of time or of steps. */
function done({ steps, milliseconds }: Arguments, report: RunReport): number {
  return Math.min(100, Math.floor(100 * Math.max(report.steps / steps, report.elapsed / milliseconds)))
}

/** A bar on a terminal; elsewhere, in a log, a line every half minute. */
function progressBar(): SingleBar {
  const bar = new SingleBar({
    format: '{bar} {percentage} %  {steps} steps, {failures} failures',
    stream: process.stderr,
    noTTYOutput: true,
    notTTYSchedule: 30_000,
  })
  bar.start(100, 0, { steps: 0, failures: 0 })
  return bar
}

/** In MiB, after a collection where there is one. */
function heap(): number {
  globalThis.gc?.()
  return process.memoryUsage().heapUsed / 1048576
}

function printReport(report: RunReport, heapBefore: number): void {
  for (const [name, { scenarios, steps, failures, figures }] of Object.entries(report.harnesses)) {
    const listed = Object.entries(figures).map(([figure, value]) => `${figure} ${value.toLocaleString('en')}`)
    console.log(
      `${name}: ${steps.toLocaleString('en')} steps in ${scenarios} scenarios, ${failures} failures`,
    )
    console.log(`  ${listed.join(', ')}`)
  }
  const seconds = (report.elapsed / 1000).toFixed(1)
  console.log(
    `${report.steps.toLocaleString('en')} steps in ${seconds} s, ${report.failures} failures, seed ${report.seed}`,
  )
  const peak = process.resourceUsage().maxRSS / 1024
  console.log(
    `heap: ${heapBefore.toFixed(1)} MiB before, ${heap().toFixed(1)} MiB after; the whole process at most ${peak.toFixed(0)} MiB`,
  )
}

process.exitCode = await main(process.argv.slice(2))
