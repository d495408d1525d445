import type { Alarm, Clock } from '@tapwire/stack'

/** Where the clock of a run begins: a kernel has been up for a while, too, and 0 is no time that a timer may mean. */
export const START = 1000 * 1_000_000
/** 2026-01-01T00:00:00Z is where scripts begin: captures of two runs are byte-identical. */
const EPOCH = Date.UTC(2026, 0, 1) * 1000 - START

/** Of putting off at one instant: more would be two parties that wake each other for ever. */
const MOST_ROUNDS = 100_000

interface Ring {
  deadline: number
  /** Of those with one deadline, the first that was set rings first. */
  order: number
  readonly callback: () => void
}

/**
 * Virtual time in which a script's event goes before the timers that are due at its instant: a kernel's ring a little late, never
 * early.
 */
export class ScriptClock implements Clock {
  readonly epoch = EPOCH
  #now = START
  #order = 0
  readonly #rings: Ring[] = []
  #soon: (() => void)[] = []
  /** Alarms that have rung at this instant. */
  #ringsNow = 0

  now(): number {
    return this.#now
  }

  alarm(callback: () => void): Alarm {
    const ring: Ring = { deadline: Number.POSITIVE_INFINITY, order: 0, callback }
    return { set: (deadline) => this.#set(ring, deadline), keepAlive: () => {} }
  }

  soon(callback: () => void): void {
    this.#soon.push(callback)
  }

  /** When the next alarm rings; Infinity when none is set. */
  get next(): number {
    return this.#soon.length > 0 ? this.#now : (this.#rings[0]?.deadline ?? Number.POSITIVE_INFINITY)
  }

  /** Everything that was put off until this instant, and what that puts off in turn. */
  settle(): void {
    for (let round = 0; this.#soon.length > 0; round++) {
      if (round === MOST_ROUNDS) throw new Error('the stack does not come to rest')
      const due = this.#soon
      this.#soon = []
      for (const callback of due) callback()
    }
  }

  /** Goes to the next alarm and rings it, with all that follows at that instant. */
  step(): void {
    this.settle()
    const ring = this.#rings.shift()
    if (ring === undefined) return
    if (ring.deadline > this.#now) {
      this.#now = ring.deadline
      this.#ringsNow = 0
    } else if (++this.#ringsNow > MOST_ROUNDS) throw new Error('the stack does not come to rest')
    ring.deadline = Number.POSITIVE_INFINITY
    ring.callback()
    this.settle()
  }

  /** Lets time pass up to `time`, ringing on the way whatever is due before it. */
  advanceTo(time: number): void {
    this.settle()
    while (this.next < time) this.step()
    if (time > this.#now) this.#now = time
  }

  #set(ring: Ring, deadline: number): void {
    const rings = this.#rings
    if (ring.deadline !== Number.POSITIVE_INFINITY) rings.splice(rings.indexOf(ring), 1)
    ring.deadline = deadline
    ring.order = ++this.#order
    if (deadline === Number.POSITIVE_INFINITY) return
    let at = rings.length
    while (at > 0 && rings[at - 1].deadline > deadline) at--
    rings.splice(at, 0, ring)
  }
}
