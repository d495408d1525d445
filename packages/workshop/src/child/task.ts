import type { Verdict } from '../judge/verdict.ts'

/** The file descriptor by which the child tells what it found: one JSON text a line. */
export const CHANNEL = 3

/** What the child is to do. It comes as JSON in its first argument. */
export interface Task {
  /** The folder of the exercise, and the learner's file: absolute paths. */
  readonly exercise: string
  readonly file: string
  /** Seconds after which it is stopped. */
  readonly limit: number
  readonly kernel: boolean
  /** For `run`: the first case only, and what happened in it whatever the verdict. */
  readonly show: boolean
}

export type Message =
  /** The learner's code runs from now on, and so does its time. */
  | { readonly type: 'started' }
  | { readonly type: 'case'; readonly name: string }
  | {
      readonly type: 'story'
      readonly calls: readonly string[]
      readonly ladders: readonly (readonly string[])[]
    }
  | { readonly type: 'verdict'; readonly verdict: Verdict }
