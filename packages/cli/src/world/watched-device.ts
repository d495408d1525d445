import {
  type CaptureOptions,
  capture,
  type FrameSink,
  type LinkDevice,
  NO_OFFLOADS,
  pcapng,
  type RxFrame,
  TransmitResult,
  type TxDescriptor,
  WrappedDevice,
} from '@tapwire/stack'

/** A frame that passed, as whoever watches gets it: the bytes are his to keep. */
export interface WatchedFrame {
  /** Microseconds since 1970. */
  readonly time: number
  readonly direction: 'in' | 'out'
  readonly bytes: Uint8Array
  /** As long as it was on the wire. */
  readonly originalLength: number
}

/**
 * A device whose frames can be watched for a while: whoever comes gets them as a capture of his own, and as long as nobody does,
 * they pass at the cost of a comparison.
 */
export class WatchedDevice extends WrappedDevice {
  readonly #recorders = new Set<Recorder>()

  /** Gives all that passes from now on as blocks of pcapng. @returns ends it */
  record(write: (chunk: Uint8Array) => void, options: CaptureOptions = {}): () => void {
    const recorder = new Recorder(this, this.memory, write, options)
    this.#recorders.add(recorder)
    return () => this.#recorders.delete(recorder)
  }

  /** Gives all that passes from now on, frame by frame. @returns ends it */
  watch(listener: (frame: WatchedFrame) => void): () => void {
    return this.record(
      (chunk) => {
        const frame = frameOfBlock(chunk)
        if (frame !== null) listener(frame)
      },
      { maxBytes: Number.MAX_SAFE_INTEGER },
    )
  }

  override transmit(frame: TxDescriptor): TransmitResult {
    const result = this.device.transmit(frame)
    if (this.#recorders.size > 0 && result === TransmitResult.Sent) {
      for (const recorder of this.#recorders) recorder.out(frame)
    }
    return result
  }

  override close(): Promise<void> {
    this.#recorders.clear()
    return super.close()
  }

  override onFrame(frame: RxFrame): void {
    // First, for the frame is the stack's to change.
    if (this.#recorders.size > 0) for (const recorder of this.#recorders) recorder.in(frame)
    this.sink?.onFrame(frame)
  }
}

/** The stack's own capture, around a device that does nothing: what is put through it is written. */
class Recorder {
  readonly #capture: LinkDevice
  #inward: FrameSink | null = null

  constructor(
    shape: Pick<LinkDevice, 'medium' | 'mtu' | 'capabilities'>,
    memory: FrameSink['memory'],
    write: (chunk: Uint8Array) => void,
    options: CaptureOptions,
  ) {
    const { medium, mtu } = shape
    const capabilities = {
      ...NO_OFFLOADS,
      mac: shape.capabilities.mac,
      maxSuperFrame: shape.capabilities.maxSuperFrame,
    }
    this.#capture = capture(
      {
        medium,
        mtu,
        capabilities,
        attach: (sink) => {
          this.#inward = sink
        },
        transmit: () => TransmitResult.Sent,
        flush() {},
        close: () => Promise.resolve(),
      },
      write,
      options,
    )
    this.#capture.attach({ memory, onFrame() {}, onBurstEnd() {}, onWritable() {}, onClosed() {} })
  }

  out(frame: TxDescriptor): void {
    this.#capture.transmit(frame)
  }

  in(frame: RxFrame): void {
    this.#inward?.onFrame(frame)
  }
}

const BLOCK_ENHANCED_PACKET = 6
const OPTION_FLAGS = 2

/** Reads what `openPacketBlock` wrote; null for the blocks that begin a file. */
function frameOfBlock(block: Uint8Array): WatchedFrame | null {
  const view = new DataView(block.buffer, block.byteOffset, block.byteLength)
  if (view.getUint32(0, true) !== BLOCK_ENHANCED_PACKET) return null
  const length = view.getUint32(20, true)
  const options = 28 + ((length + 3) & ~3)
  const flags =
    options + 8 <= block.length && view.getUint16(options, true) === OPTION_FLAGS ? block[options + 4] : 0
  return {
    time: view.getUint32(12, true) * 2 ** 32 + view.getUint32(16, true),
    direction: flags === pcapng.PacketDirection.Outbound ? 'out' : 'in',
    bytes: block.subarray(28, 28 + length),
    originalLength: view.getUint32(24, true),
  }
}
