// Runs the learner's code: in a process of its own, so that whatever it does ends here.
import { once } from 'node:events'
import { writeSync } from 'node:fs'
import { findSourceMap } from 'node:module'
import { pathToFileURL } from 'node:url'
import { Worker } from 'node:worker_threads'
import type { Hints, Judge } from '../judge/exercise.ts'
import { judgeFile, type Learner } from '../judge/judge-file.ts'
import { drawLadder } from '../judge/ladder.ts'
import { placeIn, placeInStack } from '../judge/place.ts'
import { CHANNEL, type Message, type Task } from './task.ts'

const task = JSON.parse(process.argv[2]) as Task

function tell(message: Message): void {
  writeSync(CHANNEL, `${JSON.stringify(message)}\n`)
}

function finish(message: Message): never {
  tell(message)
  process.exit(0)
}

/** What the learner's code throws where nobody can catch it: in a promise, in a frame of the kernel's. */
function onStray(error: unknown): void {
  const message = error instanceof Error ? `${error.name}: ${error.message}` : `Thrown: ${String(error)}`
  const place = placeIn(error, task.file)
  finish({
    type: 'verdict',
    verdict: { kind: 'broken', cases: [], current: null, message, place, ladder: [] },
  })
}

process.on('uncaughtException', onStray)
process.on('unhandledRejection', onStray)

/**
 * For the watchdog, which asks through the debugger: the innermost of these places that is in the learner's file, as it stands in the
 * TypeScript that was written. Lines and columns count from 0, as debuggers do.
 */
function innermostPlace(
  frames: readonly (readonly [url: string, line: number, column: number])[],
): string | null {
  for (const [url, line, column] of frames) {
    if (url !== task.file && url !== pathToFileURL(task.file).href) continue
    const entry = findSourceMap(url)?.findEntry(line, column)
    const [row, at] =
      entry && 'originalLine' in entry ? [entry.originalLine, entry.originalColumn] : [line, column]
    return placeInStack(`${task.file}:${row + 1}:${at + 1}`, task.file)
  }
  return null
}
Object.assign(globalThis, { tapwireWorkshopPlace: innermostPlace })

const folder = pathToFileURL(`${task.exercise}/`)
const { judge } = (await import(new URL('verify.ts', folder).href)) as { judge: Judge<Learner> }
const hints = (await import(new URL('hints.ts', folder).href)) as Hints

const mistake = hints.stuck ?? null
const watchdog = new Worker(new URL('./watchdog.mjs', import.meta.url), {
  workerData: {
    limit: task.limit,
    channel: CHANNEL,
    mistake,
    hint: mistake === null ? null : hints.mistakes[mistake],
  },
  execArgv: [],
})
await once(watchdog, 'online')
watchdog.unref()
tell({ type: 'started' })

const verdict = await judgeFile({
  judge,
  hints,
  file: task.file,
  kernel: task.kernel,
  firstOnly: task.show,
  onCase: (name) => tell({ type: 'case', name }),
  onBench: ({ calls, lines }) => {
    if (!task.show) return
    tell({ type: 'story', calls, ladders: lines.map((line) => drawLadder(line.shown, { most: 40 })) })
  },
})
// What the learner left in a promise is heard first.
await new Promise((resolve) => setImmediate(resolve))
finish({ type: 'verdict', verdict })
