import type { Alarm, Clock } from '../core/clock.ts'
import { hostMicrotask } from '../core/host.ts'
import type { Memory } from '../core/memory.ts'
import { randomBelow, randomUnit, SeededRandom } from '../core/random.ts'
import { type Micros, NEVER } from '../core/timer.ts'
import { WorkQueue } from '../core/work-queue.ts'
import { DelayLine } from './delay-line.ts'
import { BURST } from './frame-outlet.ts'
import { FrameStore } from './frame-store.ts'
import { type Direction, NO_IMPAIRMENT, type ResolvedImpairment } from './impair-options.ts'

/** Bytes one direction may keep, and the part of the stack's memory that is never exceeded. */
const MOST_BYTES = 32 * 1024 * 1024
const MOST_OF_MEMORY = 1 / 8

/** What one direction of an impaired link has counted. */
export interface ImpairStats {
  /** Frames that came to the impairment, each super-frame as the frames it was cut into. */
  frames: number
  bytes: number
  /** Frames that left it. */
  delivered: number
  /** Dropped by the filter. */
  filtered: number
  lost: number
  duplicated: number
  corrupted: number
  /** Frames that skipped the latency. */
  reordered: number
  /** Dropped because `queue` was full. */
  queueDropped: number
  /** Dropped because more was on the way than one direction may keep: 32 MiB or an eighth of the memory. */
  overflowed: number
  /** Super-frames that could not be cut into frames. */
  malformed: number
  /** Frames the next device refused for good. */
  refused: number
}

/** Hands a frame on. @returns false when there is no room now */
type Forward = (offset: number, length: number) => boolean

/**
 * One direction of an impaired link: decides each frame's fate, then keeps it in the bandwidth's queue and on the
 * delay line until it is due. Each kind of fate has its own random sequence, so that changing one leaves the
 * others as they were.
 */
export class ImpairedPath {
  #impairment: ResolvedImpairment = NO_IMPAIRMENT
  /** The impairment does nothing. */
  #clean = true
  readonly stats: ImpairStats = {
    frames: 0,
    bytes: 0,
    delivered: 0,
    filtered: 0,
    lost: 0,
    duplicated: 0,
    corrupted: 0,
    reordered: 0,
    queueDropped: 0,
    overflowed: 0,
    malformed: 0,
    refused: 0,
  }
  /** Frames are due that the next device had no room for. */
  blocked = false
  readonly #direction: Direction
  readonly #clock: Clock
  readonly #alarm: Alarm
  readonly #forward: Forward
  readonly #loss: SeededRandom
  readonly #duplicate: SeededRandom
  readonly #corrupt: SeededRandom
  readonly #reorder: SeededRandom
  readonly #jitter: SeededRandom
  #store: FrameStore | null = null
  /** Frames that wait for bandwidth, the bytes they have, and the one being sent (a slot, or -1). */
  readonly #waiting = new WorkQueue<number>()
  #waitingBytes = 0
  #sending = -1
  /** When the frame being sent, or the last one, has left: rounded up to a microsecond. */
  #sentAt: Micros = 0
  /** Bits times microseconds that rounding has given away, made good by the next frame: rates are kept exactly. */
  #owed = 0
  readonly #line = new DelayLine()
  /** Before this time no frame arrives that keeps its order. */
  #orderedAt: Micros = 0
  #running = false
  #alarmAt: Micros = NEVER

