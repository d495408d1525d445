import { createHash } from 'node:crypto'
import type { EventEmitter } from 'node:events'
import { inspect } from 'node:util'

/** What a program cannot know beforehand: ports and addresses of a world, by the names they have in all of them. */
export type Placeholders = Map<string, string>

/** Noise that the streams make among themselves. */
const UNSEEN = new Set(['newListener', 'removeListener', 'readable'])

/**
 * All that an application can see of sockets and servers, in the order in which it sees it, one list an object: who hears of
 * a thing first, the one who did it or the one it was done to, is a matter of luck between two ends of a network.
 */
export class EventLog {
  readonly names: Placeholders = new Map()
  readonly #lists = new Map<string, unknown[]>()
  readonly #watched = new Map<object, string>()
  #waiting: (() => void)[] = []
  #entries = 0

  /** Every event of an emitter from now on, whoever listens. Data is joined, for its pieces are cut by chance. */
  watch(name: string, emitter: EventEmitter): void {
    const { emit } = emitter
    this.#watched.set(emitter, name)
    const recorded = (event: string | symbol, ...args: unknown[]): boolean => {
      if (!UNSEEN.has(event as string)) this.#event(name, event, args)
      return emit.call(emitter, event, ...args)
    }
    // As the prototype's: libraries, and Node, list what is enumerable.
    Object.defineProperty(emitter, 'emit', { value: recorded, configurable: true, writable: true })
  }

  /** Something that a scene itself wants to say. */
  note(name: string, what: string, ...values: unknown[]): void {
    this.#add(name, values.length === 0 ? what : [what, ...values.map((value) => this.show(value))])
  }

  /** What a call returns or throws. */
  call<T>(name: string, what: string, call: () => T): T | undefined {
    try {
      const result = call()
      this.note(name, what, 'returns', result)
      return result
    } catch (error) {
      this.note(name, what, 'throws', error)
      return undefined
    }
  }

  /** A callback, whose calls are noted. */
  callback(name: string, what: string): (...args: unknown[]) => void {
    return (...args) => this.note(name, what, 'is called with', ...args)
  }

  /** The moments after this one: what is noted in between happened there. */
  moments(name: string): void {
    this.note(name, '-- the call is over')
    process.nextTick(() => this.note(name, '-- a tick later'))
  }

  has(name: string, event: string): boolean {
    return this.count(name, event) > 0
  }

  count(name: string, event: string): number {
    const list = this.#lists.get(name) ?? []
    return list.filter((entry) => (Array.isArray(entry) ? entry[0] : entry) === event).length
  }

  /** Resolves when an object has had an event (or a note of that name), `times` times. */
  async seen(name: string, event: string, times = 1): Promise<void> {
    const deadline = Date.now() + 15_000
    while (this.count(name, event) < times) {
      const left = deadline - Date.now()
      if (left <= 0)
        throw new Error(`${name} had no '${event}'; the log is ${inspect(this.lists(), { depth: 6 })}`)
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left)
        this.#waiting.push(() => {
          clearTimeout(timer)
          resolve()
        })
      })
    }
  }

  /** Resolves when nothing has happened for a while: what the last event of a story brings belongs to it. */
  async quiet(): Promise<void> {
    for (let before = -1; before !== this.#entries; await new Promise((resolve) => setTimeout(resolve, 20))) {
      before = this.#entries
    }
  }

  lists(): Record<string, unknown[]> {
    const sorted = [...this.#lists].sort(([a], [b]) => (a < b ? -1 : 1))
    return Object.fromEntries(sorted.map(([name, list]) => [name, list.map(withoutBulk)]))
  }

  /** A value in a form that is the same in all worlds. */
  show(value: unknown): unknown {
    if (value instanceof Error) return this.#showError(value)
    if (typeof value === 'string') return this.#hide(value)
    if (typeof value === 'number') return this.names.get(String(value)) ?? value
    if (typeof value === 'function') return '<function>'
    if (typeof value !== 'object' || value === null) return value
    const known = this.#watched.get(value)
    if (known !== undefined) return `<${known}>`
    if (value instanceof Uint8Array) return `<${value.length} bytes ${short(value)}>`
    if (Array.isArray(value)) return value.map((entry) => this.show(entry))
    const prototype = Object.getPrototypeOf(value) as object | null
    if (prototype !== null && prototype !== Object.prototype) return `<${value.constructor.name}>`
    return this.#showFields(value)
  }

  #showFields(value: object): Record<string, unknown> {
    return Object.fromEntries(
      Object.entries(value).map(([key, field]) => {
        // Ports that nobody chose differ from run to run.
        const chance = /port$/i.test(key) && typeof field === 'number' && field > 1023
        const shown = this.show(field)
        return [key, chance && shown === field ? '<a port>' : shown]
      }),
    )
  }

  #showError(error: Error): Record<string, unknown> {
    const { name, message } = error
    return {
      class: error.constructor.name,
      name,
      message: this.#hide(message),
      text: this.#hide(String(error)),
      ...this.#showFields(error),
      ...('errors' in error ? { errors: this.show(error.errors) } : {}),
      ...('cause' in error ? { cause: this.show(error.cause) } : {}),
    }
  }

  #hide(text: string): string {
    let hidden = text
    const longestFirst = [...this.names].sort(([a], [b]) => b.length - a.length)
    for (const [value, name] of longestFirst) {
      hidden = hidden.replaceAll(
        new RegExp(`(?<![\\w.:])${literally(value)}(?![\\w.]|:[\\da-f]*:)`, 'g'),
        name,
      )
      hidden = hidden.replaceAll(new RegExp(`(?<=:|ffff:)${literally(value)}(?![\\w])`, 'g'), name)
    }
    return hidden
  }

  #event(name: string, event: string | symbol, args: readonly unknown[]): void {
    if (event === 'data') this.#data(name, args[0] as Buffer | string)
    else
      this.#add(
        name,
        args.length === 0 ? String(event) : [String(event), ...args.map((arg) => this.show(arg))],
      )
  }

  #data(name: string, chunk: Buffer | string): void {
    const list = this.#list(name)
    const kind = typeof chunk === 'string' ? 'text' : 'bytes'
    // What comes between two pieces is as much a matter of chance; only the end has to be behind them.
    const last = list.includes('end')
      ? undefined
      : list.findLast((entry) => Array.isArray(entry) && entry[0] === 'data')
    if (Array.isArray(last) && last[1] === kind) {
      last[2] = (last[2] as string) + chunk.toString('latin1' as never)
      this.#wake()
    } else this.#add(name, ['data', kind, chunk.toString('latin1' as never)])
  }

  #add(name: string, entry: unknown): void {
    this.#list(name).push(entry)
    this.#wake()
  }

  #list(name: string): unknown[] {
    const list = this.#lists.get(name) ?? []
    this.#lists.set(name, list)
    return list
  }

  #wake(): void {
    this.#entries++
    const waiting = this.#waiting
    this.#waiting = []
    for (const wake of waiting) wake()
  }
}

const literally = (text: string): string => text.replaceAll(/[.[\]$()*+?\\|{}^]/g, '\\$&')

const short = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex').slice(0, 12)

/** Much data is told by its length and its hash. */
function withoutBulk(entry: unknown): unknown {
  if (!Array.isArray(entry) || entry[0] !== 'data' || entry[2].length < 1000) return entry
  const bytes = Buffer.from(entry[2], 'latin1')
  return [...entry.slice(0, 2), `${bytes.length}: ${short(bytes)}`]
}
