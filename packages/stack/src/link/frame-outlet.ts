import type { Alarm, Clock } from '../core/clock.ts'
import { TapwireError } from '../core/errors.ts'
import { NEVER } from '../core/timer.ts'
import { type FrameSink, type RxChecksum, RxFrame, type TxDescriptor } from './device.ts'
import { FrameQueue, type QueueLimits } from './frame-queue.ts'

/**
 * Frames of one burst: after as many, the receiver acts on what it has (acknowledges, tells applications) and
 * everybody else has a turn.
 */
export const BURST = 256

/**
 * The way to one receiver in memory: a bounded queue, emptied in bursts by the clock and so never while somebody
 * is sending. A cable has two of these, a switch one for every port.
 */
export class FrameOutlet {
  /** Frames handed to the receiver. */
  delivered = 0
  readonly #clock: Clock
  readonly #queue: FrameQueue
  readonly #frame = new RxFrame()
  readonly #latency: number
  readonly #onRoom: () => void
  readonly #alarm: Alarm
  readonly #deliver = (): void => this.#run()
  #sink: FrameSink | null = null
  #attached = false
  #scheduled = false
  #ending = false
  #error: Error | null = null
  #closed = false

  /**
   * @param latency microseconds between sending and delivery
   * @param onRoom called after a burst that made room
   */
  constructor(clock: Clock, limits: QueueLimits, latency: number, onRoom: () => void) {
    this.#clock = clock
    this.#queue = new FrameQueue(limits)
    this.#latency = latency
    this.#onRoom = onRoom
    this.#alarm = clock.alarm(this.#deliver)
  }

  /** Frames and bytes that wait here. */
  get queuedFrames(): number {
    return this.#queue.count
  }

  get queuedBytes(): number {
    return this.#queue.bytes
  }

  /** Nothing will be delivered any more. */
  get closed(): boolean {
    return this.#closed
  }

  /** Starts delivery of what waits and what comes. @throws EALREADY, ENETDOWN, ENOMEM */
  attach(sink: FrameSink): void {
    if (this.#attached) throw new TapwireError('EALREADY', 'This device already has somebody attached to it')
    if (this.#closed) throw new TapwireError('ENETDOWN', 'This device has been closed')
    this.#queue.place(sink.memory)
    this.#attached = true
    this.#sink = sink
    this.#schedule()
  }

  /** Copies the frame in, to be delivered. @returns false when there is no room: nothing happened */
  push(frame: TxDescriptor, checksum: RxChecksum): boolean {
    const due = this.#latency === 0 ? 0 : this.#clock.now() + this.#latency
    if (!this.#queue.push(frame, checksum, due)) return false
    if (!this.#scheduled) this.#schedule()
    return true
  }

  /** The sender is gone: what waits is still delivered, then the receiver is told. */
  end(error: Error | null): void {
    if (this.#closed || this.#ending) return
    this.#ending = true
    this.#error = error
    this.#schedule()
  }

  /** The receiver wants no more. Drops what waits and gives the memory back. */
  close(): void {
    if (this.#closed) return
    this.#finish(null)
  }

  #schedule(): void {
    if (this.#scheduled || this.#closed || this.#sink === null) return
    if (this.#queue.count === 0 && !this.#ending) return
    this.#scheduled = true
    if (this.#latency > 0 && this.#queue.count > 0) this.#alarm.set(this.#queue.frontDue)
    else this.#clock.soon(this.#deliver)
  }

  #run(): void {
    this.#scheduled = false
    const sink = this.#sink
    if (sink === null || this.#closed) return
    const now = this.#latency === 0 ? 0 : this.#clock.now()
    const queue = this.#queue
    let budget = BURST
    // Delivering can close this device, which empties the queue.
    while (budget > 0 && queue.count > 0 && queue.frontDue <= now) {
      budget--
      queue.front(this.#frame)
      this.delivered++
      sink.onFrame(this.#frame)
      queue.pop()
    }
    if (this.#closed) return
    if (budget < BURST) sink.onBurstEnd()
    if (this.#closed) return
    if (this.#ending && queue.count === 0) {
      this.#finish(this.#error)
      return
    }
    // Before room is announced, so that what is sent then finds the next delivery set.
    this.#schedule()
    if (budget < BURST) this.#onRoom()
  }

  #finish(error: Error | null): void {
    this.#closed = true
    this.#alarm.set(NEVER)
    this.#queue.release()
    const sink = this.#sink
    this.#sink = null
    if (sink !== null) sink.onClosed(error)
  }
}
