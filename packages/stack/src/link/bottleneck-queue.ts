import type { Micros } from '../core/timer.ts'
import { CeMark, markCongestion } from './ce-mark.ts'
import { Codel, type CodelQueue } from './codel.ts'
import type { LinkDevice } from './device.ts'
import type { TellFate } from './frame-fate.ts'
import type { FrameStore } from './frame-store.ts'
import type { ResolvedImpairment } from './impair-check.ts'
import type { ImpairStats } from './impair-stats.ts'

/**
 * The frames that wait for a bottleneck, first in, first out: bounded in bytes and in frames, dropping its tail, and
 * its head too if a CoDel looks after it. With `ecn` frames that can be marked are marked instead.
 */
export class BottleneckQueue implements CodelQueue {
  bytes = 0
  packets = 0
  shiftedAt: Micros = 0
  readonly #stats: ImpairStats
  readonly #medium: LinkDevice['medium']
  readonly #longest: number
  readonly #tell: TellFate | null
  #rules: ResolvedImpairment
  #store: FrameStore
  #codel: Codel | null = null
  /** A ring of slots and when each came; its size is a power of two. */
  #slots: Int32Array = new Int32Array(64)
  #cameAt: Float64Array = new Float64Array(64)
  #head = 0
  /** When the frame whose turn it is got it. */
  #turnAt: Micros = 0

  /** @param longest bytes of the link's longest frame @param tell is told of what becomes of frames */
  constructor(
    store: FrameStore,
    rules: ResolvedImpairment,
    stats: ImpairStats,
    medium: LinkDevice['medium'],
    longest: number,
    tell: TellFate | null,
  ) {
    this.#tell = tell
    this.#store = store
    this.#rules = rules
    this.#stats = stats
    this.#medium = medium
    this.#longest = longest
    this.#setCodel()
  }

  /** What waits stays, even where it is more than may wait now. */
  change(rules: ResolvedImpairment): void {
    const was = this.#rules.codel
    this.#rules = rules
    if (rules.codel !== was) this.#setCodel()
  }

  /** Takes a frame in, or drops it. */
  push(slot: number, now: Micros): void {
    const length = this.#store.length[slot]
    const bytes = this.bytes + length
    const packets = this.packets + 1
    const rules = this.#rules
    if (bytes > rules.queueBytes || packets > rules.queuePackets) {
      if (!this.#survivesOverflow(slot, bytes, packets, now)) {
        this.#stats.queueDropped++
        this.#tell?.(slot, 'queueDropped', now)
        this.#store.release(slot)
        return
      }
    } else if (bytes > rules.markAboveBytes || packets > rules.markAbovePackets) this.#tryMark(slot, now)
    this.#append(slot, now)
    this.bytes = bytes
    if (bytes > this.#stats.queueMostBytes) this.#stats.queueMostBytes = bytes
    if (packets > this.#stats.queueMostPackets) this.#stats.queueMostPackets = packets
    this.#tell?.(slot, 'queued', now)
  }

  /** The frame whose turn it is, or -1; what a CoDel drops on the way is gone. */
  next(now: Micros): number {
    this.#turnAt = now
    const slot = this.#codel === null ? this.shift() : this.#codel.dequeue(this, now)
    if (slot >= 0) {
      this.#tell?.(slot, 'dequeued', now)
      const sojourn = now - this.shiftedAt
      const stats = this.#stats
      stats.queued++
      stats.sojournTotal += sojourn
      if (sojourn > stats.sojournMost) stats.sojournMost = sojourn
    }
    return slot
  }

  shift(): number {
    if (this.packets === 0) return -1
    const slot = this.#slots[this.#head]
    this.shiftedAt = this.#cameAt[this.#head]
    this.#head = (this.#head + 1) & (this.#slots.length - 1)
    this.packets--
    this.bytes -= this.#store.length[slot]
    return slot
  }

  mark(slot: number): boolean {
    return this.#rules.ecn && this.#tryMark(slot, this.#turnAt)
  }

  drop(slot: number): void {
    this.#stats.codelDropped++
    this.#tell?.(slot, 'codelDropped', this.#turnAt)
    this.#store.release(slot)
  }

  /**
   * With `ecn` a full queue marks before it drops; but marks are no room (RFC 3168 section 5: a full queue drops), so
   * that at twice its bound it drops everything.
   */
  #survivesOverflow(slot: number, bytes: number, packets: number, now: Micros): boolean {
    const { ecn, queueBytes, queuePackets } = this.#rules
    return ecn && bytes <= 2 * queueBytes && packets <= 2 * queuePackets && this.#tryMark(slot, now)
  }

  #tryMark(slot: number, now: Micros): boolean {
    const store = this.#store
    const result = markCongestion(store.memory.view, store.offset[slot], store.length[slot], this.#medium)
    if (result === CeMark.Marked) {
      this.#stats.marked++
      this.#tell?.(slot, 'marked', now)
    }
    return result !== CeMark.NotCapable
  }

  #setCodel(): void {
    const { codel } = this.#rules
    this.#codel = codel === null ? null : new Codel(codel.target, codel.interval, this.#longest)
  }

  #append(slot: number, now: Micros): void {
    if (this.packets === this.#slots.length) this.#grow()
    const at = (this.#head + this.packets++) & (this.#slots.length - 1)
    this.#slots[at] = slot
    this.#cameAt[at] = now
  }

  #grow(): void {
    const size = this.#slots.length
    const slots = new Int32Array(size * 2)
    const cameAt = new Float64Array(size * 2)
    for (let i = 0; i < size; i++) {
      slots[i] = this.#slots[(this.#head + i) & (size - 1)]
      cameAt[i] = this.#cameAt[(this.#head + i) & (size - 1)]
    }
    this.#slots = slots
    this.#cameAt = cameAt
    this.#head = 0
  }
}
