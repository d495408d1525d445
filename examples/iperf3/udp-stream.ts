import type { Socket } from 'node:dgram'
import { Allowance } from './allowance.ts'
import type { Params } from './params.ts'
import { type Budget, Counts, type Stream, spend } from './stream.ts'
import { UdpAccount } from './udp-account.ts'
import { countOf, headerLength, sentAt, writeHeader } from './udp-packet.ts'

/** Of one stream, on their way through the socket, each in a buffer of its own: how long they are is for others to say. */
const DATAGRAMS = 64
const BYTES = 256 * 1024

interface StreamOptions {
  readonly id: number
  readonly params: Params
  readonly budget: Budget
  readonly onSpent: () => void
  readonly socket: Socket
  readonly address: string
  readonly port: number
  /** Whether the socket is this stream's, and is to be closed with it. */
  readonly ownsSocket: boolean
}

export class UdpSender implements Stream {
  readonly sends = true
  readonly id: number
  readonly counts = new Counts()
  readonly #options: StreamOptions
  readonly #free: Buffer[]
  #allowance = new Allowance(0, 0)
  #timer: NodeJS.Timeout | undefined
  #running = false
  #closed = false
  #count = 0

  constructor(options: StreamOptions) {
    this.id = options.id
    this.#options = options
    const { length } = options.params
    const count = Math.max(2, Math.min(DATAGRAMS, Math.floor(BYTES / length)))
    this.#free = Array.from({ length: count }, () => Buffer.alloc(length, '0123456789'))
  }

  start(): void {
    this.#running = true
    this.#allowance = new Allowance(this.#options.params.bandwidth, performance.now())
    this.#fill()
  }

  #fill(): void {
    clearTimeout(this.#timer)
    const { params, budget } = this.#options
    while (this.#running) {
      const packet = this.#free.pop()
      if (packet === undefined) return
      const wait = this.#allowance.take(packet.length, performance.now())
      if (wait > 0) {
        this.#free.push(packet)
        this.#timer = setTimeout(() => this.#fill(), wait)
        return
      }
      if (!spend(budget, params.length)) {
        this.stop()
        this.#options.onSpent()
        return
      }
      this.#send(packet)
    }
  }

  #send(packet: Buffer): void {
    const { params, socket, port, address } = this.#options
    writeHeader(packet, performance.timeOrigin + performance.now(), ++this.#count, params.counters64)
    this.counts.bytes += packet.length
    this.counts.packets++
    // A datagram that did not leave is one that does not arrive: the receiver tells.
    socket.send(packet, port, address, () => {
      const waiting = this.#free.length === 0
      this.#free.push(packet)
      // In the event loop's next round, so that others have their turn.
      if (waiting && this.#running) setImmediate(() => this.#fill())
    })
  }

  stop(): void {
    this.#running = false
    clearTimeout(this.#timer)
  }

  close(): void {
    this.stop()
    if (this.#options.ownsSocket && !this.#closed) this.#options.socket.close()
    this.#closed = true
  }
}

export class UdpReceiver implements Stream {
  readonly sends = false
  readonly id: number
  readonly counts = new Counts()
  readonly #options: StreamOptions
  readonly #account: UdpAccount
  #running = true
  #closed = false

  constructor(options: StreamOptions) {
    this.id = options.id
    this.#options = options
    this.#account = new UdpAccount(this.counts)
  }

  /** A datagram that came for this stream. */
  take(packet: Buffer): void {
    const { params, budget } = this.#options
    if (!this.#running || packet.length < headerLength(params.counters64)) return
    this.counts.bytes += packet.length
    const now = (performance.timeOrigin + performance.now()) / 1000
    this.#account.take(countOf(packet, params.counters64), sentAt(packet), now)
    budget.bytes -= packet.length
    budget.blocks--
    if (budget.bytes <= 0 || budget.blocks <= 0) this.#options.onSpent()
  }

  start(): void {}

  stop(): void {
    this.#running = false
  }

  close(): void {
    this.stop()
    if (this.#options.ownsSocket && !this.#closed) this.#options.socket.close()
    this.#closed = true
  }
}
