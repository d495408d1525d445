import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Message, Task } from '../child/task.ts'
import type { Verdict } from '../judge/verdict.ts'

const CHILD = fileURLToPath(new URL('../child/child.ts', import.meta.url))
/** In a checkout the packages' sources run, so that nothing has to be built first. */
const IN_CHECKOUT = existsSync(new URL('../../../stack/src/index.ts', import.meta.url))
/** Bytes of what a learner's program prints that are shown. */
const MOST_OUTPUT = 8192
/** MiB of objects that a learner's program may hold. */
const MOST_MEMORY = 512
const TOO_MUCH = `Your program took more than ${MOST_MEMORY} MiB of memory: does something grow in a loop?`
/** How Node begins its last words when there is no memory left. */
const OUT_OF_MEMORY = '<--- Last few GCs --->'
/** Seconds for the child to start, and beyond the limit, after which it is ended from outside: its watchdog should have done it. */
const GRACE = 60

export interface Judged {
  readonly verdict: Verdict
  /** What the learner's program printed. */
  readonly output: string
  /** For `run`. */
  readonly stories: readonly Extract<Message, { type: 'story' }>[]
}

export interface JudgeEvents {
  onCase?(name: string): void
}

/** Judges a file in a process of its own, which is gone when this resolves. Never rejects. */
export function judgeInChild(task: Task, events: JudgeEvents = {}): Promise<Judged> {
  const options = IN_CHECKOUT ? ['--conditions=tapwire-source'] : []
  let child: ChildProcess | null = null
  const end = (): void => {
    child?.kill('SIGKILL')
  }
  const stop = (): void => {
    end()
    process.exit(130)
  }
  // Before there is a child: whenever the command is ended, the child is, too.
  process.on('exit', end).on('SIGINT', stop).on('SIGTERM', stop)
  child = spawn(
    process.execPath,
    [
      `--max-old-space-size=${MOST_MEMORY}`,
      '--import',
      import.meta.resolve('tsx'),
      ...options,
      CHILD,
      JSON.stringify(task),
    ],
    { stdio: ['ignore', 'pipe', 'pipe', 'pipe'], env: { ...process.env, NODE_NO_WARNINGS: '1' } },
  )
  let timer = setTimeout(end, GRACE * 1000)
  const onStarted = (): void => {
    clearTimeout(timer)
    timer = setTimeout(end, (task.limit + GRACE) * 1000)
  }
  return follow(child, events, onStarted).finally(() => {
    clearTimeout(timer)
    process.off('exit', end).off('SIGINT', stop).off('SIGTERM', stop)
  })
}

function follow(child: ChildProcess, events: JudgeEvents, onStarted: () => void): Promise<Judged> {
  return new Promise((resolve) => {
    const cases: string[] = []
    const stories: Extract<Message, { type: 'story' }>[] = []
    let verdict: Verdict | null = null
    let output = ''
    const keep = (text: string): void => {
      if (output.length < MOST_OUTPUT) output += text
    }
    child.stdout?.setEncoding('utf8').on('data', keep)
    child.stderr?.setEncoding('utf8').on('data', keep)
    readLines(child.stdio[3] as NodeJS.ReadableStream, (line) => {
      const message = JSON.parse(line) as Message
      if (message.type === 'started') onStarted()
      else if (message.type === 'case') {
        cases.push(message.name)
        events.onCase?.(message.name)
      } else if (message.type === 'story') stories.push(message)
      else verdict ??= message.verdict
    })
    child.on('error', (error) => {
      verdict ??= { kind: 'trouble', message: error.message }
    })
    child.on('close', (status, signal) => {
      const lastWords = output.indexOf(OUT_OF_MEMORY)
      if (lastWords >= 0) output = output.slice(0, lastWords).trimEnd()
      if (output.length >= MOST_OUTPUT) output = `${output.slice(0, MOST_OUTPUT)}\n(and more)\n`
      verdict ??= {
        kind: 'broken',
        cases,
        current: null,
        message: lastWords >= 0 ? TOO_MUCH : endedEarly(status, signal),
        place: null,
        ladder: [],
      }
      resolve({ verdict: withCases(verdict, cases), output, stories })
    })
  })
}

/** An error that nobody caught does not know how far it had come. */
function withCases(verdict: Verdict, cases: readonly string[]): Verdict {
  return verdict.kind === 'broken' && verdict.cases.length === 0 ? { ...verdict, cases } : verdict
}

function endedEarly(status: number | null, signal: string | null): string {
  if (signal !== null) return `The process of your program was ended by ${signal}.`
  return `Your program ended the process (with status ${status}) before it was judged: is there a process.exit in it?`
}

function readLines(stream: NodeJS.ReadableStream, onLine: (line: string) => void): void {
  let rest = ''
  stream.setEncoding('utf8')
  stream.on('data', (text) => {
    const lines = `${rest}${text}`.split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) onLine(line)
  })
}
