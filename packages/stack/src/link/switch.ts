import type { Clock } from '../core/clock.ts'
import { TapwireError } from '../core/errors.ts'
import {
  ETHERNET_HEADER,
  type FrameSink,
  type LinkCapabilities,
  type LinkDevice,
  type RxChecksum,
  TransmitResult,
  type TxDescriptor,
} from './device.ts'
import { FrameOutlet } from './frame-outlet.ts'
import type { QueueLimits } from './frame-queue.ts'
import { MacTable } from './mac-table.ts'
import {
  acceptsLength,
  checkMtu,
  clockOf,
  type MemoryLinkOptions,
  memoryLinkCapabilities,
  queueOf,
  receivedChecksum,
} from './memory-link.ts'

export interface SwitchOptions extends MemoryLinkOptions {
  /** Addresses remembered, 4 to 65,536, rounded up to a power of two; default 1,024. */
  readonly macTable?: number
  /** Seconds without a frame after which an address is forgotten, 1 to 1,000,000; default 300 (IEEE 802.1D). */
  readonly ageing?: number
  /** Ports, 2 to 4,096; default 256. */
  readonly maxPorts?: number
}

/** What one port of a switch has counted. */
export interface SwitchPortStats {
  /** Frames that came into the switch here. */
  received: number
  /** Frames handed to whoever is attached here. */
  delivered: number
  /** Frames sent to all other ports, their destination being a group or not known. */
  flooded: number
  /** Frames whose destination is behind the port they came from, or that bridges never forward. */
  filtered: number
  /** Frames for this port that found its queue full. */
  dropped: number
  /** Frames this port could not take: shorter than an Ethernet header, too long, or after its close. */
  refused: number
}

export interface SwitchPort extends LinkDevice {
  readonly stats: Readonly<SwitchPortStats>
}

export interface Switch {
  /**
   * Adds a port. @param options `mac`: the address of whoever is attached; by default the stack makes one up
   * @throws ENOBUFS beyond `maxPorts`, ENETDOWN after `close`
   */
  port(options?: { readonly mac?: Uint8Array }): SwitchPort
  /** Ports in use. */
  readonly ports: number
  /** Addresses remembered now. */
  readonly addresses: number
  /** Addresses that were forgotten early, the table being full. */
  readonly evictions: number
  /** Closes every port: whoever is attached is given what was on the way, then told. */
  close(): Promise<void>
}

/**
 * A learning Ethernet switch in memory: it remembers at which port it saw which address, sends there what is for
 * it, and to all other ports what is for groups or for nobody it knows. A port whose queue is full drops and
 * counts, as a switch does; `transmit` never answers `Full`.
 *
 * @throws ERR_OUT_OF_RANGE for options out of their range
 */
export function createSwitch(options: SwitchOptions = {}): Switch {
  return new LearningSwitch(options)
}

class LearningSwitch implements Switch {
  readonly clock: Clock
  readonly mtu: number
  readonly offload: boolean
  readonly limits: QueueLimits
  readonly longest: number
  readonly #table: MacTable
  readonly #maxPorts: number
  /** By number; null where a port was closed. */
  readonly #ports: (Port | null)[] = []
  closed = false

  constructor(options: SwitchOptions) {
    this.clock = clockOf(options.clock)
    this.mtu = checkMtu(options.mtu)
    this.offload = options.offload ?? false
    this.longest = this.mtu + ETHERNET_HEADER
    this.limits = queueOf(options, this.longest)
    const size = inRange('macTable', options.macTable ?? 1024, 4, 65_536)
    this.#table = new MacTable(size, inRange('ageing', options.ageing ?? 300, 1, 1_000_000) * 1_000_000)
    this.#maxPorts = inRange('maxPorts', options.maxPorts ?? 256, 2, 4096)
  }

