import { BenchTarget, type Measured } from './bench-target.ts'
import type { Target } from './network.ts'
import type { Pin } from './options.ts'
import type { Step } from './plan.ts'
import { chooseCpus } from './processors.ts'

export interface Run extends Measured {
  readonly part: Step['part']
  readonly rtt: number
  readonly round: number
}

/** Processor seconds of each figure before anything counts: what is compiled by then stays so, and what others take is not in it. */
const WARM_UP = 2.5
const WARM_UPS_AT_MOST = 10
/** Of so many connections the memory is that of all that comes after. */
const WARM_HELD = 300

/** Where targets stand while they are needed, and whom to tell. */
export interface Listener {
  readonly open: Set<BenchTarget>
  readonly onRun: (run: Run, step: Step) => void
  readonly onWarmUp: (target: Target) => void
}

/** Every step in every round, so that whatever else the machine does hits all targets. */
export async function measureAll(
  steps: readonly Step[],
  rounds: number,
  pin: Pin,
  listener: Listener,
): Promise<Run[]> {
  const cpus = chooseCpus(pin)
  const targets = new Map<string, BenchTarget>()
  const runs: Run[] = []
  try {
    for (const { target } of steps) {
      if (targets.has(target.name)) continue
      const opened = await BenchTarget.open(target, cpus)
      targets.set(target.name, opened)
      listener.open.add(opened)
      listener.onWarmUp(target)
      await warmUp(opened, target, steps)
    }
    for (let round = 0; round < rounds; round++) {
      for (const step of steps) {
        const measured = await targets
          .get(step.target.name)!
          .measure(step.figure, step.connections, step.seconds, step.settle)
        const run: Run = { ...measured, part: step.part, rtt: step.target.rtt, round }
        runs.push(run)
        listener.onRun(run, step)
      }
    }
    return runs
  } finally {
    for (const target of targets.values()) target.close()
    listener.open.clear()
  }
}

async function warmUp(bench: BenchTarget, target: Target, steps: readonly Step[]): Promise<void> {
  const figures = new Set(steps.filter((step) => step.target.name === target.name).map((step) => step.figure))
  const seconds = Math.min(WARM_UP, ...steps.map((step) => step.seconds))
  // Whoever wants to know only whether it works does not wait for the compiler.
  const wanted = seconds < 0.5 ? 0 : WARM_UP
  for (const figure of figures) {
    const connections = figure === 'memory' ? WARM_HELD : figure === 'connect32' ? 32 : 1
    let cpu = 0
    for (let i = 0; i === 0 || (cpu < wanted && i < WARM_UPS_AT_MOST && figure !== 'memory'); i++)
      cpu += (await bench.measure(figure, connections, seconds, target.rtt * 3)).cpu
  }
}
