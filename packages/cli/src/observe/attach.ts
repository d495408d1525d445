import { readdirSync, unlinkSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { Failure } from '../failure.ts'
import { type Terminal, untilInterrupted } from '../terminal.ts'
import { controlFolder, type Greeting, type Question, SOCKET_NAME } from './control.ts'

/** What a running command tells. */
export interface Attached {
  readonly greeting: Greeting
  /** Each line after the first, until the command ends, or this one is interrupted. */
  lines(): AsyncIterable<unknown>
  close(): void
}

const NONE =
  'no tapwire command with a stack is running here: start one in another terminal, or name a device (--tap tap0, --virtual) to have one in this'

/** Asks the command with this process id, or the only one there is. @throws Failure where there is none, or several */
export async function attach(
  terminal: Terminal,
  pid: number | undefined,
  question: Question,
): Promise<Attached> {
  if (pid !== undefined) {
    const one = await ask(terminal, pid, question)
    if (one === null) throw new Failure(`there is no tapwire command with the process id ${pid}`)
    return one
  }
  const pids = processesIn(controlFolder(terminal.env))
  const greetings: Greeting[] = []
  for (const candidate of pids) {
    const there = await ask(terminal, candidate, { ask: 'hello' })
    if (there === null) continue
    there.close()
    greetings.push(there.greeting)
  }
  const [only, ...others] = greetings
  if (only === undefined) throw new Failure(NONE)
  if (others.length > 0) {
    const list = greetings.map(({ pid: id, command }) => `${id} (${command})`).join(', ')
    throw new Failure(`several tapwire commands are running, and --pid says which is meant: ${list}`)
  }
  return (await ask(terminal, only.pid, question)) ?? fail()
}

function fail(): never {
  throw new Failure(NONE)
}

function processesIn(folder: string): number[] {
  return readdirSync(folder)
    .flatMap((name) => SOCKET_NAME.exec(name)?.[1] ?? [])
    .map(Number)
    .sort((a, b) => a - b)
}

/** @returns null where nobody answers; what a process has left behind that was killed is removed */
async function ask(terminal: Terminal, pid: number, question: Question): Promise<Attached | null> {
  const path = join(controlFolder(terminal.env), `${pid}.sock`)
  const socket = await open(path)
  if (socket === null) return null
  socket.write(`${JSON.stringify(question)}\n`)
  void untilInterrupted(terminal).then(() => socket.destroy())
  const lines = createInterface({ input: socket, crlfDelay: Number.POSITIVE_INFINITY })[
    Symbol.asyncIterator
  ]()
  const first = await lines.next()
  if (first.done) return null
  return {
    greeting: JSON.parse(first.value) as Greeting,
    async *lines() {
      for (let line = await lines.next(); !line.done; line = await lines.next())
        yield JSON.parse(line.value) as unknown
    },
    close: () => socket.destroy(),
  }
}

function open(path: string): Promise<Socket | null> {
  return new Promise((resolve, reject) => {
    const socket = connect(path)
    socket.once('connect', () => {
      // The other side ends when it likes.
      socket.on('error', () => socket.destroy())
      resolve(socket)
    })
    socket.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') resolve(null)
      else if (error.code === 'ECONNREFUSED') {
        unlinkSync(path)
        resolve(null)
      } else reject(new Failure(`${path} cannot be opened: ${error.code}`))
    })
  })
}
