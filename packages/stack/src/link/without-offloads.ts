import { TapwireError } from '../core/errors.ts'
import { completeChecksum } from './checksum-offload.ts'
import {
  type FrameSink,
  Gso,
  type LinkCapabilities,
  type LinkDevice,
  maxFrameLength,
  NO_OFFLOADS,
  RxChecksum,
  RxFrame,
  TransmitResult,
  type TxDescriptor,
} from './device.ts'
import { Segmenter } from './segment.ts'
import { WrappedDevice } from './wrapped-device.ts'

/** What a device without offloads still says of itself: its address. */
export function withoutOffloadCapabilities(device: LinkDevice): LinkCapabilities {
  const { mac } = device.capabilities
  return mac === null ? NO_OFFLOADS : { ...NO_OFFLOADS, mac }
}

/** A device whose received super-frames are cut, with a count of those that could not be. */
export interface PlainDevice extends LinkDevice {
  readonly stats: {
    /** Super-frames that were cut. */
    readonly split: number
    /** Super-frames that were dropped: no whole TCP or UDP packet, a wrong checksum, or too long a segment. */
    readonly malformed: number
  }
}

/**
 * The same device, without its offloads: what comes in as a super-frame or with a partial checksum is delivered as
 * the frames of a wire, checksums complete, for the stack to verify; outgoing frames have to be complete.
 */
export function withoutOffloads(device: LinkDevice): PlainDevice {
  return new WithoutOffloads(device)
}

class WithoutOffloads extends WrappedDevice implements PlainDevice {
  readonly stats = { split: 0, malformed: 0 }
  readonly #longest: number
  readonly #segmenter = new Segmenter()
  readonly #segment = new RxFrame()
  /** One frame, in the sink's memory, or -1. */
  #block = -1

  constructor(device: LinkDevice) {
    super(device, withoutOffloadCapabilities(device))
    this.#longest = maxFrameLength(device)
  }

  override attach(sink: FrameSink): void {
    const block = sink.memory.allocate(this.#longest)
    if (block < 0) throw new TapwireError('ENOMEM', 'No memory is left for a receive block')
    try {
      super.attach(sink)
    } catch (error) {
      sink.memory.free(block)
      throw error
    }
    this.#block = block
  }

  override transmit(frame: TxDescriptor): TransmitResult {
    // Neither was offered: whoever leaves work to this device has not looked at its capabilities.
    if (frame.gso !== Gso.None || frame.checksumStart >= 0) return TransmitResult.Refused
    return this.device.transmit(frame)
  }

  override async close(): Promise<void> {
    await this.device.close()
    this.#release()
  }

  override onFrame(frame: RxFrame): void {
    const sink = this.sink as FrameSink
    if (frame.gsoSize > 0) {
      this.#deliverSegments(frame, sink)
      return
    }
    if (frame.checksum !== RxChecksum.Unverified) {
      if (frame.checksum === RxChecksum.Partial) {
        completeChecksum(sink.memory.view, frame.offset, frame.length, this.medium)
      }
      frame.checksum = RxChecksum.Unverified
    }
    sink.onFrame(frame)
  }

  override onClosed(error: Error | null): void {
    this.#release()
    super.onClosed(error)
  }

  #deliverSegments(frame: RxFrame, sink: FrameSink): void {
    const segmenter = this.#segmenter
    const count = segmenter.startFrame(sink.memory, frame, this.medium)
    if (count === 0 || segmenter.longest > this.#longest) {
      this.stats.malformed++
      return
    }
    this.stats.split++
    const segment = this.#segment
    for (let i = 0; i < count && this.#block >= 0; i++) {
      segment.offset = this.#block
      segment.length = segmenter.write(i, sink.memory, this.#block)
      segment.checksum = RxChecksum.Unverified
      segment.gsoSize = 0
      sink.onFrame(segment)
    }
  }

  #release(): void {
    if (this.#block >= 0) this.memory.free(this.#block)
    this.#block = -1
  }
}
