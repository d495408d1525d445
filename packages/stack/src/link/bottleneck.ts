import { type Micros, NEVER } from '../core/timer.ts'
import { BottleneckQueue } from './bottleneck-queue.ts'
import type { LinkDevice } from './device.ts'
import type { TellFate } from './frame-fate.ts'
import type { FrameStore } from './frame-store.ts'
import type { ResolvedImpairment } from './impair-check.ts'
import type { ImpairStats } from './impair-stats.ts'

/** Takes a frame whose last bit left the bottleneck at `at`. */
type Leave = (slot: number, at: Micros) => void

/** The one place of a link that takes time for each bit: a frame being sent, and a queue of those that wait. */
export class Bottleneck {
  readonly #store: FrameStore
  readonly #queue: BottleneckQueue
  readonly #leave: Leave
  #bandwidth: number
  /** The slot of the frame being sent, or -1. */
  #sending = -1
  /** When the frame being sent, or the last one, has left: rounded up to a microsecond. */
  #sentAt: Micros = 0
  /** Bits times microseconds that rounding has given away, made good by the next frame: rates are kept exactly. */
  #owed = 0

  /** @param longest bytes of the link's longest frame @param tell is told of what becomes of frames */
  constructor(
    store: FrameStore,
    rules: ResolvedImpairment,
    stats: ImpairStats,
    medium: LinkDevice['medium'],
    longest: number,
    leave: Leave,
    tell: TellFate | null = null,
  ) {
    this.#store = store
    this.#queue = new BottleneckQueue(store, rules, stats, medium, longest, tell)
    this.#leave = leave
    this.#bandwidth = rules.bandwidth
  }

  /** When the frame being sent has left, or NEVER. */
  get due(): Micros {
    return this.#sending < 0 ? NEVER : this.#sentAt
  }

  /** Bytes that wait, besides the frame being sent. */
  get waitingBytes(): number {
    return this.#queue.bytes
  }

  /** The frame being sent goes on at the new bandwidth. `advance` has been called with the same `now`. */
  change(rules: ResolvedImpairment, now: Micros): void {
    this.#queue.change(rules)
    const was = this.#bandwidth
    if (was === rules.bandwidth) return
    this.#bandwidth = rules.bandwidth
    if (this.#sending < 0) return
    this.#sentAt = now + Math.ceil((this.#sentAt - now) * (was / rules.bandwidth))
    this.#owed = 0
  }

  /** Sends a frame, or queues it, or drops it. */
  admit(slot: number, now: Micros): void {
    this.advance(now)
    if (this.#sending >= 0) this.#queue.push(slot, now)
    else if (this.#bandwidth === Number.POSITIVE_INFINITY) this.#leave(slot, now)
    else {
      this.#owed = 0
      this.#send(slot, now)
    }
  }

  /** Lets the frames that have been sent by `now` leave, and starts the next one. */
  advance(now: Micros): void {
    while (this.#sending >= 0 && this.#sentAt <= now) {
      const slot = this.#sending
      this.#sending = -1
      this.#leave(slot, this.#sentAt)
      const next = this.#queue.next(this.#sentAt)
      if (next < 0) return
      this.#send(next, this.#sentAt)
    }
  }

  /** Starts to send a frame at `start`. */
  #send(slot: number, start: Micros): void {
    this.#sending = slot
    this.#sentAt = start
    const bandwidth = this.#bandwidth
    if (bandwidth === Number.POSITIVE_INFINITY) return
    const work = this.#store.length[slot] * 8_000_000 - this.#owed
    const took = Math.max(0, Math.ceil(work / bandwidth))
    this.#owed = took * bandwidth - work
    this.#sentAt = start + took
  }
}
