import {
  type CongestionName,
  createCable,
  impair,
  parseAddress,
  SeededRandom,
  Stack,
  type TcpConnection,
  type TcpSettings,
  type TcpTracer,
  VirtualClock,
} from '../../src/index.ts'

/** A bottleneck between two stacks, in virtual time. */
export interface Bottleneck {
  /** Bits per second. */
  readonly bandwidth: number
  /** Milliseconds there and back. */
  readonly rtt: number
  /** Bytes that may wait at the bottleneck. */
  readonly queue: number
  /** Probability that a frame towards the receiver is lost. */
  readonly loss?: number
  readonly seed?: number
  /** For both stacks. */
  readonly tcp?: TcpSettings
  readonly trace?: TcpTracer
}

export interface FlowOptions {
  readonly congestion?: CongestionName
  /** Seconds after which it begins. */
  readonly start?: number
}

export interface Flow {
  readonly connection: TcpConnection
  /** Bytes that the receiving application has read. */
  received: number
}

const CHUNK = new Uint8Array(256 * 1024).fill(7)

/** Some bulk transfers from one stack to another through one bottleneck. */
export class Netsim {
  readonly clock = new VirtualClock()
  readonly sender: Stack
  readonly receiver: Stack
  readonly flows: Flow[] = []
  readonly link: ReturnType<typeof impair>

  constructor(options: Bottleneck) {
    const { clock } = this
    const { bandwidth, rtt, queue, loss = 0, seed = 1, tcp = {}, trace } = options
    const [a, b] = createCable({ clock, medium: 'ip' })
    this.link = impair(a, { clock, seed, latency: rtt / 2 })
    this.link.set({ bandwidth, queue, loss }, 'out')
    const memory = { memory: 512 * 1024 * 1024 }
    const settings = { receiveBuffer: 16 << 20, sendBufferMax: 64 << 20, receiveBufferMax: 64 << 20, ...tcp }
    this.sender = new Stack({
      clock,
      random: new SeededRandom(seed),
      tcp: settings,
      limits: memory,
      ...(trace === undefined ? {} : { trace }),
    })
    this.receiver = new Stack({ clock, random: new SeededRandom(seed + 1), tcp: settings, limits: memory })
    this.sender.addInterface(this.link, { addresses: ['10.0.0.1/24'] })
    this.receiver.addInterface(b, { addresses: ['10.0.0.2/24'] })
  }

  /** Begins a transfer that never ends. */
  add(options: FlowOptions = {}): Flow {
    const port = 5001 + this.flows.length
    const start = options.start ?? 0
    if (start * 1000 > this.clock.now() / 1000) this.clock.advance(start * 1000 - this.clock.now() / 1000)
    const listener = this.receiver.tcp.listen(
      { port },
      {
        onConnection: () => {
          const accepted = listener.accept()
          if (accepted === null) throw new Error('Nothing to accept')
          accepted.handler = { onReadable: (c) => drain(c, flow) }
        },
      },
    )
    const connection = this.sender.tcp.connect(
      { address: parseAddress('10.0.0.2')!, port },
      { onConnect: fill, onWritable: fill },
    )
    if (options.congestion !== undefined) connection.congestion = options.congestion
    const flow: Flow = { connection, received: 0 }
    this.flows.push(flow)
    return flow
  }

  /** Lets so many seconds pass. @returns bytes received by each flow in that time */
  run(seconds: number): number[] {
    const before = this.flows.map((flow) => flow.received)
    this.clock.advance(seconds * 1000)
    return this.flows.map((flow, i) => flow.received - before[i])
  }
}

function fill(connection: TcpConnection): void {
  while (connection.write(CHUNK) === CHUNK.length);
}

function drain(connection: TcpConnection, flow: Flow): void {
  for (let n = connection.peek(); n > 0; n = connection.peek()) {
    connection.consume(n)
    flow.received += n
  }
}

/** Jain's index of fairness: 1 when all are equal, 1/n when one has everything. */
export function jain(shares: readonly number[]): number {
  const sum = shares.reduce((a, b) => a + b, 0)
  return sum ** 2 / (shares.length * shares.reduce((a, b) => a + b * b, 0))
}
