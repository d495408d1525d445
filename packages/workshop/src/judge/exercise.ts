import type { Bench } from './bench.ts'
import type { KernelBench } from './kernel-bench.ts'

/** One thing that a solution must do. `L` is what the learner's module exports. */
export interface Case<L> {
  /** Said when it holds: "an ARP request is answered". */
  readonly name: string
  /** @throws Failure when it does not hold */
  run(learner: L, bench: Bench): void | Promise<void>
}

/** The same before the kernel, where this machine lets us. */
export interface KernelCase<L> {
  readonly name: string
  /** Programs it needs. */
  readonly programs: readonly string[]
  run(learner: L, bench: KernelBench): Promise<void>
}

/** What an exercise's verify.ts exports as `judge`. */
export interface Judge<L> {
  /** Functions that the learner's file must export. */
  readonly exports: readonly (keyof L & string)[]
  /** In the order in which they are tried; the first is also what `run` shows. */
  readonly cases: readonly Case<L>[]
  readonly kernel?: KernelCase<L>
}

/** What an exercise's hints.ts exports. */
export interface Hints {
  /** From a nudge to nearly the solution. */
  readonly hints: readonly string[]
  /** What to say to a typical mistake, by its name. Each has a file wrong-NAME.ts that makes it. */
  readonly mistakes: Readonly<Record<string, string>>
  /** The mistake that a program makes which does not come back, if there is a typical one. */
  readonly stuck?: string
}
