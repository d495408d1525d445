import type { Clock } from '../core/clock.ts'
import { TapwireError } from '../core/errors.ts'
import { hostThrow } from '../core/host.ts'
import { Memory } from '../core/memory.ts'
import {
  interfaceBlock,
  LinkType,
  openPacketBlock,
  PacketDirection,
  sectionHeaderBlock,
} from '../wire/pcapng.ts'
import { completeChecksum, completeChecksumAt } from './checksum-offload.ts'
import {
  type LinkDevice,
  maxFrameLength,
  RxChecksum,
  type RxFrame,
  TransmitResult,
  type TxDescriptor,
} from './device.ts'
import { clockOf } from './memory-link.ts'
import { WrappedDevice } from './wrapped-device.ts'

/** Where a capture goes: a function, or anything with `write` (a file's stream). Each chunk is the sink's to keep. */
export type CaptureSink = ((chunk: Uint8Array) => void) | { write(chunk: Uint8Array): unknown }

export interface CaptureOptions {
  /** Where timestamps come from; default: real time. With a `VirtualClock` two runs are byte-identical. */
  readonly clock?: Clock
  /** The interface's name in the file; default 'tapwire'. */
  readonly name?: string
  /** Bytes kept of each frame, 1 to 262,144; default 262,144, which is all. */
  readonly snapLength?: number
  /** Bytes written in all; default 1 GiB. The first frame that does not fit ends the capture. */
  readonly maxBytes?: number
  /** Frames written in all; default unlimited. */
  readonly maxFrames?: number
}

export interface CaptureStats {
  /** Frames written, and bytes of the file so far. */
  frames: number
  bytes: number
  /** Frames that passed and were not written: a bound was reached, or the sink threw. */
  notRecorded: number
}

export interface CapturingDevice extends LinkDevice {
  readonly stats: Readonly<CaptureStats>
}

const LARGEST_SNAP = 262_144
const DEFAULT_MAX_BYTES = 1024 * 1024 * 1024

/**
 * Wraps a device and writes every frame that passes, both ways, as pcapng: what Wireshark opens. The frames
 * themselves and the device's capabilities pass unchanged. A checksum that was left to the device is completed in
 * what is written; a super-frame is written as the one packet it is. A frame the device did not take is not
 * written. If the sink throws, the capture ends, the network goes on, and the error surfaces as uncaught.
 *
 * @throws ERR_OUT_OF_RANGE for options out of their range
 */
export function capture(
  device: LinkDevice,
  sink: CaptureSink,
  options: CaptureOptions = {},
): CapturingDevice {
  return new Capturing(device, sink, options)
}

class Capturing extends WrappedDevice implements CapturingDevice {
  readonly stats: CaptureStats = { frames: 0, bytes: 0, notRecorded: 0 }
  readonly #write: (chunk: Uint8Array) => unknown
  readonly #clock: Clock
  readonly #snapLength: number
  readonly #maxBytes: number
  readonly #maxFrames: number
  /** Where a frame is put together before it is written. */
  readonly #scratch: Memory
  #stopped = false

  constructor(device: LinkDevice, sink: CaptureSink, options: CaptureOptions) {
    super(device)
    this.#write = typeof sink === 'function' ? sink : (chunk) => sink.write(chunk)
    this.#clock = clockOf(options.clock)
    this.#snapLength = bound('snapLength', options.snapLength ?? LARGEST_SNAP, LARGEST_SNAP)
    this.#maxBytes = bound('maxBytes', options.maxBytes ?? DEFAULT_MAX_BYTES, Number.MAX_SAFE_INTEGER)
    this.#maxFrames = bound(
      'maxFrames',
      options.maxFrames ?? Number.POSITIVE_INFINITY,
      Number.POSITIVE_INFINITY,
    )
    const longest = Math.max(maxFrameLength(device), device.capabilities.maxSuperFrame, 1 << 16)
    this.#scratch = new Memory(2 ** Math.ceil(Math.log2(longest)))
    this.#emit(sectionHeaderBlock({ application: 'tapwire' }))
    const { mac } = device.capabilities
    this.#emit(
      interfaceBlock({
        linkType: device.medium === 'ethernet' ? LinkType.Ethernet : LinkType.Raw,
        snapLength: this.#snapLength,
        name: options.name ?? 'tapwire',
        ...(mac !== null && { mac }),
      }),
    )
  }

  override transmit(frame: TxDescriptor): TransmitResult {
    const result = this.device.transmit(frame)
    if (result === TransmitResult.Sent && this.#wants(frame.length)) this.#recordOutgoing(frame)
    return result
  }

  override onFrame(frame: RxFrame): void {
    // First, for the frame is the stack's to change.
    if (this.#wants(frame.length)) this.#recordIncoming(frame)
    this.sink?.onFrame(frame)
  }

  #wants(length: number): boolean {
    if (!this.#stopped && length <= this.#scratch.size && this.stats.frames < this.#maxFrames) return true
    this.stats.notRecorded++
    return false
  }

  #recordOutgoing(frame: TxDescriptor): void {
    const scratch = this.#scratch
    const length = frame.length
    frame.copyTo(scratch, 0)
    if (frame.checksumStart >= 0) {
      completeChecksumAt(scratch.view, 0, length, frame.checksumStart, frame.checksumOffset)
    }
    this.#record(length, PacketDirection.Outbound)
  }

  #recordIncoming(frame: RxFrame): void {
    const scratch = this.#scratch
    this.memory.copyTo(scratch, 0, frame.offset, frame.length)
    if (frame.checksum === RxChecksum.Partial) completeChecksum(scratch.view, 0, frame.length, this.medium)
    this.#record(frame.length, PacketDirection.Inbound)
  }

  /** Writes the frame of `length` bytes that lies in the scratch memory. */
  #record(length: number, direction: PacketDirection): void {
    const kept = Math.min(length, this.#snapLength)
    const time = Math.floor(this.#clock.epoch + this.#clock.now())
    const block = openPacketBlock({ interface: 0, time, originalLength: length, direction }, kept)
    block.bytes.set(this.#scratch.u8.subarray(0, kept), block.dataOffset)
    if (this.#emit(block.bytes)) this.stats.frames++
    else this.stats.notRecorded++
  }

  /** @returns false when it was not written: this is the end of the capture */
  #emit(chunk: Uint8Array): boolean {
    if (this.#stopped || this.stats.bytes + chunk.length > this.#maxBytes) {
      this.#stopped = true
      return false
    }
    try {
      this.#write(chunk)
    } catch (error) {
      this.#stopped = true
      hostThrow(error)
      return false
    }
    this.stats.bytes += chunk.length
    return true
  }
}

function bound(name: string, value: number, high: number): number {
  if (value >= 1 && value <= high && (Number.isInteger(value) || value === Number.POSITIVE_INFINITY))
    return value
  throw new TapwireError(
    'ERR_OUT_OF_RANGE',
    `'${name}' must be an integer from 1 to ${high}. Received ${value}`,
  )
}
