import { chmodSync, lstatSync, mkdirSync, unlinkSync } from 'node:fs'
import { createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { undoAtEnd } from '../ending.ts'
import { Failure } from '../failure.ts'
import type { World } from '../world/world.ts'
import { snapshotOf } from './stats.ts'
import { isWanted, toJson } from './trace-line.ts'
import type { Tracing } from './tracing.ts'

/*
 * Each running command can be asked about its stack, by a Unix socket that only its user may open: `tapwire stats`, `trace` and
 * `dump` do. One line of JSON asks; lines of JSON answer, the first of which says who answers.
 */

export type Question =
  | { readonly ask: 'hello' | 'stats' | 'frames' }
  | { readonly ask: 'trace'; readonly all: boolean }

export interface Greeting {
  readonly pid: number
  /** As typed: `http`, `nc`, ... */
  readonly command: string
  readonly description: string
  readonly medium: 'ethernet' | 'ip'
}

export const SOCKET_NAME = /^(\d+)\.sock$/
/** A question is short; whoever sends more is cut off. */
const LONGEST_QUESTION = 1024
const MOST_VISITORS = 16
/** Bytes that may wait for a visitor who reads slowly; what comes then is left out, and counted. */
const MOST_WAITING = 1 << 20

/** Where the sockets of this user's commands are. @throws Failure where the folder is somebody else's */
export function controlFolder(env: Readonly<Record<string, string | undefined>>): string {
  const base = env.XDG_RUNTIME_DIR
  const folder = base ? join(base, 'tapwire') : join(tmpdir(), `tapwire-${process.getuid?.() ?? 0}`)
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const { uid, mode } = lstatSync(folder)
  if (uid !== process.getuid?.() || (mode & 0o077) !== 0)
    throw new Failure(
      `${folder} must be a folder that only this user may enter: remove it, or set XDG_RUNTIME_DIR`,
    )
  return folder
}

interface About {
  readonly world: World
  readonly tracing: Tracing
  readonly command: string
}

/** Answers questions about a world until it is closed; without a folder that can be used nobody can ask. */
export async function openControl(
  about: About & { readonly env: Readonly<Record<string, string | undefined>> },
): Promise<{ close(): void }> {
  if (process.platform === 'win32') return { close() {} }
  let path: string
  try {
    path = join(controlFolder(about.env), `${process.pid}.sock`)
  } catch {
    return { close() {} }
  }
  const visitors = new Set<Socket>()
  const server = createServer((socket) => {
    visitors.add(socket)
    socket.on('close', () => visitors.delete(socket))
    socket.on('error', () => socket.destroy())
    new Visit(socket, about)
  })
  server.maxConnections = MOST_VISITORS
  const remove = undoAtEnd(() => removeQuietly(path))
  // Of a process that had the same number.
  removeQuietly(path)
  const mask = process.umask(0o177)
  try {
    await new Promise<void>((resolve, reject) => server.once('error', reject).listen(path, resolve))
    chmodSync(path, 0o600)
  } catch {
    remove()
    return { close() {} }
  } finally {
    process.umask(mask)
  }
  server.unref()
  return {
    close() {
      for (const socket of visitors) socket.destroy()
      server.close()
      remove()
    },
  }
}

function removeQuietly(path: string): void {
  try {
    unlinkSync(path)
  } catch {
    // It is gone, which is what was wanted.
  }
}

/** @returns null for what is none */
function readQuestion(line: string): Question | null {
  try {
    const value: unknown = JSON.parse(line)
    const { ask, all } = value as { ask?: unknown; all?: unknown }
    if (ask === 'trace') return { ask, all: all === true }
    return ask === 'hello' || ask === 'stats' || ask === 'frames' ? { ask } : null
  } catch {
    return null
  }
}

class Visit {
  readonly #socket: Socket
  readonly #about: About
  #heard = ''
  #missed = 0

  constructor(socket: Socket, about: About) {
    this.#socket = socket
    this.#about = about
    socket.unref()
    socket.setEncoding('utf8').on('data', (text: string) => this.#hear(text))
  }

  #hear(text: string): void {
    this.#heard += text
    const end = this.#heard.indexOf('\n')
    if (end < 0 && this.#heard.length <= LONGEST_QUESTION) return
    this.#socket.removeAllListeners('data')
    this.#socket.resume()
    const question = end < 0 ? null : readQuestion(this.#heard.slice(0, end))
    if (question === null) this.#socket.destroy()
    else this.#answer(question)
  }

  #answer(question: Question): void {
    const { world, tracing, command } = this.#about
    const greeting: Greeting = {
      pid: process.pid,
      command,
      description: world.description,
      medium: world.device.medium,
    }
    this.#say(greeting)
    if (question.ask === 'trace') {
      const { all } = question
      this.#until(
        tracing.listen((traced) => {
          if (isWanted(traced, all)) this.#say(traced)
        }),
      )
    } else if (question.ask === 'frames') {
      this.#until(
        world.device.watch(({ bytes, ...frame }) =>
          this.#say({
            ...frame,
            bytes: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64'),
          }),
        ),
      )
    } else {
      if (question.ask === 'stats') this.#say(snapshotOf(world.stack))
      this.#socket.end()
    }
  }

  #until(stop: () => void): void {
    this.#socket.on('close', stop)
  }

  #say(what: object): void {
    if (this.#socket.writableLength > MOST_WAITING) {
      this.#missed++
      return
    }
    if (this.#missed > 0) this.#socket.write(`${JSON.stringify({ missed: this.#missed })}\n`)
    this.#missed = 0
    this.#socket.write(`${toJson(what)}\n`)
  }
}
