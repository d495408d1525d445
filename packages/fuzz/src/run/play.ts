import type { Harness, Scenario } from '../harness/scenario.ts'

/** What became of one scenario. */
export interface Played {
  readonly steps: number
  readonly figures: Readonly<Record<string, number>>
  /** What went wrong, or null. */
  readonly failure: Failure | null
}

export interface Failure {
  readonly harness: string
  /** Plays the same scenario again. */
  readonly seed: number
  /** The step in which, or after which, it showed; `steps` for the end. */
  readonly step: number
  readonly error: Error
  /** A capture of what passed until then. */
  readonly pcapng: Uint8Array
  readonly frames: readonly {
    readonly time: number
    readonly outbound: boolean
    readonly bytes: Uint8Array
  }[]
}

export interface PlayOptions {
  /** Look whether all holds after every so many steps; default 1. At the end it is looked in any case. */
  readonly stride?: number
  /** Steps to take; default: the harness's own number. */
  readonly steps?: number
  /** Told before each step. */
  readonly onStep?: () => void
}

/** Plays one scenario from its beginning to the moment when nothing is left, or to the first thing that is wrong. */
export async function playScenario(
  harness: Harness,
  seed: number,
  options: PlayOptions = {},
): Promise<Played> {
  const played = await play(harness, seed, options)
  await turnOfTheEventLoop()
  return played
}

/**
 * Virtual time needs no turn. But V8 ends in a task of its own the marking that memory outside its heap asked for: without
 * one, the stacks of all past scenarios stay (16 MB each, 20 GB after 1,200 of them), and no signal is seen.
 */
function turnOfTheEventLoop(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

async function play(harness: Harness, seed: number, options: PlayOptions): Promise<Played> {
  const { stride = 1, steps = harness.steps, onStep } = options
  let scenario: Scenario | null = null
  let step = 0
  try {
    scenario = harness.begin(seed)
    for (; step < steps; step++) {
      onStep?.()
      scenario.step()
      if ((step + 1) % stride === 0) scenario.world.check()
    }
    scenario.world.check()
    await scenario.world.finish()
    return { steps, figures: scenario.world.figures(), failure: null }
  } catch (thrown) {
    const error = thrown instanceof Error ? thrown : new Error(String(thrown))
    const comment = `${harness.name}, seed ${seed}, step ${step}: ${error.message}`
    const pcapng = scenario?.world.recorder.toPcapng(comment) ?? new Uint8Array(0)
    const frames = scenario?.world.recorder.frames ?? []
    const failure = { harness: harness.name, seed, step, error, pcapng, frames }
    return { steps: step, figures: scenario?.world.figures() ?? {}, failure }
  }
}
