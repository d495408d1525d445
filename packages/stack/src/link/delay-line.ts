import { type Micros, NEVER } from '../core/timer.ts'
import { STORE_SLOTS } from './frame-store.ts'

/**
 * Slots of frames, ordered by when each is due; equal times leave in the order in which they came. A binary heap in
 * typed arrays: times are not rounded, and nothing is allocated once it has grown.
 */
export class DelayLine {
  count = 0
  #slot: Int32Array = new Int32Array(64)
  #due: Float64Array = new Float64Array(64)
  #order: Float64Array = new Float64Array(64)
  #nextOrder = 0

  /** When the first is due, or NEVER. */
  get earliest(): Micros {
    return this.count === 0 ? NEVER : this.#due[0]
  }

  /** The slot that is due first. Only while `count > 0`. */
  get front(): number {
    return this.#slot[0]
  }

  push(slot: number, due: Micros): void {
    if (this.count === this.#slot.length) this.#grow()
    const order = this.#nextOrder++
    let at = this.count++
    while (at > 0) {
      const parent = (at - 1) >> 1
      // The newcomer is the latest of equals, so it never passes one.
      if (this.#due[parent] <= due) break
      this.#move(at, parent)
      at = parent
    }
    this.#set(at, slot, due, order)
  }

  /** Takes the first off. */
  pop(): void {
    if (this.count === 0) return
    const last = --this.count
    const slot = this.#slot[last]
    const due = this.#due[last]
    const order = this.#order[last]
    let at = 0
    for (;;) {
      let child = at * 2 + 1
      if (child >= last) break
      if (child + 1 < last && this.#before(child + 1, this.#due[child], this.#order[child])) child++
      if (!this.#before(child, due, order)) break
      this.#move(at, child)
      at = child
    }
    this.#set(at, slot, due, order)
  }

  clear(): void {
    this.count = 0
  }

  #before(at: number, due: number, order: number): boolean {
    return this.#due[at] < due || (this.#due[at] === due && this.#order[at] < order)
  }

  #move(to: number, from: number): void {
    this.#set(to, this.#slot[from], this.#due[from], this.#order[from])
  }

  #set(at: number, slot: number, due: number, order: number): void {
    this.#slot[at] = slot
    this.#due[at] = due
    this.#order[at] = order
  }

  #grow(): void {
    const size = Math.min(this.#slot.length * 2, STORE_SLOTS)
    const slot = new Int32Array(size)
    slot.set(this.#slot)
    this.#slot = slot
    const due = new Float64Array(size)
    due.set(this.#due)
    this.#due = due
    const order = new Float64Array(size)
    order.set(this.#order)
    this.#order = order
  }
}
