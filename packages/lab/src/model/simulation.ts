import type { Recording } from './recording.ts'
import type { Action, Scenario } from './scenario.ts'

/**
 * A scenario that runs in virtual time. Going back is the reader's affair: the recording stays. Doing something at an earlier moment
 * is a new simulation with one more action, which comes to the same point again.
 */
export interface Simulation {
  readonly recording: Recording
  /** Runs to that time, but not beyond the end. @param time milliseconds */
  runTo(time: number): void
  /** Runs until one more segment was sent or has arrived, or a timer has fired. False when nothing more happens. */
  step(): boolean
  /** The same run with one more action, as far as that action's time. */
  withAction(action: Action): Simulation
  readonly scenario: Scenario
}
