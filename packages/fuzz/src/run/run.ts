import { subSeed } from '../dice.ts'
import type { Harness } from '../harness/scenario.ts'
import { type Failure, playScenario } from './play.ts'

export interface RunOptions {
  readonly harnesses: readonly Harness[]
  /** Decides the seeds of all scenarios. */
  readonly seed: number
  /** It ends with the first of these that is reached. */
  readonly milliseconds?: number
  readonly steps?: number
  /** See `PlayOptions`. */
  readonly stride?: number
  /** Stop at the first failure; default false: the run goes on with the next scenario. */
  readonly bail?: boolean
  readonly onScenario?: (harness: Harness, seed: number) => void
  readonly onStep?: () => void
  readonly onFailure?: (failure: Failure) => void
  /** Told after each scenario. */
  readonly onProgress?: (report: RunReport) => void
}

export interface HarnessReport {
  scenarios: number
  steps: number
  failures: number
  figures: Record<string, number>
}

export interface RunReport {
  readonly seed: number
  steps: number
  /** Milliseconds. */
  elapsed: number
  failures: number
  readonly harnesses: Readonly<Record<string, HarnessReport>>
}

/** Plays scenarios of the harnesses in turn, so that each gets as many steps. */
export async function runFuzz(options: RunOptions): Promise<RunReport> {
  const {
    harnesses,
    seed,
    milliseconds = Number.POSITIVE_INFINITY,
    steps = Number.POSITIVE_INFINITY,
  } = options
  const { stride = 1, bail = false, onStep } = options
  const empty = (): HarnessReport => ({ scenarios: 0, steps: 0, failures: 0, figures: {} })
  const perHarness = Object.fromEntries(harnesses.map(({ name }) => [name, empty()]))
  const report: RunReport = { seed, steps: 0, elapsed: 0, failures: 0, harnesses: perHarness }
  const start = performance.now()
  for (let n = 0; report.elapsed < milliseconds && report.steps < steps; n++) {
    const harness = fewest(harnesses, perHarness)
    const scenarioSeed = subSeed(seed, n)
    options.onScenario?.(harness, scenarioSeed)
    const played = await playScenario(harness, scenarioSeed, {
      stride,
      ...(onStep === undefined ? {} : { onStep }),
    })
    add(perHarness[harness.name], played.steps, played.figures)
    report.steps += played.steps
    report.elapsed = performance.now() - start
    if (played.failure !== null) {
      report.failures++
      perHarness[harness.name].failures++
      options.onFailure?.(played.failure)
    }
    options.onProgress?.(report)
    if (bail && played.failure !== null) break
  }
  return report
}

function fewest(harnesses: readonly Harness[], reports: Readonly<Record<string, HarnessReport>>): Harness {
  let least = harnesses[0]
  for (const harness of harnesses)
    if (reports[harness.name].steps < reports[least.name].steps) least = harness
  return least
}

function add(report: HarnessReport, steps: number, figures: Readonly<Record<string, number>>): void {
  report.scenarios++
  report.steps += steps
  for (const [name, value] of Object.entries(figures))
    report.figures[name] = (report.figures[name] ?? 0) + value
}
