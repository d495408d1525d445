import {
  type CongestionName,
  createCable,
  type Impairment,
  impair,
  type LinkDevice,
  type RxFrame,
  SeededRandom,
  Stack,
  type TcpSettings,
  type TcpTracer,
  type TransmitResult,
  type TxDescriptor,
  VirtualClock,
  WrappedDevice,
} from '../../src/index.ts'
import { RxChecksum } from '../../src/link/device.ts'
import { type Bulk, startBulk } from '../support/bulk.ts'

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
  /** Probability that a frame towards the receiver overtakes others by `skip` milliseconds (part of `rtt`; default half). */
  readonly reorder?: number
  readonly skip?: number
  /** What else happens to frames towards the receiver. */
  readonly more?: Impairment
  /** Bytes of the largest IP packet; default 1,500. */
  readonly mtu?: number
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

export type Flow = Bulk

/** Some bulk transfers from one stack to another through one bottleneck. */
export class Netsim {
  readonly clock = new VirtualClock()
  readonly sender: Stack
  readonly receiver: Stack
  readonly flows: Flow[] = []
  readonly link: ReturnType<typeof impair>

  constructor(options: Bottleneck) {
    const { clock } = this
    const { bandwidth, rtt, queue, loss = 0, reorder = 0, mtu = 1500 } = options
    const { skip = reorder > 0 ? rtt / 2 : 0, more = {}, seed = 1, tcp = {}, trace } = options
    const [a, b] = createCable({ clock, medium: 'ip', mtu })
    this.link = impair(a, { clock, seed })
    // ACKs are small: latency in their direction is cheaper to simulate, and TCP cannot tell the difference.
    this.link.set({ latency: rtt - skip }, 'in')
    this.link.set({ bandwidth, queue, loss, ...more }, 'out')
    // Behind the bottleneck, so that the queue has the room of a whole impaired path.
    const far = skip > 0 ? impair(b, { clock, seed, direction: 'in', latency: skip, reorder }) : b
    const memory = { memory: 512 * 1024 * 1024 }
    const settings = {
      receiveBuffer: 16 << 20,
      sendBufferMax: 128 << 20,
      receiveBufferMax: 128 << 20,
      ...tcp,
    }
    this.sender = new Stack({
      clock,
      random: new SeededRandom(seed),
      tcp: settings,
      limits: memory,
      ...(trace === undefined ? {} : { trace }),
    })
    this.receiver = new Stack({ clock, random: new SeededRandom(seed + 1), tcp: settings, limits: memory })
    this.sender.addInterface(new Unsummed(this.link), { addresses: ['10.0.0.1/24'] })
    this.receiver.addInterface(new Unsummed(far), { addresses: ['10.0.0.2/24'] })
  }

  /** Begins a transfer that never ends. */
  add(options: FlowOptions = {}): Flow {
    const port = 5001 + this.flows.length
    const start = options.start ?? 0
    if (start * 1000 > this.clock.now() / 1000) this.clock.advance(start * 1000 - this.clock.now() / 1000)
    const flow = startBulk(this.sender, this.receiver, '10.0.0.2', port)
    if (options.congestion !== undefined) flow.connection.congestion = options.congestion
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

/** A device that spares both ends the checksums: a fifth of the time it takes to simulate 1,500-byte frames. */
class Unsummed extends WrappedDevice {
  constructor(device: LinkDevice) {
    super(device, { ...device.capabilities, txChecksum: true })
  }

  override transmit(frame: TxDescriptor): TransmitResult {
    frame.checksumStart = -1
    return this.device.transmit(frame)
  }

  override onFrame(frame: RxFrame): void {
    frame.checksum = RxChecksum.Valid
    this.sink?.onFrame(frame)
  }
}

/** Jain's index of fairness: 1 when all are equal, 1/n when one has everything. */
export function jain(shares: readonly number[]): number {
  const sum = shares.reduce((a, b) => a + b, 0)
  return sum ** 2 / (shares.length * shares.reduce((a, b) => a + b * b, 0))
}
