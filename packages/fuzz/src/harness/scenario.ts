import type { Recorder } from './recorder.ts'

/** One or more live stacks, and what is known of them. */
export interface World {
  readonly recorder: Recorder
  /** What must hold after a step. @throws Error that says what does not */
  check(): void
  /** Everything is closed, time runs out, nothing may be left. @throws Error that says what is */
  finish(): Promise<void>
  /** Figures that show that the events were not all in vain. */
  figures(): Readonly<Record<string, number>>
}

/** One course of random events in a world, decided by its seed. */
export interface Scenario {
  readonly world: World
  /** Something happens. Throws what the stack throws. */
  step(): void
}

/** A kind of scenario. */
export interface Harness {
  readonly name: string
  /** One sentence for a list. */
  readonly about: string
  /** Steps of one scenario. */
  readonly steps: number
  begin(seed: number): Scenario
}
