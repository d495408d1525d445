import type { Socket } from 'node:net'
import { Allowance } from './allowance.ts'
import type { Params } from './params.ts'
import { MAX_TCP_BLOCK } from './protocol.ts'
import { type Budget, Counts, type Stream, spend } from './stream.ts'

interface StreamOptions {
  readonly id: number
  readonly params: Params
  readonly budget: Budget
  /** Called once when nothing more may be sent, and all of it is on its way. */
  readonly onSpent: () => void
}

/** What all streams send: nobody has to keep a copy of it. */
const BYTES = Buffer.alloc(MAX_TCP_BLOCK, '0123456789')

/** Writes blocks for as long as the connection takes them. */
export class TcpSender implements Stream {
  readonly sends = true
  readonly id: number
  readonly counts = new Counts()
  readonly #socket: Socket
  readonly #options: StreamOptions
  readonly #block: Buffer
  #allowance = new Allowance(0, 0)
  #timer: NodeJS.Timeout | undefined
  #running = false

  constructor(socket: Socket, options: StreamOptions) {
    this.id = options.id
    this.#socket = socket
    this.#options = options
    this.#block = BYTES.subarray(0, options.params.length)
    socket.setNoDelay(options.params.noDelay)
    socket.on('error', () => {})
    socket.on('drain', () => this.#fill())
    // Nothing is to come; whether the other side hangs up is to be noticed.
    socket.resume()
  }

  start(): void {
    this.#running = true
    this.#allowance = new Allowance(this.#options.params.bandwidth, performance.now())
    this.#fill()
  }

  #fill(): void {
    clearTimeout(this.#timer)
    const { budget } = this.#options
    const { length } = this.#block
    while (this.#running && !this.#socket.destroyed) {
      const wait = this.#allowance.take(length, performance.now())
      if (wait > 0) {
        this.#timer = setTimeout(() => this.#fill(), wait)
        return
      }
      if (!spend(budget, length)) {
        this.stop()
        this.#options.onSpent()
        return
      }
      this.counts.bytes += length
      if (!this.#socket.write(this.#block)) return
    }
  }

  stop(): void {
    this.#running = false
    clearTimeout(this.#timer)
  }

  close(): void {
    this.stop()
    this.#socket.destroy()
  }
}

/** Counts what comes. */
export class TcpReceiver implements Stream {
  readonly sends = false
  readonly id: number
  readonly counts = new Counts()
  readonly #socket: Socket
  #running = true

  constructor(socket: Socket, options: StreamOptions) {
    this.id = options.id
    this.#socket = socket
    const { budget } = options
    socket.on('error', () => {})
    socket.on('data', (data: Buffer) => {
      if (!this.#running) return
      this.counts.bytes += data.length
      budget.bytes -= data.length
      budget.blocks -= data.length / options.params.length
      if (budget.bytes <= 0 || budget.blocks <= 0) options.onSpent()
    })
  }

  start(): void {}

  stop(): void {
    this.#running = false
  }

  close(): void {
    this.stop()
    this.#socket.destroy()
  }
}
