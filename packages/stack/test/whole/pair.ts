import {
  type ConnectionHandler,
  type ConnectOptions,
  createCable,
  type ImpairedDevice,
  impair,
  type Limits,
  parseAddress,
  SeededRandom,
  Stack,
  type TcpConnection,
  type TcpListener,
  type TcpSettings,
  VirtualClock,
} from '../../src/index.ts'

/** Every stream has bytes of its own: byte `at` of what the connection on `from` sends to the port `to`. */
function byteOf(from: number, to: number, at: number): number {
  return (at * 31 + (at >>> 8) * 7 + from * 5 + to) & 255
}

/** What is known of one end of a connection, beside what the stack says of it. */
export class End {
  readonly pair: Pair
  readonly connection: TcpConnection
  readonly #name: string
  /** Bytes the connection took, and bytes it gave. */
  sent = 0
  received = 0
  /** Reads by itself whatever comes. */
  eager = true
  /** This side shut down, after `sent` bytes. */
  finished = false
  /** This side closed or aborted: what it had not read, and what still comes, is lost. */
  gone = false
  over = false

  constructor(pair: Pair, connection: TcpConnection) {
    this.pair = pair
    this.connection = connection
    this.#name = streamName(connection.localPort, connection.remotePort)
    pair.ends.set(this.#name, this)
  }

  /** The other end, if it was ever there. */
  get other(): End | undefined {
    return this.pair.ends.get(streamName(this.connection.remotePort, this.connection.localPort))
  }

  readonly handler: ConnectionHandler = {
    onReadable: () => {
      if (this.eager) this.read(Number.POSITIVE_INFINITY)
    },
    onClose: () => {
      this.over = true
      if (this.eager) this.read(Number.POSITIVE_INFINITY)
    },
  }

  write(length: number): void {
    const { connection } = this
    if (this.finished || this.gone || connection.closeReason !== undefined) return
    const bytes = new Uint8Array(length)
    for (let i = 0; i < length; i++) {
      bytes[i] = byteOf(connection.localPort, connection.remotePort, this.sent + i)
    }
    this.sent += connection.write(bytes)
  }

  /** Reads, and insists on the bytes that come next in the stream. */
  read(most: number): void {
    const { connection } = this
    if (this.gone) return
    const bytes = new Uint8Array(Math.min(most, connection.readable))
    const length = connection.read(bytes)
    if (length !== bytes.length) throw new Error(`${this.#name}: ${bytes.length} readable, ${length} read`)
    for (let i = 0; i < length; i++) {
      const expected = byteOf(connection.remotePort, connection.localPort, this.received + i)
      if (bytes[i] !== expected)
        throw new Error(`${this.#name}: byte ${this.received + i} is not what was sent`)
    }
    this.received += length
  }

  shutdown(): void {
    this.finished = true
    this.connection.shutdown()
  }

  close(): void {
    this.finished = true
    this.gone = true
    this.connection.close()
  }

  abort(): void {
    this.finished = true
    this.gone = true
    this.connection.abort()
  }

  /** Whatever happens: nothing is read that was not written, and an end comes after everything. */
  check(): void {
    const { connection, other } = this
    const had = this.received + (this.gone ? 0 : connection.readable)
    const could = other?.sent ?? 0
    if (had > could) throw new Error(`${this.#name}: ${had} bytes arrived of ${could}`)
    if (!connection.ended || this.gone) return
    if (other === undefined || !other.finished) throw new Error(`${this.#name}: an end nobody sent`)
    if (had !== could) throw new Error(`${this.#name}: the end came after ${had} bytes of ${could}`)
  }
}

function streamName(from: number, to: number): string {
  return `${from} to ${to}`
}

export interface PairOptions {
  readonly seed: number
  readonly tcp?: TcpSettings
  readonly limits?: Partial<Limits>
}

/** Two stacks on a cable that can be made as bad as one likes, and the ends of all connections between them. */
export class Pair {
  readonly clock = new VirtualClock()
  readonly stacks: readonly [Stack, Stack]
  readonly link: ImpairedDevice
  readonly ends = new Map<string, End>()
  readonly listeners: TcpListener[] = []
  readonly faults: unknown[] = []
  readonly #idle: readonly { memory: number; timers: number }[]

  constructor(options: PairOptions) {
    const { clock } = this
    const { seed, tcp = {}, limits = {} } = options
    const [a, b] = createCable({ clock, medium: 'ip' })
    this.link = impair(a, { clock, seed, latency: 5 })
    this.stacks = [0, 1].map((i) => {
      const stack = new Stack({ clock, random: new SeededRandom(seed * 2 + i), tcp, limits })
      stack.events.on('fault', (error) => this.faults.push(error))
      stack.addInterface(i === 0 ? this.link : b, { addresses: [`10.9.0.${i + 1}/24`, `fd09::${i + 1}/64`] })
      return stack
    }) as unknown as readonly [Stack, Stack]
    this.#idle = this.stacks.map(({ memory, engine }) => ({
      memory: memory.allocated,
      timers: engine.timers.size,
    }))
  }

  listen(side: 0 | 1, port: number): void {
    const listener = this.stacks[side].tcp.listen(
      { port },
      {
        onConnection: () => {
          for (let c = listener.accept(); c !== null; c = listener.accept()) this.#adopt(c)
        },
      },
    )
    this.listeners.push(listener)
  }

  connect(side: 0 | 1, localPort: number, port: number, family: 4 | 6 = 4): End {
    const address = parseAddress(`${family === 4 ? '10.9.0.' : 'fd09::'}${2 - side}`)
    if (address === null) throw new Error('no address')
    const options: ConnectOptions = { address, port, localPort }
    return this.#adopt(this.stacks[side].tcp.connect(options, {}))
  }

  #adopt(connection: TcpConnection): End {
    const end = new End(this, connection)
    connection.handler = end.handler
    return end
  }

  /** @returns what is left in either stack that was not there when it began, in words; empty when nothing is */
  leftovers(): string[] {
    const left: string[] = []
    for (const [i, { memory, engine, tcp }] of this.stacks.entries()) {
      const { connections, halfOpen, timeWait } = tcp.sizes
      if (connections + halfOpen + timeWait > 0) left.push(`stack ${i}: ${JSON.stringify(tcp.sizes)}`)
      const bytes = memory.allocated - this.#idle[i].memory
      if (bytes !== 0) left.push(`stack ${i}: ${bytes} bytes`)
      const timers = engine.timers.size - this.#idle[i].timers
      if (timers !== 0) left.push(`stack ${i}: ${timers} timers`)
      const { blocked, notify, output } = tcp.context
      if (blocked.size + notify.size + output.size > 0) left.push(`stack ${i}: work`)
    }
    return left
  }
}
