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
  readonly #heap: Timer[] = []
  #order = 0
  /** Told when the earliest deadline became earlier, so that the one host timer can be moved. */
  onEarlier: (() => void) | null = null

  get size(): number {
    return this.#heap.length
  }

  /** The earliest deadline, or NEVER. */
  get earliest(): Micros {
    return this.#heap.length === 0 ? NEVER : this.#heap[0].deadline
  }

  /** Arms the timer for `deadline`, wherever it stood before. NEVER disarms it. */
  set(timer: Timer, deadline: Micros): void {
    if (deadline === NEVER) {
      this.clear(timer)
      return
    }
    const previous = timer.deadline
    timer.deadline = deadline
    timer.order = this.#order++
    if (timer.slot < 0) {
      timer.slot = this.#heap.length
      this.#heap.push(timer)
      this.#up(timer)
    } else if (deadline < previous) this.#up(timer)
    else this.#down(timer)
    if (timer.slot === 0 && this.onEarlier !== null) this.onEarlier()
  }

  /** Arms the timer unless it already stands earlier: the lazy form. */
  setEarlier(timer: Timer, deadline: Micros): void {
    if (timer.slot < 0 || deadline < timer.deadline) this.set(timer, deadline)
  }

  clear(timer: Timer): void {
    const slot = timer.slot
    timer.deadline = NEVER
    if (slot < 0) return
    timer.slot = -1
    const last = this.#heap.pop() as Timer
    if (last === timer) return
    last.slot = slot
    this.#heap[slot] = last
    this.#up(last)
    this.#down(last)
  }

  /** Fires what is due at `now`, at most `budget` timers. @returns whether more are due */
  expire(now: Micros, budget = 10_000): boolean {
    while (this.#heap.length > 0 && this.#heap[0].deadline <= now) {
      if (budget-- <= 0) return true
      const timer = this.#heap[0]
      this.clear(timer)
      timer.expire(now)
    }
    return false
  }

  #up(timer: Timer): void {
    const heap = this.#heap
    let slot = timer.slot
    while (slot > 0) {
      const parentSlot = (slot - 1) >> 2
      const parent = heap[parentSlot]
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
    const length = heap.length
    let slot = timer.slot
    for (;;) {
      const first = slot * 4 + 1
      if (first >= length) break
      const end = Math.min(first + 4, length)
      let best = first
      for (let child = first + 1; child < end; child++) if (before(heap[child], heap[best])) best = child
      const candidate = heap[best]
      if (!before(candidate, timer)) break
      heap[slot] = candidate
      candidate.slot = slot
      slot = best
    }
    heap[slot] = timer
    timer.slot = slot
  }
}

function before(a: Timer, b: Timer): boolean {
  return a.deadline < b.deadline || (a.deadline === b.deadline && a.order < b.order)
}
