import type * as net from 'node:net'
import type { Server, Socket } from 'node:net'

/** What the measuring process asks of an end. */
export type Order =
  | { readonly serve: number; readonly sends: boolean; readonly seconds: number }
  | { readonly connect: number; readonly address: string; readonly sends: boolean; readonly seconds: number }

/** What an end answers: that it is there, that it listens, and at last what it has seen of a run. */
export type Answer =
  | { readonly ready: true }
  | { readonly listening: true }
  | { readonly done: PeerReport }
  | { readonly failed: string }

export interface PeerReport {
  /** What has come in, from the handshake until `seconds` later. */
  readonly bytes: number
  readonly seconds: number
  /** What has changed in the figures of this end's TCP. */
  readonly counters: Readonly<Record<string, number>>
}

export interface PeerOptions {
  readonly net: Pick<typeof net, 'createServer' | 'connect'>
  /** Figures that only grow. */
  readonly counters: () => Record<string, number>
}

const CHUNK = Buffer.alloc(64 * 1024, 7)

/**
 * One end of the measured connections: a sender that never stops, or a receiver that counts for so many seconds and then
 * hangs up. The same program for both, whatever `net` is.
 */
export class Peer {
  readonly #options: PeerOptions

  constructor(options: PeerOptions) {
    this.#options = options
  }

  /** Does what the parent process asks, until that is gone. */
  start(): void {
    process.on('message', (order: Order) => void this.#obey(order))
    process.on('disconnect', () => process.exit())
    // Ctrl-C goes to the whole group of processes; the parent decides what happens then.
    process.on('SIGINT', () => {})
    say({ ready: true })
  }

  async #obey(order: Order): Promise<void> {
    try {
      const before = this.#options.counters()
      const socket = 'serve' in order ? await this.#accept(order.serve) : this.#connect(order)
      const { bytes, seconds } = await (order.sends ? send(socket) : receive(socket, order.seconds))
      const after = this.#options.counters()
      const counters = Object.fromEntries(
        Object.entries(after)
          .map(([name, value]): [string, number] => [name, value - (before[name] ?? 0)])
          .filter(([, value]) => value !== 0),
      )
      say({ done: { bytes, seconds, counters } })
    } catch (error) {
      say({ failed: error instanceof Error ? (error.stack ?? error.message) : String(error) })
    }
  }

  /** The first connection to this port; there is no other. */
  #accept(port: number): Promise<Socket> {
    return new Promise((resolve, reject) => {
      const server: Server = this.#options.net.createServer((socket: Socket) => {
        server.close()
        resolve(socket)
      })
      server.on('error', reject)
      server.listen(port, () => say({ listening: true }))
    })
  }

  #connect({ address, connect }: Extract<Order, { connect: number }>): Socket {
    return this.#options.net.connect({ host: address, port: connect })
  }
}

interface Seen {
  readonly bytes: number
  readonly seconds: number
}

/** Until the other end hangs up, which it does with data under way: an error is the usual end. */
function send(socket: Socket): Promise<Seen> {
  const start = performance.now()
  return new Promise((resolve) => {
    const fill = (): void => {
      while (!socket.destroyed && socket.write(CHUNK));
    }
    socket.on('drain', fill)
    socket.on('error', () => {})
    socket.on('end', () => socket.destroy())
    socket.resume()
    socket.on('close', () => resolve({ bytes: 0, seconds: (performance.now() - start) / 1000 }))
    fill()
  })
}

function receive(socket: Socket, seconds: number): Promise<Seen> {
  return new Promise((resolve, reject) => {
    let bytes = 0
    let start = 0
    const begin = (): void => {
      start = performance.now()
      setTimeout(() => {
        const seen = { bytes, seconds: (performance.now() - start) / 1000 }
        socket.on('close', () => resolve(seen))
        socket.resetAndDestroy()
      }, seconds * 1000)
    }
    socket.on('data', (data: Buffer) => {
      bytes += data.length
    })
    socket.on('error', reject)
    if (socket.connecting) socket.on('connect', begin)
    else begin()
  })
}

function say(answer: Answer): void {
  process.send?.(answer)
}
