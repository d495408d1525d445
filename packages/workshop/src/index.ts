/** For those who write exercises of their own: what a judge is, and how one is run. */
export { Bench } from './judge/bench.ts'
export type { Case, Hints, Judge, KernelCase } from './judge/exercise.ts'
export { Failure, type Finding } from './judge/failure.ts'
export { type JudgeOptions, judgeFile } from './judge/judge-file.ts'
export type { KernelVerdict, Verdict } from './judge/verdict.ts'
export { ScriptedLine, World, type WorldOptions } from './judge/world.ts'
export type { Connection, Path, Segment } from './learner/segments.ts'
export type { Host, Wire } from './learner/wire.ts'
