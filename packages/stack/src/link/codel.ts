import type { Micros } from '../core/timer.ts'

export interface CodelOptions {
  /** Milliseconds of standing delay that are accepted, 0.001 to 3,600,000; default 5 (RFC 8289 section 4.4). */
  readonly target?: number
  /** Milliseconds for which it has to stand, a large round-trip time; 0.001 to 3,600,000, default 100. */
  readonly interval?: number
}

/** The queue that a CoDel looks after. Frames are slots. */
export interface CodelQueue {
  /** Bytes that wait. */
  readonly bytes: number
  /** Takes the oldest off, or -1. */
  shift(): number
  /** When a frame came. Only for one that `shift` has just given. */
  readonly shiftedAt: Micros
  /** @returns false when its sender does not do ECN: it is to be dropped */
  mark(slot: number): boolean
  drop(slot: number): void
}

/** Intervals for which the drop rate of the last dropping state is remembered (RFC 8289 section 5.5). */
const MEMORY = 16

/**
 * Controlled Delay (RFC 8289): drops at the queue's head when frames have waited for longer than `target` during a
 * whole `interval`, then ever faster, by the inverse square root of the count, until they do not. Times are in
 * microseconds and not rounded.
 */
export class Codel {
  readonly #target: Micros
  readonly #interval: Micros
  /** Less than this waiting is not a standing queue: one frame has to be sent before the next. */
  readonly #maxPacket: number
  #firstAboveTime: Micros = 0
  #dropNext: Micros = 0
  #count = 0
  #lastCount = 0
  #dropping = false
  #okToDrop = false

  /** @param target and `interval` in microseconds @param maxPacket bytes of the link's largest frame */
  constructor(target: Micros, interval: Micros, maxPacket: number) {
    this.#target = target
    this.#interval = interval
    this.#maxPacket = maxPacket
  }

  /** The frame to send now, or -1; what it drops is gone (RFC 8289 section 5.5). */
  dequeue(queue: CodelQueue, now: Micros): number {
    const slot = this.#doDequeue(queue, now)
    if (this.#dropping) return this.#dropMore(queue, now, slot)
    if (!this.#okToDrop) return slot
    // The rate that controlled the queue a short while ago is a better start than one drop an interval.
    const delta = this.#count - this.#lastCount
    this.#count = delta > 1 && now - this.#dropNext < MEMORY * this.#interval ? delta : 1
    this.#dropping = true
    this.#lastCount = this.#count
    this.#dropNext = this.#controlLaw(now)
    if (queue.mark(slot)) return slot
    queue.drop(slot)
    return this.#doDequeue(queue, now)
  }

  #dropMore(queue: CodelQueue, now: Micros, first: number): number {
    let slot = first
    if (!this.#okToDrop) this.#dropping = false
    while (this.#dropping && now >= this.#dropNext) {
      this.#count++
      if (queue.mark(slot)) {
        this.#dropNext = this.#controlLaw(this.#dropNext)
        return slot
      }
      queue.drop(slot)
      slot = this.#doDequeue(queue, now)
      if (this.#okToDrop) this.#dropNext = this.#controlLaw(this.#dropNext)
      else this.#dropping = false
    }
    return slot
  }

  /** Takes a frame off and finds out whether the delay has stood for an interval (RFC 8289 section 5.5). */
  #doDequeue(queue: CodelQueue, now: Micros): number {
    this.#okToDrop = false
    const slot = queue.shift()
    if (slot < 0) this.#firstAboveTime = 0
    else if (now - queue.shiftedAt < this.#target || queue.bytes <= this.#maxPacket) this.#firstAboveTime = 0
    else if (this.#firstAboveTime === 0) this.#firstAboveTime = now + this.#interval
    else this.#okToDrop = now >= this.#firstAboveTime
    return slot
  }

  /** RFC 8289 section 5.4. */
  #controlLaw(time: Micros): Micros {
    return time + this.#interval / Math.sqrt(this.#count)
  }
}
