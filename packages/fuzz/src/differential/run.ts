import { Dice, subSeed } from '../dice.ts'
import { allowanceFor } from './allow-list.ts'
import { type Difference, differenceText, firstDifference } from './compare.ts'
import type { Peer } from './peer.ts'
import { makeScript } from './script.ts'

export interface DifferentialReport {
  readonly seed: number
  scripts: number
  /** Segments that were sent to each. */
  segments: number
  /** Scripts after which both had said the same. */
  equal: number
  /** How often each allowance was needed. */
  readonly allowed: Record<string, number>
  /** Scripts of which the two said something different that nothing explains, in words: the first so many. */
  readonly unexplained: string[]
  unexplainedCount: number
  /** The same by kind: what each said, without numbers. */
  readonly kinds: Record<string, number>
}

export interface DifferentialOptions {
  readonly seed: number
  readonly scripts: number
  /** Scripts side by side. */
  readonly batch: number
  readonly onProgress?: (report: DifferentialReport) => void
}

/** Differences that are kept in words. */
const MOST_TOLD = 200

/** Plays the same random scripts to both and compares what they say. */
export async function runDifferential(
  kernel: Peer,
  tapwire: Peer,
  options: DifferentialOptions,
): Promise<DifferentialReport> {
  const { seed } = options
  const report: DifferentialReport = {
    seed,
    scripts: 0,
    segments: 0,
    equal: 0,
    allowed: {},
    unexplained: [],
    unexplainedCount: 0,
    kinds: {},
  }
  while (report.scripts < options.scripts) {
    const count = Math.min(options.batch, options.scripts - report.scripts)
    const first = report.scripts
    const scripts = Array.from({ length: count }, (_, i) =>
      makeScript(new Dice(subSeed(seed, first + i)), first + i),
    )
    const a = await kernel.play(scripts)
    const b = await tapwire.play(scripts)
    for (const [i, script] of scripts.entries()) {
      report.segments += script.steps.length
      const difference = firstDifference(a[i], b[i])
      if (difference === null) report.equal++
      else judge(report, difference, a[i])
    }
    report.scripts += count
    options.onProgress?.(report)
  }
  return report
}

function judge(
  report: DifferentialReport,
  difference: Difference,
  heard: Parameters<typeof differenceText>[1],
): void {
  const allowance = allowanceFor(difference, heard.facts)
  if (allowance !== null) {
    report.allowed[allowance.name] = (report.allowed[allowance.name] ?? 0) + 1
    return
  }
  report.unexplainedCount++
  if (report.unexplained.length < MOST_TOLD) report.unexplained.push(differenceText(difference, heard))
  const kind = `${difference.script.opening}: kernel ${shape(difference.kernel)}; tapwire ${shape(difference.tapwire)}`
  report.kinds[kind] = (report.kinds[kind] ?? 0) + 1
}

function shape(texts: readonly string[]): string {
  const words = texts.map((text) => text.replace(/edge[+-]\d+/g, 'edge').replace(/-?\d+/g, 'n'))
  return words.join(' | ') || 'nothing'
}
