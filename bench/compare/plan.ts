import { type Target, targetOf } from './network.ts'
import type { BenchOptions, Part } from './options.ts'
import type { Figure } from './tasks.ts'

/** One measurement, repeated in every round. */
export interface Step {
  readonly part: Part
  readonly target: Target
  readonly figure: Figure
  readonly connections: number
  readonly seconds: number
  /** Milliseconds before it counts. */
  readonly settle: number
}

const SETTLE = 200
export const CONNECTIONS: readonly number[] = [1, 10, 100, 1000]
/** Milliseconds. */
export const RTTS: readonly number[] = [0, 1, 10, 100]

/** How many connections a figure takes. */
const ONE: Readonly<Record<Figure, number>> = {
  rx: 1,
  tx: 1,
  echo: 1,
  connect1: 1,
  connect32: 32,
  memory: 0,
}

/** What can be done to the kernel's packets here: delayed, and sent without offloads. */
export interface Means {
  readonly netem: boolean
  readonly ethtool: boolean
}

export function planOf(options: BenchOptions, { netem, ethtool }: Means): Step[] {
  const { parts, seconds } = options
  const both = [targetOf('tapwire', true), targetOf('kernel', true)]
  const four = ethtool ? [...both, targetOf('tapwire', false), targetOf('kernel', false)] : both
  const steps: Step[] = []
  const add = (part: Part, targets: readonly Target[], figure: Figure, connections: number): void => {
    if (!parts.includes(part)) return
    for (const target of targets) {
      // At 100 ms a window opens in seconds.
      const settle = Math.max(SETTLE, target.rtt * (options.quick ? 3 : 25))
      steps.push({ part, target, figure, connections, seconds, settle })
    }
  }
  for (const figure of options.figures) {
    add('figures', four, figure, figure === 'memory' ? options.held : ONE[figure])
  }
  for (const count of CONNECTIONS) {
    for (const figure of ['rx', 'tx'] as const) add('connections', both, figure, count)
  }
  for (const rtt of RTTS) {
    const targets = [targetOf('tapwire', true, rtt), ...(netem ? [targetOf('kernel', true, rtt)] : [])]
    for (const figure of ['rx', 'tx'] as const) add('rtt', targets, figure, 1)
  }
  return steps
}
