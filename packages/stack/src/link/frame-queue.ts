import { TapwireError } from '../core/errors.ts'
import { Memory } from '../core/memory.ts'
import type { Micros } from '../core/timer.ts'
import { completeChecksumAt } from './checksum-offload.ts'
import { RxChecksum, type RxFrame, type TxDescriptor } from './device.ts'

/** How much a queue of frames holds. */
export interface QueueLimits {
  /** Bytes of frames, link headers included; the gap at the ring's end counts when a frame does not fit there. */
  readonly bytes: number
  /** Frames. */
  readonly frames: number
}

/** Lowest and highest limits that `checkQueueLimits` lets through. */
const BYTES_HIGHEST = 64 * 1024 * 1024
const FRAMES_HIGHEST = 65_536

/**
 * Fills in what is not given.
 * @param longest the longest frame, in bytes: an empty queue must take it
 * @throws ERR_OUT_OF_RANGE
 */
export function checkQueueLimits(
  given: Partial<QueueLimits> | undefined,
  defaults: QueueLimits,
  longest: number,
): QueueLimits {
  const { bytes = defaults.bytes, frames = defaults.frames } = given ?? {}
  if (!Number.isInteger(bytes) || bytes < longest || bytes > BYTES_HIGHEST) {
    throw new TapwireError(
      'ERR_OUT_OF_RANGE',
      `A queue's limit in bytes must be an integer from ${longest} (its longest frame) to ${BYTES_HIGHEST}. Received ${bytes}`,
    )
  }
  if (!Number.isInteger(frames) || frames < 1 || frames > FRAMES_HIGHEST) {
    throw new TapwireError(
      'ERR_OUT_OF_RANGE',
      `A queue's limit in frames must be an integer from 1 to ${FRAMES_HIGHEST}. Received ${frames}`,
    )
  }
  return { bytes, frames }
}

/**
 * Frames on their way to one receiver, first in, first out, in a ring of the receiver's own memory: a frame is
 * copied once, when it is sent, and delivered where it lies. Until there is a receiver the ring is in a memory of
 * its own. What is known of each frame stands in typed arrays, so a frame costs no object.
 */
export class FrameQueue {
  /** Frames waiting. */
  count = 0
  /** Bytes of frames waiting. */
  bytes = 0
  readonly #limits: QueueLimits
  readonly #capacity: number
  #memory: Memory | null = null
  #own: Memory | null = null
  #base = 0
  /** Where the next frame may start, from `#base`. */
  #write = 0
  #head = 0
  readonly #offset: Int32Array
  readonly #length: Int32Array
  readonly #gsoSize: Int32Array
  readonly #checksum: Uint8Array
  readonly #due: Float64Array

  constructor(limits: QueueLimits) {
    this.#limits = limits
    this.#capacity = Memory.blockSize(limits.bytes)
    this.#offset = new Int32Array(limits.frames)
    this.#length = new Int32Array(limits.frames)
    this.#gsoSize = new Int32Array(limits.frames)
    this.#checksum = new Uint8Array(limits.frames)
    this.#due = new Float64Array(limits.frames)
  }

  /** Moves the ring into the receiver's memory. @throws ENOMEM */
  place(memory: Memory): void {
    const base = memory.allocate(this.#capacity)
    if (base < 0) {
      throw new TapwireError(
        'ENOMEM',
        `No ${this.#capacity} bytes are left in the memory for a receive queue`,
      )
    }
    if (this.#own !== null) this.#own.copyTo(memory, base, this.#base, this.#capacity)
    this.#own = null
    this.#memory = memory
    this.#base = base
  }

  /** Drops everything and gives the ring back. */
  release(): void {
    if (this.#memory !== null) this.#memory.free(this.#base)
    this.#memory = null
    this.#own = null
    this.count = 0
    this.bytes = 0
  }

  /**
   * Copies a frame in. A partial checksum is completed unless it stays `RxChecksum.Partial`.
   * @param due when it may be delivered; must not be earlier than for the frame before
   * @returns false when there is no room: nothing happened
   */
  push(frame: TxDescriptor, checksum: RxChecksum, due: Micros): boolean {
    const length = frame.length
    const at = this.#room(length)
    if (at < 0) return false
    const memory = this.#memory ?? this.#ownMemory()
    frame.copyTo(memory, this.#base + at)
    if (frame.checksumStart >= 0 && checksum !== RxChecksum.Partial) {
      completeChecksumAt(memory.view, this.#base + at, length, frame.checksumStart, frame.checksumOffset)
    }
    const slot = (this.#head + this.count) % this.#limits.frames
    this.#offset[slot] = at
    this.#length[slot] = length
    this.#gsoSize[slot] = frame.gso === 0 ? 0 : frame.gsoSize
    this.#checksum[slot] = checksum
    this.#due[slot] = due
    this.#write = at + length
    this.count++
    this.bytes += length
    return true
  }

  /** When the oldest frame may be delivered. Only while `count > 0`. */
  get frontDue(): Micros {
    return this.#due[this.#head]
  }

  /** Describes the oldest frame. Its bytes stay where they are until `pop`. Only while `count > 0`. */
  front(frame: RxFrame): void {
    const slot = this.#head
    frame.offset = this.#base + this.#offset[slot]
    frame.length = this.#length[slot]
    frame.gsoSize = this.#gsoSize[slot]
    frame.checksum = this.#checksum[slot] as RxChecksum
  }

  /** Takes the oldest frame off. */
  pop(): void {
    if (this.count === 0) return
    this.bytes -= this.#length[this.#head]
    this.#head = (this.#head + 1) % this.#limits.frames
    this.count--
  }

  /** @returns where in the ring `length` bytes in one piece are free, or -1 */
  #room(length: number): number {
    if (this.count === this.#limits.frames || this.bytes + length > this.#limits.bytes) return -1
    if (this.count === 0) return length <= this.#capacity ? 0 : -1
    const read = this.#offset[this.#head]
    const write = this.#write
    // At or before the oldest frame, the writer has wrapped: what is free ends there.
    if (write <= read) return read - write >= length ? write : -1
    if (this.#capacity - write >= length) return write
    return read >= length ? 0 : -1
  }

  #ownMemory(): Memory {
    if (this.#own === null) {
      this.#own = new Memory(Math.max(1 << 16, this.#capacity))
      this.#base = 0
    }
    return this.#own
  }
}
