import type { Audit } from './audit.ts'

/** A point in time or a span, in integer microseconds. Points are on the owner's `Clock`. */
export type Micros = number

/** No deadline. */
export const NEVER: Micros = Number.POSITIVE_INFINITY

export const MILLISECOND: Micros = 1_000
export const SECOND: Micros = 1_000_000

/**
 * One place in a `TimerQueue`. Owners with several deadlines (a TCP connection) keep them in their own fields and
 * arm only the earliest; a deadline that moves later is not moved in the queue: `expire` looks again and re-arms.
 */
export class Timer {
  deadline: Micros = NEVER
  /** Where the timer stands in the queue's heap, -1 when it does not. */
  slot = -1
  /** Equal deadlines fire in the order in which they were armed. */
  order = 0
  readonly expire: (now: Micros) => void

  constructor(expire: (now: Micros) => void) {
    this.expire = expire
  }

  get armed(): boolean {
    return this.slot >= 0
  }
}

/** A 4-ary heap of timers: exact deadlines, arming in O(log n), the earliest in O(1), no allocation per timer. */
export class TimerQueue {
  /** Slots from `size` on are null: an array that is popped and pushed would give its memory back and take it anew. */
  readonly #heap: (Timer | null)[] = []
  #size = 0
  #order = 0
  /**
   * The earliest deadline, or NEVER; the queue's own to write. A field, for a getter that is not inlined returns a new
   * number (16 bytes) to every caller once deadlines are beyond 2^31.
   */
  earliest: Micros = NEVER
  /** Told when the earliest deadline became earlier, so that the one host timer can be moved. */
  onEarlier: (() => void) | null = null

  get size(): number {
    return this.#size
  }

  /** Arms the timer for `deadline`, wherever it stood before. NEVER disarms it. */
  set(timer: Timer, deadline: Micros): void {
    if (deadline < timer.deadline) this.setEarlier(timer, deadline)
    else if (deadline === NEVER) this.clear(timer)
    else {
      timer.deadline = deadline
      timer.order = this.#order++
      this.#down(timer)
      this.#noteEarliest(timer)
    }
  }

  /**
   * Arms the timer unless it already stands earlier: the lazy form. Small enough to be inlined, with the rest done by the
   * field's value: passing the deadline on would make a number of it.
   */
  setEarlier(timer: Timer, deadline: Micros): void {
    if (deadline >= timer.deadline) return
    timer.deadline = deadline
    this.#raise(timer)
  }

  clear(timer: Timer): void {
    const { slot } = timer
    timer.deadline = NEVER
    if (slot < 0) return
    timer.slot = -1
    const last = this.#heap[--this.#size] as Timer
    this.#heap[this.#size] = null
    if (last !== timer) {
      last.slot = slot
      this.#heap[slot] = last
      this.#up(last)
      this.#down(last)
    }
    this.earliest = this.#size === 0 ? NEVER : (this.#heap[0] as Timer).deadline
  }

  /** Fires what is due at `now`, at most `budget` timers. @returns whether more are due */
  expire(now: Micros, budget = 10_000): boolean {
    while (this.#size > 0 && this.earliest <= now) {
      if (budget-- <= 0) return true
      const timer = this.#heap[0] as Timer
      this.clear(timer)
      timer.expire(now)
    }
    return false
  }

  /** Whether the timer really stands where it believes. */
  holds(timer: Timer): boolean {
    return timer.slot >= 0 && timer.slot < this.#size && this.#heap[timer.slot] === timer
  }

  /** The heap is one, and each timer knows its place. */
  audit(audit: Audit): void {
    audit.subject = 'the timers'
    const earliest = this.#size === 0 ? NEVER : (this.#heap[0] as Timer).deadline
    audit.check(
      this.earliest === earliest,
      'the earliest deadline is not the first one',
      this.earliest,
      earliest,
    )
    for (let slot = 0; slot < this.#heap.length; slot++) {
      const timer = this.#heap[slot]
      audit.check((timer !== null) === slot < this.#size, 'the heap has a hole, or a rest', slot, this.#size)
      if (timer === null) continue
      audit.check(timer.slot === slot, 'a timer does not know its place', timer.slot, slot)
      audit.check(timer.deadline < NEVER, 'a timer waits for ever', slot)
      const parent = this.#heap[(slot - 1) >> 2]
      const ordered = slot === 0 || (parent !== null && !before(timer, parent))
      audit.check(ordered, 'a timer stands below a later one', slot)
    }
  }

  /** Its deadline is earlier than it was. */
  #raise(timer: Timer): void {
    timer.order = this.#order++
    if (timer.slot < 0) {
      timer.slot = this.#size++
      this.#heap[timer.slot] = timer
    }
    this.#up(timer)
    this.#noteEarliest(timer)
  }

  /** After `timer` has moved. */
  #noteEarliest(timer: Timer): void {
    this.earliest = (this.#heap[0] as Timer).deadline
    if (timer.slot === 0 && this.onEarlier !== null) this.onEarlier()
  }

  #up(timer: Timer): void {
    const heap = this.#heap
    let { slot } = timer
    while (slot > 0) {
      const parentSlot = (slot - 1) >> 2
      const parent = heap[parentSlot] as Timer
      if (!before(timer, parent)) break
      heap[slot] = parent
      parent.slot = slot
      slot = parentSlot
    }
    heap[slot] = timer
    timer.slot = slot
  }

  #down(timer: Timer): void {
    const heap = this.#heap
    const length = this.#size
    let { slot } = timer
    for (;;) {
      const first = slot * 4 + 1
      if (first >= length) break
      const end = Math.min(first + 4, length)
      let best = heap[first] as Timer
      for (let child = first + 1; child < end; child++) {
        const other = heap[child] as Timer
        if (before(other, best)) best = other
      }
      if (!before(best, timer)) break
      const { slot: freed } = best
      heap[slot] = best
      best.slot = slot
      slot = freed
    }
    heap[slot] = timer
    timer.slot = slot
  }
}

function before(a: Timer, b: Timer): boolean {
  return a.deadline < b.deadline || (a.deadline === b.deadline && a.order < b.order)
}