  get ports(): number {
    let count = 0
    for (const port of this.#ports) if (port !== null) count++
    return count
  }

  get addresses(): number {
    return this.#table.count(this.clock.now())
  }

  get evictions(): number {
    return this.#table.evictions
  }

  port(options: { readonly mac?: Uint8Array } = {}): SwitchPort {
    if (this.closed) throw new TapwireError('ENETDOWN', 'The switch has been closed')
    let number = this.#ports.indexOf(null)
    if (number < 0) number = this.#ports.length
    if (number >= this.#maxPorts) {
      throw new TapwireError('ENOBUFS', `The switch has no more than ${this.#maxPorts} ports`)
    }
    const port = new Port(this, number, options.mac ?? null)
    this.#ports[number] = port
    return port
  }

  close(): Promise<void> {
    this.closed = true
    for (const port of this.#ports) port?.unplug()
    this.#ports.length = 0
    return Promise.resolve()
  }

  /** The port is gone: its addresses are forgotten and its number is free. */
  remove(port: Port): void {
    if (this.#ports[port.number] === port) this.#ports[port.number] = null
    this.#table.forget(port.number)
  }

  /** Sends a frame on from the port where it came in. Its Ethernet header lies in the head. */
  forward(frame: TxDescriptor, from: Port, checksum: RxChecksum): void {
    const view = frame.memory.view
    const at = frame.headOffset
    const now = this.clock.now()
    const group = (view.getUint8(at) & 1) !== 0
    // A group address is nobody's source (IEEE 802.3 section 3.2.3).
    if ((view.getUint8(at + 6) & 1) === 0) {
      this.#table.learn(view.getUint16(at + 6), view.getInt32(at + 8), from.number, now)
    }
    const high = view.getUint16(at)
    const low = view.getInt32(at + 2)
    // 01-80-C2-00-00-00 to -0F are for the bridge itself (IEEE 802.1D table 7-10).
    if (high === 0x0180 && (low & ~0xf) === (0xc2000000 | 0)) {
      from.stats.filtered++
      return
    }
    const number = group ? -1 : this.#table.find(high, low, now)
    if (number === from.number) {
      from.stats.filtered++
      return
    }
    if (number >= 0) this.#ports[number]?.accept(frame, checksum)
    else this.#flood(frame, from, checksum)
  }

  #flood(frame: TxDescriptor, from: Port, checksum: RxChecksum): void {
    from.stats.flooded++
    const ports = this.#ports
    for (let i = 0; i < ports.length; i++) {
      const port = ports[i]
      if (port !== null && port !== from) port.accept(frame, checksum)
    }
  }
}

class Port implements SwitchPort {
  readonly medium = 'ethernet'
  readonly mtu: number
  readonly capabilities: LinkCapabilities
  readonly number: number
  readonly stats: SwitchPortStats
  readonly #owner: LearningSwitch
  readonly #outlet: FrameOutlet

  constructor(owner: LearningSwitch, number: number, mac: Uint8Array | null) {
    this.#owner = owner
    this.number = number
    this.mtu = owner.mtu
    this.capabilities = memoryLinkCapabilities(owner.offload, mac)
    const outlet = new FrameOutlet(owner.clock, owner.limits, 0, () => {})
    this.#outlet = outlet
    this.stats = {
      received: 0,
      get delivered() {
        return outlet.delivered
      },
      flooded: 0,
      filtered: 0,
      dropped: 0,
      refused: 0,
    }
  }

  attach(sink: FrameSink): void {
    this.#outlet.attach(sink)
  }

  transmit(frame: TxDescriptor): TransmitResult {
    if (
      this.#outlet.closed ||
      this.#owner.closed ||
      frame.headLength < ETHERNET_HEADER ||
      !acceptsLength(frame, this.#owner.longest, this.capabilities)
    ) {
      this.stats.refused++
      return TransmitResult.Refused
    }
    this.stats.received++
    this.#owner.forward(frame, this, receivedChecksum(frame, this.capabilities))
    return TransmitResult.Sent
  }

  /** A frame leaves the switch here. */
  accept(frame: TxDescriptor, checksum: RxChecksum): void {
    if (!this.#outlet.push(frame, checksum)) this.stats.dropped++
  }

  flush(): void {
    // Nothing is batched here: the clock delivers.
  }

  close(): Promise<void> {
    if (!this.#outlet.closed) {
      this.#owner.remove(this)
      this.#outlet.close()
    }
    return Promise.resolve()
  }

  /** The switch is closed under the port. */
  unplug(): void {
    this.#outlet.end(new TapwireError('ENETDOWN', 'The switch was closed'))
  }
}

function inRange(name: string, value: number, low: number, high: number): number {
  if (Number.isInteger(value) && value >= low && value <= high) return value
  throw new TapwireError(
    'ERR_OUT_OF_RANGE',
    `The switch's ${name} must be an integer from ${low} to ${high}. Received ${value}`,
  )
}
