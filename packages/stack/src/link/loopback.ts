import type { Audit } from '../core/audit.ts'
import type { Engine } from '../core/engine.ts'
import { TapwireError } from '../core/errors.ts'
import { Memory } from '../core/memory.ts'
import { MILLISECOND, Timer } from '../core/timer.ts'
import {
  type FrameSink,
  type LinkCapabilities,
  type LinkDevice,
  RxChecksum,
  RxFrame,
  TransmitResult,
  type TxDescriptor,
} from './device.ts'

/** The largest IP packet there is: the loopback interface never makes anybody cut one. */
const LOOPBACK_MTU = 65_535

/** When memory ran out with nothing queued here, nobody but time can say that there is some again. */
const MEMORY_RETRY = 10 * MILLISECOND

/** int32 fields of one queued frame: block, length, checksum state, segment size. */
const FIELDS = 4

/**
 * The interface of a stack to itself. Frames wait in memory blocks of their own and are delivered by the engine's
 * work loop, a burst a round, so that a sender is never called back from within its own call. Checksums stay partial
 * and super-frames whole: nothing is summed or cut on a link that cannot damage anything.
 */
export class LoopbackDevice implements LinkDevice {
  readonly medium = 'ip'
  readonly mtu = LOOPBACK_MTU
  readonly capabilities: LinkCapabilities = {
    mac: null,
    txChecksum: true,
    tso4: true,
    tso6: true,
    uso: true,
    maxSuperFrame: LOOPBACK_MTU,
  }
  /** Bytes of memory that waiting frames hold, whole blocks counted. */
  queuedBytes = 0
  /** Frames refused for lack of room. */
  full = 0
  readonly #engine: Engine
  readonly #limit: number
  readonly #frame = new RxFrame()
  readonly #retry: Timer
  #sink: FrameSink | null = null
  #queue = new Int32Array(64 * FIELDS)
  #head = 0
  #count = 0
  #owesWritable = false
  #closed = false

  /** @param queueBytes how much memory waiting frames may hold (`limits.loopbackQueueBytes`) */
  constructor(engine: Engine, queueBytes: number) {
    this.#engine = engine
    this.#limit = queueBytes
    this.#retry = new Timer(() => this.#tellWritable())
  }

  attach(sink: FrameSink): void {
    if (sink.memory !== this.#engine.memory) {
      throw new TapwireError(
        'ERR_INVALID_ARG_VALUE',
        'A loopback device serves the stack it was made for only',
      )
    }
    this.#sink = sink
    this.#engine.addWorker(() => this.#deliver())
  }

  transmit(frame: TxDescriptor): TransmitResult {
    const length = frame.length
    if (this.#closed || length > LOOPBACK_MTU) return TransmitResult.Refused
    const size = Memory.blockSize(length)
    const block = this.queuedBytes + size > this.#limit ? -1 : this.#engine.memory.allocate(length)
    if (block < 0) {
      this.full++
      this.#owesWritable = true
      if (this.#count === 0) this.#engine.timers.set(this.#retry, this.#engine.now + MEMORY_RETRY)
      return TransmitResult.Full
    }
    frame.copyTo(this.#engine.memory, block)
    this.queuedBytes += size
    this.#push(
      block,
      length,
      frame.checksumStart >= 0 ? RxChecksum.Partial : RxChecksum.Unverified,
      frame.gsoSize,
    )
    return TransmitResult.Sent
  }

  flush(): void {}

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    this.#engine.timers.clear(this.#retry)
    for (; this.#count > 0; this.#count--) {
      this.#engine.memory.free(this.#queue[this.#head])
      this.#head = (this.#head + FIELDS) & (this.#queue.length - 1)
    }
    this.queuedBytes = 0
    this.#sink?.onClosed(null)
  }

  /** For `Stack.debugInvariants`. */
  audit(audit: Audit): void {
    audit.subject = 'the loopback interface'
    let bytes = 0
    for (let i = 0; i < this.#count; i++) {
      const at = (this.#head + i * FIELDS) & (this.#queue.length - 1)
      const size = Memory.blockSize(this.#queue[at + 1])
      audit.owns(this.#queue[at], size, 'a frame')
      bytes += size
    }
    audit.check(bytes === this.queuedBytes, 'bytes counted, and bytes of frames', this.queuedBytes, bytes)
    audit.check(bytes <= this.#limit, 'more bytes wait than the limit', bytes, this.#limit)
  }

  #push(block: number, length: number, checksum: RxChecksum, gsoSize: number): void {
    if (this.#count * FIELDS === this.#queue.length) this.#grow()
    const at = (this.#head + this.#count * FIELDS) & (this.#queue.length - 1)
    this.#queue[at] = block
    this.#queue[at + 1] = length
    this.#queue[at + 2] = checksum
    this.#queue[at + 3] = gsoSize
    this.#count++
  }

  #grow(): void {
    const old = this.#queue
    const grown = new Int32Array(old.length * 2)
    grown.set(old.subarray(this.#head))
    grown.set(old.subarray(0, this.#head), old.length - this.#head)
    this.#queue = grown
    this.#head = 0
  }

  /** Hands over what stood in the queue when the round began; what that makes others send waits for the next. */
  #deliver(): boolean {
    const sink = this.#sink
    if (this.#count === 0 || sink === null) return false
    const frame = this.#frame
    for (let left = this.#count; left > 0 && this.#count > 0; left--) {
      const at = this.#head
      const block = this.#queue[at]
      frame.offset = block
      frame.length = this.#queue[at + 1]
      frame.checksum = this.#queue[at + 2] as RxChecksum
      frame.gsoSize = this.#queue[at + 3]
      this.#head = (at + FIELDS) & (this.#queue.length - 1)
      this.#count--
      this.queuedBytes -= Memory.blockSize(frame.length)
      sink.onFrame(frame)
      this.#engine.memory.free(block)
    }
    sink.onBurstEnd()
    if (this.#owesWritable) this.#tellWritable()
    return true
  }

  #tellWritable(): void {
    this.#owesWritable = false
    this.#sink?.onWritable()
  }
}