  /** @param onDue called by the clock when frames may be due: has to call `run` */
  constructor(direction: Direction, clock: Clock, seed: number, forward: Forward, onDue: () => void) {
    this.#direction = direction
    this.#clock = clock
    this.#forward = forward
    this.#alarm = clock.alarm(() => {
      this.#alarmAt = NEVER
      onDue()
    })
    const base = Math.imul(seed | 0, 16) + (direction === 'out' ? 0 : 8)
    this.#loss = new SeededRandom(base)
    this.#duplicate = new SeededRandom(base + 1)
    this.#corrupt = new SeededRandom(base + 2)
    this.#reorder = new SeededRandom(base + 3)
    this.#jitter = new SeededRandom(base + 4)
  }

  /** Frames are kept in this memory from now on. */
  open(memory: Memory): void {
    this.#store = new FrameStore(memory, Math.min(MOST_BYTES, memory.size * MOST_OF_MEMORY))
  }

  /** Drops everything on the way and frees it. */
  close(): void {
    this.#alarm.set(NEVER)
    this.#alarmAt = NEVER
    while (this.#waiting.shift() !== null);
    this.#waitingBytes = 0
    this.#sending = -1
    this.#line.clear()
    this.#store?.clear()
    this.#store = null
    this.blocked = false
  }

  /** Nothing is on the way. */
  get idle(): boolean {
    return this.#store === null || this.#store.count === 0
  }

  /** Frames on the way: waiting, being sent, or delayed. */
  get framesOnTheWay(): number {
    return this.#store?.count ?? 0
  }

  /** Nothing would happen to a frame: it may be handed on where it lies. */
  get transparent(): boolean {
    return this.#clean && this.idle
  }

  get impairment(): ResolvedImpairment {
    return this.#impairment
  }

  /** From now on; frames on the delay line keep their time, the one being sent goes on at the new bandwidth. */
  change(to: ResolvedImpairment): void {
    const was = this.#impairment
    const now = this.#clock.now()
    // What has left by now left under the old rules: without a bandwidth that is everything.
    if (this.#store !== null) this.#advance(now)
    this.#impairment = to
    this.#clean =
      to.filter === null &&
      to.loss === 0 &&
      to.duplicate === 0 &&
      to.corrupt === 0 &&
      to.latency === 0 &&
      to.jitter === 0 &&
      to.bandwidth === Number.POSITIVE_INFINITY
    if (this.#store === null || was.bandwidth === to.bandwidth) return
    if (this.#sending >= 0) {
      this.#sentAt = now + Math.ceil((this.#sentAt - now) * (was.bandwidth / to.bandwidth))
      this.#owed = 0
    }
    this.#setAlarm()
  }

  /** Counts a frame that was handed on where it lay. */
  passed(length: number): void {
    this.stats.frames++
    this.stats.bytes += length
    this.stats.delivered++
  }

  /**
   * Makes room for a frame, which the caller writes to `offsetOf(slot)` and then gives to `admit`.
   * @returns the slot, or -1: the frame is dropped and counted
   */
  take(length: number): number {
    this.stats.frames++
    this.stats.bytes += length
    const slot = this.#store === null ? -1 : this.#store.take(length)
    if (slot < 0) this.stats.overflowed++
    return slot
  }

  offsetOf(slot: number): number {
    return (this.#store as FrameStore).offset[slot]
  }

  /** Decides what happens to a frame. What is due at once leaves with the next `run`. */
  admit(slot: number): void {
    const store = this.#store as FrameStore
    const stats = this.stats
    const to = this.#impairment
    if (to.filter !== null && !this.#passesFilter(store, slot)) {
      stats.filtered++
      store.release(slot)
      return
    }
    // Both are drawn for every frame: a frame that is lost takes no number away from the next one's fate.
    const lost = this.#isLost()
    const twice = happens(this.#duplicate, to.duplicate)
    if (lost) stats.lost++
    const copy = twice ? this.#copyOf(store, slot) : -1
    if (lost) store.release(slot)
    else this.#enqueue(slot)
    if (copy >= 0) this.#enqueue(copy)
  }

  /** Hands on what is due, a burst at most; the rest follows at once. @returns how many frames left */
  run(): number {
    if (this.#store === null || this.#running) return 0
    const now = this.#clock.now()
    this.#advance(now)
    this.#running = true
    const forwarded = this.#forwardDue(this.#store, now)
    this.#running = false
    if (this.#store !== null) this.#setAlarm()
    return forwarded
  }

  #forwardDue(store: FrameStore, now: Micros): number {
    const line = this.#line
    let forwarded = 0
    this.blocked = false
    while (line.count > 0 && line.earliest <= now && forwarded < BURST) {
      const slot = line.front
      if (!this.#forward(store.offset[slot], store.length[slot])) {
        this.blocked = true
        break
      }
      forwarded++
      this.stats.delivered++
      // Whoever got the frame may have closed this path, which frees everything.
      if (this.#store === null) break
      line.pop()
      store.release(slot)
    }
    return forwarded
  }

  #enqueue(slot: number): void {
    const store = this.#store as FrameStore
    const to = this.#impairment
    if (happens(this.#corrupt, to.corrupt)) this.#flipBit(store, slot)
    const length = store.length[slot]
    const now = this.#clock.now()
    this.#advance(now)
    if (this.#sending < 0) {
      if (to.bandwidth === Number.POSITIVE_INFINITY) this.#delay(slot, now)
      else {
        this.#owed = 0
        this.#send(slot, now)
      }
      return
    }
    if (this.#waitingBytes + length > to.queue) {
      this.stats.queueDropped++
      store.release(slot)
      return
    }
    this.#waiting.push(slot)
    this.#waitingBytes += length
  }

  /** Lets the frames that have been sent by `now` go on to the delay line, and starts the next one. */
  #advance(now: Micros): void {
    while (this.#sending >= 0 && this.#sentAt <= now) {
      const slot = this.#sending
      this.#sending = -1
      this.#delay(slot, this.#sentAt)
      const next = this.#waiting.shift()
      if (next === null) return
      this.#waitingBytes -= (this.#store as FrameStore).length[next]
      this.#send(next, this.#sentAt)
    }
  }

  /** Starts to send a frame at `start`. */
  #send(slot: number, start: Micros): void {
    this.#sending = slot
    this.#sentAt = start
    const { bandwidth } = this.#impairment
    if (bandwidth === Number.POSITIVE_INFINITY) return
    const work = (this.#store as FrameStore).length[slot] * 8_000_000 - this.#owed
    const took = Math.max(0, Math.ceil(work / bandwidth))
    this.#owed = took * bandwidth - work
    this.#sentAt = start + took
  }

  /** Puts a frame that left at `left` on the delay line. */
  #delay(slot: number, left: Micros): void {
    const to = this.#impairment
    if (happens(this.#reorder, to.reorder)) {
      this.stats.reordered++
      this.#line.push(slot, left)
      return
    }
    this.#orderedAt = Math.max(this.#orderedAt, left + this.#nextLatency())
    this.#line.push(slot, this.#orderedAt)
  }

  /** The one place that knows how latency is distributed. */
  #nextLatency(): Micros {
    const { latency, jitter } = this.#impairment
    if (jitter === 0) return latency
    return Math.max(0, Math.round(latency + (randomUnit(this.#jitter) * 2 - 1) * jitter))
  }

  /** The one place that knows how losses follow each other. */
  #isLost(): boolean {
    return happens(this.#loss, this.#impairment.loss)
  }

  #copyOf(store: FrameStore, slot: number): number {
    const copy = store.take(store.length[slot])
    if (copy < 0) {
      this.stats.overflowed++
      return -1
    }
    this.stats.duplicated++
    store.memory.move(store.offset[copy], store.offset[slot], store.length[slot])
    return copy
  }

  #flipBit(store: FrameStore, slot: number): void {
    this.stats.corrupted++
    const bit = randomBelow(this.#corrupt, store.length[slot] * 8)
    store.memory.u8[store.offset[slot] + (bit >>> 3)] ^= 1 << (bit & 7)
  }

  #passesFilter(store: FrameStore, slot: number): boolean {
    const { filter } = this.#impairment
    if (filter === null) return true
    const start = store.offset[slot]
    const bytes = store.memory.u8.subarray(start, start + store.length[slot])
    try {
      return filter(bytes, this.#direction, this.stats.frames - 1) === 'pass'
    } catch (error) {
      hostMicrotask(() => {
        throw error
      })
      return false
    }
  }

  #setAlarm(): void {
    let at = this.blocked ? NEVER : this.#line.earliest
    if (this.#sending >= 0 && this.#sentAt < at) at = this.#sentAt
    at = Math.ceil(at)
    if (at === this.#alarmAt) return
    this.#alarmAt = at
    this.#alarm.set(at)
  }
}

/** Draws only where there is something to decide. */
function happens(random: SeededRandom, probability: number): boolean {
  return probability > 0 && randomUnit(random) < probability
}
