import type { Readable, Writable } from 'node:stream'

/** What a command reads and writes: the process's own, or a test's. */
export interface Terminal {
  readonly stdin: Readable & { readonly isTTY?: boolean }
  readonly stdout: Writable & { readonly isTTY?: boolean }
  readonly stderr: Writable & { readonly isTTY?: boolean }
  readonly env: Readonly<Record<string, string | undefined>>
  /** Aborted by Ctrl-C and its kin, with the number of the signal as its reason. */
  readonly interrupted: AbortSignal
}

/** Writes a line. */
export function say(stream: Writable, line: string): void {
  stream.write(`${line}\n`)
}

const CODES = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33, blue: 34, magenta: 35, cyan: 36 } as const
export type Colour = keyof typeof CODES
/** Colours text, or leaves it as it is. */
export type Paint = (colour: Colour, text: string) => string

/** On a terminal, unless NO_COLOR (no-color.org) says otherwise; FORCE_COLOR is for pagers that understand colours. */
export function paintFor(stream: { readonly isTTY?: boolean }, env: Terminal['env']): Paint {
  const forced = (env.FORCE_COLOR ?? '') !== '' && env.FORCE_COLOR !== '0'
  const plain = (env.NO_COLOR ?? '') !== '' || env.TERM === 'dumb'
  if (!forced && (plain || stream.isTTY !== true)) return (_, text) => text
  return (colour, text) => `\x1b[${CODES[colour]}m${text}\x1b[0m`
}

/** Ctrl-C must not wait: resolves when it comes. Never rejects. */
export function untilInterrupted({ interrupted }: Terminal): Promise<void> {
  if (interrupted.aborted) return Promise.resolve()
  return new Promise((resolve) => interrupted.addEventListener('abort', () => resolve(), { once: true }))
}

/** Waits so many milliseconds, or until Ctrl-C. */
export function pause(terminal: Terminal, milliseconds: number): Promise<void> {
  if (terminal.interrupted.aborted) return Promise.resolve()
  return new Promise((resolve) => {
    const timer = setTimeout(done, milliseconds)
    function done(): void {
      clearTimeout(timer)
      terminal.interrupted.removeEventListener('abort', done)
      resolve()
    }
    terminal.interrupted.addEventListener('abort', done)
  })
}
