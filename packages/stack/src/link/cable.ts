import { TapwireError } from '../core/errors.ts'
import {
  ETHERNET_HEADER,
  type FrameSink,
  type LinkCapabilities,
  type LinkDevice,
  TransmitResult,
  type TxDescriptor,
} from './device.ts'
import { FrameOutlet } from './frame-outlet.ts'
import {
  acceptsLength,
  checkMtu,
  clockOf,
  type MemoryLinkOptions,
  memoryLinkCapabilities,
  queueOf,
  receivedChecksum,
} from './memory-link.ts'

const LONGEST_LATENCY = 3_600_000

export interface CableOptions extends MemoryLinkOptions {
  /** 'ethernet' (default) or 'ip': bare IP packets, no ARP, no MAC addresses. */
  readonly medium?: LinkDevice['medium']
  /** The link-layer addresses of the two ends, 6 bytes each; by default each stack makes one up. */
  readonly macs?: readonly [Uint8Array, Uint8Array]
  /** Milliseconds from one end to the other, 0 (default) to 3,600,000; the queue holds what is on its way. */
  readonly latency?: number
}

/** What one end of a cable has counted. */
export interface CableStats {
  /** Frames this end took to be sent. */
  sent: number
  /** Times it had no room; nothing was lost. */
  full: number
  /** Frames it could not take: too long for it, or the other end is gone. */
  refused: number
}

/** One end of a cable. */
export interface CableEnd extends LinkDevice {
  readonly stats: Readonly<CableStats>
}

/**
 * Two devices joined in memory: what one sends the other receives, in order, everything, and never before the
 * sender has returned. A full queue is answered `Full`. Frames sent while nobody is attached at the other end wait
 * for it. Closing one end tells the other after it was given what was on the way.
 *
 * @throws ERR_OUT_OF_RANGE, ERR_INVALID_ARG_VALUE for options out of their range
 */
export function createCable(options: CableOptions = {}): [CableEnd, CableEnd] {
  const latency = options.latency ?? 0
  if (!(latency >= 0 && latency <= LONGEST_LATENCY)) {
    throw new TapwireError(
      'ERR_OUT_OF_RANGE',
      `The latency must be from 0 to ${LONGEST_LATENCY} ms. Received ${latency}`,
    )
  }
  const ends: [End, End] = [new End(options, latency, 0), new End(options, latency, 1)]
  ends[0].peer = ends[1]
  ends[1].peer = ends[0]
  return ends
}

class End implements CableEnd {
  readonly medium: LinkDevice['medium']
  readonly mtu: number
  readonly capabilities: LinkCapabilities
  readonly stats: CableStats = { sent: 0, full: 0, refused: 0 }
  /** The other end. */
  peer: End = this
  /** The way to whoever is attached to this end. */
  readonly #inbound: FrameOutlet
  readonly #longest: number
  #sink: FrameSink | null = null
  /** This end was told `Full` and waits to hear of room. */
  #wantsRoom = false

  constructor(options: CableOptions, latency: number, index: 0 | 1) {
    this.medium = options.medium ?? 'ethernet'
    this.mtu = checkMtu(options.mtu)
    const mac = this.medium === 'ethernet' ? (options.macs?.[index] ?? null) : null
    this.capabilities = memoryLinkCapabilities(options.offload ?? false, mac)
    this.#longest = this.mtu + (this.medium === 'ethernet' ? ETHERNET_HEADER : 0)
    const limits = queueOf(options, this.#longest)
    this.#inbound = new FrameOutlet(clockOf(options.clock), limits, Math.round(latency * 1000), () =>
      this.peer.#tellRoom(),
    )
  }

  attach(sink: FrameSink): void {
    this.#inbound.attach(sink)
    this.#sink = sink
  }

  transmit(frame: TxDescriptor): TransmitResult {
    const outlet = this.peer.#inbound
    if (outlet.closed || this.#inbound.closed || !acceptsLength(frame, this.#longest, this.capabilities)) {
      this.stats.refused++
      return TransmitResult.Refused
    }
    if (!outlet.push(frame, receivedChecksum(frame, this.capabilities))) {
      this.stats.full++
      this.#wantsRoom = true
      return TransmitResult.Full
    }
    this.stats.sent++
    return TransmitResult.Sent
  }

  flush(): void {
    // Nothing is batched here: the clock delivers.
  }

  close(): Promise<void> {
    if (!this.#inbound.closed) {
      this.#inbound.close()
      this.#sink = null
      this.peer.#inbound.end(new TapwireError('ENETDOWN', 'The other end of the cable was closed'))
    }
    return Promise.resolve()
  }

  #tellRoom(): void {
    if (!this.#wantsRoom || this.#sink === null) return
    this.#wantsRoom = false
    this.#sink.onWritable()
  }
}
