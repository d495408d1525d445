import type { Recorder } from './recorder.ts'

/** One course of random events, decided by its seed, around one or more live stacks. */
export interface Scenario {
  readonly recorder: Recorder
  /** Something happens. Throws what the stack throws. */
  step(): void
  /** What must hold after a step. @throws Error that says what does not */
  check(): void
  /** Everything is closed, time runs out, nothing may be left. @throws Error that says what is */
  finish(): Promise<void>
  /** Figures that show that the events were not all in vain. */
  figures(): Readonly<Record<string, number>>
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
