import { type FrameSink, RxFrame, TapwireError } from '@tapwire/stack'
import { Errno } from './errno.ts'
import type { Libc } from './libc.ts'
import { readVirtioHeader, VIRTIO_HEADER } from './virtio-header.ts'

/** After so many frames or bytes the loop turns: other devices, timers and sockets want their share. */
const BURST_FRAMES = 64
const BURST_BYTES = 1 << 20

/** Where the network header starts in the receive block: 4-byte aligned, room for any link header before it. */
const NETWORK_OFFSET = 32

/** What `drain` came back with. */
export const Drained = {
  /** Nothing is left, or the budget is used up: the event loop calls again. */
  Ok: 0,
  /** The interface is gone: the reader's `errno` says how. */
  Gone: 1,
} as const
export type Drained = (typeof Drained)[keyof typeof Drained]

/** What came in, and what of it was dropped at the door. */
export interface RxCounters {
  rxFrames: number
  rxBytes: number
  /** Longer than the interface's MTU allows, or with an offload that was not negotiated. */
  rxDropped: number
}

/** Reads frames straight into the sink's memory, one `read` each, into one block that every frame overwrites. */
export class FrameReader {
  readonly #libc: Libc
  readonly #fd: number
  readonly #sink: FrameSink
  readonly #counters: RxCounters
  readonly #virtio: boolean
  readonly #longest: number
  readonly #block: number
  /** Offset in the memory at which the virtio header, if any, or else the frame is read. */
  readonly #start: number
  readonly #address: number
  readonly #capacity: number
  readonly #frame = new RxFrame()
  /** With what `read` failed when `drain` answered `Gone`. */
  errno = 0
  #reading = false
  #closed = false

  /**
   * @param longest the longest frame that may come, in bytes, without virtio header
   * @throws TapwireError ENOMEM when the sink's memory has no room for the receive block
   */
  constructor(
    libc: Libc,
    fd: number,
    sink: FrameSink,
    counters: RxCounters,
    shape: { virtio: boolean; linkHeader: number; longest: number },
  ) {
    this.#libc = libc
    this.#fd = fd
    this.#sink = sink
    this.#counters = counters
    this.#virtio = shape.virtio
    this.#longest = shape.longest
    const header = shape.virtio ? VIRTIO_HEADER : 0
    // One byte more than the longest frame, so that a longer one shows instead of being cut silently.
    const size = NETWORK_OFFSET + shape.longest - shape.linkHeader + 1
    this.#block = sink.memory.allocate(size)
    if (this.#block < 0) {
      throw new TapwireError(
        'ENOMEM',
        `The stack's memory has no ${size} bytes left for a device to receive in.`,
      )
    }
    this.#start = this.#block + NETWORK_OFFSET - shape.linkHeader - header
    this.#address = libc.addressOf(sink.memory.buffer) + this.#start
    this.#capacity = header + shape.longest + 1
    this.#frame.offset = this.#start + header
  }

  /** Delivers what is waiting, up to the budget, and the end of the burst. */
  drain(): Drained {
    if (this.#closed) return Drained.Ok
    let frames = 0
    let bytes = 0
    let result: Drained = Drained.Ok
    this.#reading = true
    try {
      while (frames < BURST_FRAMES && bytes < BURST_BYTES && !this.#closed) {
        const length = this.#libc.read(this.#fd, this.#address, this.#capacity)
        if (length <= 0) {
          const errno = length < 0 ? this.#libc.errno() : Errno.EAGAIN
          if (errno === Errno.EINTR) continue
          if (errno !== Errno.EAGAIN) {
            this.errno = errno
            result = Drained.Gone
          }
          break
        }
        frames++
        bytes += length
        this.#deliver(length)
      }
      if (frames > 0 && !this.#closed) this.#sink.onBurstEnd()
    } finally {
      this.#reading = false
      if (this.#closed) this.#sink.memory.free(this.#block)
    }
    return result
  }

  /** Gives the block back; at once, or when the frame that is being delivered has been. */
  close(): void {
    if (this.#closed) return
    this.#closed = true
    if (!this.#reading) this.#sink.memory.free(this.#block)
  }

  #deliver(read: number): void {
    const frame = this.#frame
    let length = read
    if (this.#virtio) {
      length -= VIRTIO_HEADER
      if (length <= 0 || !readVirtioHeader(this.#sink.memory.view, this.#start, frame)) {
        this.#counters.rxDropped++
        return
      }
    }
    if (length > this.#longest) {
      this.#counters.rxDropped++
      return
    }
    frame.length = length
    this.#counters.rxFrames++
    this.#counters.rxBytes += length
    this.#sink.onFrame(frame)
  }
}
