import {
  type LinkDevice,
  Memory,
  type RxFrame,
  TransmitResult,
  type TxDescriptor,
  WrappedDevice,
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
export class LiveDevice extends WrappedDevice {
  readonly #listener: FrameListener
  readonly #snapLength: number
  readonly #scratch = new Memory(SCRATCH)

  constructor(device: LinkDevice, listener: FrameListener, snapLength: number) {
    super(device)
    this.#listener = listener
    this.#snapLength = snapLength
  }

  override transmit(frame: TxDescriptor): TransmitResult {
    const result = this.device.transmit(frame)
    const { length } = frame
    if (result === TransmitResult.Sent && length <= SCRATCH) {
      frame.copyTo(this.#scratch, 0)
      this.#listener.wentOut(this.#copy(this.#scratch, 0, length), this.#withLink(length))
    }
    return result
  }

  override onFrame(frame: RxFrame): void {
    const { offset, length } = frame
    this.#listener.cameIn(this.#copy(this.memory, offset, length), this.#withLink(length))
    this.sink?.onFrame(frame)
    this.#listener.doneWith()
  }

  override onBurstEnd(): void {
    this.sink?.onBurstEnd()
    this.#listener.burstEnded()
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
