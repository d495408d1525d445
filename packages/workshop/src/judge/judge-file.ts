import { pathToFileURL } from 'node:url'
import { Bench } from './bench.ts'
import type { Hints, Judge } from './exercise.ts'
import { Failure } from './failure.ts'
import { KernelBench, kernelObstacle } from './kernel-bench.ts'
import { drawLadder } from './ladder.ts'
import { placeIn } from './place.ts'
import type { KernelVerdict, Verdict } from './verdict.ts'

/** Whatever a learner's module exports. */
export type Learner = Readonly<Record<string, unknown>>

export interface JudgeOptions {
  readonly judge: Judge<Learner>
  readonly hints: Hints
  /** The learner's file, absolute. */
  readonly file: string
  /** Default: as `import` does it. */
  readonly load?: (file: string) => Promise<Learner>
  /** Whether the kernel is asked where it can be. Default true. */
  readonly kernel?: boolean
  /** Only the first case, for `run`. Default false. */
  readonly firstOnly?: boolean
  /** Is told of each case that holds. */
  readonly onCase?: (name: string) => void
  /** Is given what a case has made, before it is put away. */
  readonly onBench?: (bench: Bench) => void
}

/** Runs a learner's file before the judge of an exercise. Never rejects. */
export async function judgeFile(options: JudgeOptions): Promise<Verdict> {
  const { judge, file } = options
  const progress: { cases: string[]; current: string | null } = { cases: [], current: null }
  let learner: Learner
  try {
    learner = await (options.load ?? importFile)(file)
  } catch (error) {
    return brokenBy(error, file, progress, null)
  }
  const missing = judge.exports.find((name) => typeof learner[name] !== 'function')
  if (missing !== undefined) return broken(missingExport(missing, learner), progress)
  for (const one of options.firstOnly ? judge.cases.slice(0, 1) : judge.cases) {
    progress.current = one.name
    const bench = new Bench()
    try {
      await one.run(learner, bench)
    } catch (error) {
      return endedBy(error, options, progress, bench)
    } finally {
      options.onBench?.(bench)
      await bench.close()
    }
    progress.cases.push(one.name)
    options.onCase?.(one.name)
  }
  progress.current = null
  return askKernel(learner, options, progress)
}

interface Progress {
  readonly cases: string[]
  current: string | null
}

async function askKernel(learner: Learner, options: JudgeOptions, progress: Progress): Promise<Verdict> {
  const { kernel } = options.judge
  const passed = (verdict: KernelVerdict): Verdict => ({
    kind: 'passed',
    cases: progress.cases,
    kernel: verdict,
  })
  if (kernel === undefined || options.firstOnly) return passed(null)
  const why = options.kernel === false ? 'it was not to be asked' : kernelObstacle(kernel.programs)
  if (why !== null) return passed({ tried: false, why })
  progress.current = kernel.name
  let thrown: { error: unknown } | null = null
  const bench = await KernelBench.open((error) => {
    thrown ??= { error }
  }).catch((error: Error) => error)
  if (bench instanceof Error) return passed({ tried: false, why: bench.message })
  try {
    await kernel.run(learner, bench)
  } catch (error) {
    return endedBy(thrown === null ? error : (thrown as { error: unknown }).error, options, progress, null)
  } finally {
    await bench.close()
  }
  options.onCase?.(kernel.name)
  return passed({ tried: true, name: kernel.name })
}

function importFile(file: string): Promise<Learner> {
  return import(pathToFileURL(file).href)
}

function endedBy(error: unknown, options: JudgeOptions, progress: Progress, bench: Bench | null): Verdict {
  if (!(error instanceof Failure)) return brokenBy(error, options.file, progress, bench)
  const { mistake, what, expected, actual, ladder = [] } = error.finding
  const hint = options.hints.mistakes[mistake]
  if (hint === undefined) return { kind: 'trouble', message: `there is no hint for '${mistake}'` }
  return { kind: 'failed', ...progress, mistake, what, expected, actual, ladder, hint }
}

/** An error that does not come from the learner's file is the judge's own. */
function brokenBy(error: unknown, file: string, progress: Progress, bench: Bench | null): Verdict {
  const message = messageOf(error)
  const place = placeIn(error, file)
  const ours = place === null && progress.current !== null
  if (ours) return { kind: 'trouble', message: error instanceof Error ? (error.stack ?? message) : message }
  return broken(message, progress, place, bench)
}

function broken(
  message: string,
  progress: Progress,
  place: string | null = null,
  bench: Bench | null = null,
): Verdict {
  const shown = bench?.lines.at(-1)?.shown ?? []
  return { kind: 'broken', ...progress, message, place, ladder: shown.length > 0 ? drawLadder(shown) : [] }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : `Thrown: ${String(error)}`
}

function missingExport(name: string, learner: Learner): string {
  const names = Object.keys(learner).filter((key) => key !== 'default' && key !== 'module.exports')
  const what =
    name in learner ? `it exports '${name}', but as ${typeof learner[name]}` : `it exports ${list(names)}`
  return `The file must export a function '${name}'; ${what}.`
}

function list(names: readonly string[]): string {
  return names.length === 0 ? 'nothing' : names.map((name) => `'${name}'`).join(', ')
}
