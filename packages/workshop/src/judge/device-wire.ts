import {
  type Clock,
  type LinkDevice,
  Memory,
  maxFrameLength,
  TransmitResult,
  TX_HEADROOM,
  TxDescriptor,
} from '@tapwire/stack'
import type { Host, Wire } from '../learner/wire.ts'
import { answerArp, isArp, isIpv4 } from './arp.ts'
import { Misuse } from './failure.ts'

/** Enough for the queues of an impaired cable and the receive block of a TAP. */
const MEMORY = 1 << 23
/** A program that sends so many frames is out of its mind: nothing here needs a tenth of them. */
const MOST_FRAMES = 50_000
const LONGEST_WAIT = 86_400_000

export interface DeviceWireOptions {
  readonly clock: Clock
  /** Whose ARP requests are answered here, out of the learner's sight; null leaves that to the learner. */
  readonly arpFor: Host | null
  /** Sees each frame before the learner does. */
  readonly onArrival?: (bytes: Uint8Array) => void
  /** What the learner's code threw when a frame or a timer called it. Nothing reaches that code afterwards. */
  readonly onError: (error: unknown) => void
}

/** The learner's end of any device: a cable in memory, or a TAP. Only IPv4 and ARP come through. */
export class DeviceWire implements Wire {
  onFrame: (frame: Uint8Array) => void = () => {}
  readonly #device: LinkDevice
  readonly #options: DeviceWireOptions
  readonly #longest: number
  readonly #memory = new Memory(MEMORY)
  readonly #tx = new TxDescriptor(this.#memory)
  readonly #block: number
  #sent = 0
  #deaf = false

  constructor(device: LinkDevice, options: DeviceWireOptions) {
    this.#device = device
    this.#options = options
    this.#longest = maxFrameLength(device)
    this.#block = this.#memory.allocate(TX_HEADROOM + this.#longest)
    device.attach({
      memory: this.#memory,
      onFrame: ({ offset, length }) => this.deliver(this.#memory.copyOut(offset, length)),
      onBurstEnd: () => {},
      onWritable: () => {},
      onClosed: () => {
        this.#deaf = true
      },
    })
  }

  get now(): number {
    return this.#options.clock.now() / 1000
  }

  send(bytes: Uint8Array): void {
    if (!(bytes instanceof Uint8Array)) throw new Misuse(`wire.send takes a Uint8Array, not ${kindOf(bytes)}`)
    if (bytes.length < 14 || bytes.length > this.#longest) {
      throw new Misuse(
        `wire.send takes a frame of 14 to ${this.#longest} bytes, Ethernet header included, not of ${bytes.length}`,
      )
    }
    if (this.#sent++ === MOST_FRAMES)
      throw new Misuse(`wire.send was called ${MOST_FRAMES} times: that is a loop`)
    this.transmit(bytes)
  }

  after(ms: number, fn: () => void): () => void {
    if (typeof fn !== 'function')
      throw new Misuse(`wire.after takes milliseconds and a function, not ${kindOf(fn)}`)
    if (!(ms >= 0 && ms <= LONGEST_WAIT)) {
      throw new Misuse(`wire.after takes 0 to ${LONGEST_WAIT} milliseconds, not ${String(ms)}`)
    }
    const { clock } = this.#options
    const alarm = clock.alarm(() => this.#call(fn))
    alarm.set(clock.now() + Math.round(ms * 1000))
    return () => alarm.set(Number.POSITIVE_INFINITY)
  }

  /** As `send`, for whoever knows what it does. */
  transmit(bytes: Uint8Array): void {
    const offset = this.#block + TX_HEADROOM
    this.#memory.copyIn(offset, bytes)
    this.#tx.reset(offset)
    this.#tx.headLength = bytes.length
    if (this.#device.transmit(this.#tx) === TransmitResult.Full) {
      throw new Misuse('the wire has no room for so many frames at once')
    }
    this.#device.flush()
  }

  /** As if it had come in. */
  deliver(bytes: Uint8Array): void {
    const { arpFor } = this.#options
    if (isArp(bytes) && arpFor !== null) {
      const answer = answerArp(bytes, arpFor)
      if (answer !== null) this.transmit(answer)
      return
    }
    if (!isArp(bytes) && !isIpv4(bytes)) return
    this.#options.onArrival?.(bytes)
    this.#call(() => this.onFrame(bytes))
  }

  #call(fn: () => void): void {
    if (this.#deaf) return
    try {
      fn()
    } catch (error) {
      this.#deaf = true
      this.#options.onError(error)
    }
  }
}

function kindOf(value: unknown): string {
  if (value === null || value === undefined) return String(value)
  return typeof value === 'object' ? (value.constructor?.name ?? 'an object') : `a ${typeof value}`
}
