import type { Socket } from 'node:dgram'
import { once } from 'node:events'
import type { DgramWorld } from './dgram-worlds.ts'

/** What one story of a test has seen, in order, in words that are the same in every world. */
export class Story {
  readonly lines: string[] = []
  readonly #open: Socket[] = []
  readonly #names: [string, string][]

  constructor(world: DgramWorld) {
    // Whose address it is cannot be told where there is one host only.
    const { client4, client6, v4, v6 } = world
    this.#names = [client6, client4, v6, v4, '127.0.0.1', '::1'].map((address) => [address, 'HOST'])
  }

  note(...words: unknown[]): void {
    this.lines.push(words.map((word) => this.show(word)).join(' '))
  }

  /** Closed at the end, if the story does not. */
  own<S extends Socket>(socket: S): S {
    this.#open.push(socket)
    return socket
  }

  watch(name: string, socket: Socket): Socket {
    this.own(socket)
    for (const event of ['listening', 'connect', 'close', 'error', 'message']) {
      socket.on(event, (...args: unknown[]) => this.note(name, event, ...args))
    }
    return socket
  }

  /** What a call returns or throws. */
  call(name: string, call: () => unknown): void {
    try {
      const result = call()
      this.note(name, 'returns', typeof result === 'object' && result !== null ? { ...result } : result)
    } catch (error) {
      this.note(name, 'throws', error)
    }
  }

  callback(name: string): (...args: unknown[]) => void {
    return (...args) => this.note(name, 'is called with', ...args)
  }

  async quiet(): Promise<void> {
    for (let before = -1; before !== this.lines.length; ) {
      before = this.lines.length
      await new Promise((resolve) => setTimeout(resolve, 25))
    }
  }

  async end(): Promise<void> {
    for (const socket of this.#open) {
      try {
        socket.removeAllListeners('close')
        socket.close()
      } catch {
        // The story has closed it.
      }
    }
  }

  show(value: unknown): string {
    if (Buffer.isBuffer(value)) return value.length > 40 ? `<${value.length} bytes>` : `<${value}>`
    const plain =
      value instanceof Error
        ? JSON.stringify({ text: String(value), ...value }, plainly)
        : typeof value === 'string'
          ? value
          : JSON.stringify(value, plainly)
    return this.#hide(plain ?? String(value))
  }

  #hide(text: string): string {
    let hidden = text
    for (const [address, name] of this.#names) {
      const escaped = address.replaceAll('.', '\\.')
      hidden = hidden.replaceAll(new RegExp(`(?<![\\w.:])${escaped}(?![\\w.])`, 'g'), name)
      hidden = hidden.replaceAll(new RegExp(`(?<=ffff:)${escaped}(?![\\w.])`, 'g'), name)
    }
    // Ports that nobody chose.
    return hidden.replaceAll(/(?<=[":\s])(3[2-9]|[4-6]\d)\d{3}(?!\d)/g, 'PORT')
  }
}

function plainly(_key: string, value: unknown): unknown {
  return typeof value === 'function' ? '<function>' : value
}

export async function listening(socket: Socket, ...args: unknown[]): Promise<number> {
  ;(socket.bind as (...args: unknown[]) => unknown).apply(socket, args)
  await once(socket, 'listening')
  return socket.address().port
}
