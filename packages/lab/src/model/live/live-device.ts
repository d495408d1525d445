import {
  type FrameSink,
  type LinkCapabilities,
  type LinkDevice,
  Memory,
  type RxFrame,
  TransmitResult,
  type TxDescriptor,
} from '@tapwire/stack'

/** What passes a device that is watched. The bytes are the listener's to keep. */
export interface FrameListener {
  /** Before the stack sees it. @param length of the whole frame, of which `frame` is the beginning */
  cameIn(frame: Uint8Array, length: number): void
  /** When the stack has done with it. */
  doneWith(): void
  /** The device has taken it. */
  wentOut(frame: Uint8Array, length: number): void
  /** The stack has acted on all that came. */
  burstEnded(): void
}

/** The longest super-frame, and an Ethernet header for it. */
const SCRATCH = 1 << 17
const NO_LINK_HEADER = 14

/** Tells of every frame that passes a device, and changes nothing. Of each the first `snapLength` bytes are copied. */
export class LiveDevice implements LinkDevice, FrameSink {
  readonly medium: LinkDevice['medium']
  readonly mtu: number
  readonly capabilities: LinkCapabilities
  readonly #device: LinkDevice
  readonly #listener: FrameListener
  readonly #snapLength: number
  readonly #scratch = new Memory(SCRATCH)
  #sink: FrameSink | null = null

  constructor(device: LinkDevice, listener: FrameListener, snapLength: number) {
    this.#device = device
    this.medium = device.medium
    this.mtu = device.mtu
    this.capabilities = device.capabilities
    this.#listener = listener
    this.#snapLength = snapLength
  }

  get memory(): Memory {
    return (this.#sink as FrameSink).memory
  }

  attach(sink: FrameSink): void {
    this.#sink = sink
    try {
      this.#device.attach(this)
    } catch (error) {
      this.#sink = null
      throw error
    }
  }

  transmit(frame: TxDescriptor): TransmitResult {
    const result = this.#device.transmit(frame)
    const { length } = frame
    if (result === TransmitResult.Sent && length <= SCRATCH) {
      frame.copyTo(this.#scratch, 0)
      this.#listener.wentOut(this.#copy(this.#scratch, 0, length), this.#withLink(length))
    }
    return result
  }

  flush(): void {
    this.#device.flush()
  }

  close(): Promise<void> {
    return this.#device.close()
  }

  onFrame(frame: RxFrame): void {
    const { offset, length } = frame
    this.#listener.cameIn(this.#copy(this.memory, offset, length), this.#withLink(length))
    this.#sink?.onFrame(frame)
    this.#listener.doneWith()
  }

  onBurstEnd(): void {
    this.#sink?.onBurstEnd()
    this.#listener.burstEnded()
  }

  onWritable(): void {
    this.#sink?.onWritable()
  }

  onClosed(error: Error | null): void {
    this.#sink?.onClosed(error)
  }

  #withLink(length: number): number {
    return this.medium === 'ethernet' ? length : length + NO_LINK_HEADER
  }

  /** A packet without a link header gets one of zeros, with its type: so all frames have one shape. */
  #copy(memory: Memory, offset: number, length: number): Uint8Array {
    const kept = Math.min(length, this.#snapLength)
    const bytes = memory.copyOut(offset, kept)
    if (this.medium === 'ethernet') return bytes
    const frame = new Uint8Array(NO_LINK_HEADER + kept)
    frame.set(bytes, NO_LINK_HEADER)
    frame.set(bytes[0] >>> 4 === 6 ? [0x86, 0xdd] : [0x08, 0x00], 12)
    return frame
  }
}
