import type { Alarm, Clock } from './clock.ts'
import { TapwireError } from './errors.ts'
import { hostTurn } from './host.ts'
import { type Micros, NEVER, Timer, TimerQueue } from './timer.ts'

/** 2026-01-01T00:00:00Z in microseconds: a fixed date, so that two runs give byte-identical captures. */
const DEFAULT_EPOCH = Date.UTC(2026, 0, 1) * 1000

/**
 * Time that stands still until told to move. Everything that shares one `VirtualClock` (stacks, cables, impaired
 * links) runs as fast as the machine allows and in the same order every time.
 */
export class VirtualClock implements Clock {
  readonly epoch: number
  readonly #queue = new TimerQueue()
  #now: Micros = 0

  /** @param start `epoch`: microseconds since 1970 at which this clock reads 0 */
  constructor(start: { epoch?: number } = {}) {
    this.epoch = start.epoch ?? DEFAULT_EPOCH
  }

  now(): Micros {
    return this.#now
  }

  alarm(callback: () => void): Alarm {
    const timer = new Timer(callback)
    return { set: (deadline) => this.#queue.set(timer, deadline), keepAlive: () => {} }
  }

  soon(callback: () => void): void {
    this.#queue.set(new Timer(callback), this.#now)
  }

  /** When the next alarm rings, in microseconds, or Infinity. */
  get next(): Micros {
    return this.#queue.earliest
  }

  /** Jumps to the next alarm and rings it. @returns false when none is set */
  step(): boolean {
    const next = this.#queue.earliest
    if (next === NEVER) return false
    if (next > this.#now) this.#now = next
    this.#queue.expire(this.#now, 1)
    return true
  }

  /** Lets `milliseconds` pass, ringing every alarm on the way at its own time. */
  advance(milliseconds: number): void {
    this.advanceTo(this.#now + Math.round(milliseconds * 1000))
  }

  /** Lets time pass up to `deadline` (microseconds), ringing every alarm on the way at its own time. */
  advanceTo(deadline: Micros): void {
    if (!(deadline >= this.#now && deadline < NEVER)) {
      throw new TapwireError(
        'ERR_OUT_OF_RANGE',
        `Time can be set to ${this.#now} µs or later. Received ${deadline}`,
      )
    }
    while (this.#queue.earliest <= deadline) this.step()
    // A callback may itself have let more time pass.
    if (this.#now < deadline) this.#now = deadline
  }

  /**
   * Rings alarms until `done()` holds or nothing is left to ring.
   * @param limit milliseconds of virtual time after which it gives up; default one hour
   * @returns whether `done()` held
   */
  runUntil(done: () => boolean, limit = 3_600_000): boolean {
    const deadline = this.#now + limit * 1000
    while (!done()) {
      if (this.#queue.earliest > deadline || !this.step()) return done()
    }
    return true
  }

  /**
   * As `runUntil`, for programs that react in promises, ticks or streams: before each jump in time the host runs
   * everything that is due now. Deterministic as long as nothing outside this clock wakes the program.
   */
  async play(done: () => boolean, limit = 3_600_000): Promise<boolean> {
    const deadline = this.#now + limit * 1000
    for (;;) {
      await hostTurn()
      if (done()) return true
      if (this.#queue.earliest > deadline || !this.step()) {
        await hostTurn()
        return done()
      }
      while (this.#queue.earliest <= this.#now) this.step()
    }
  }
}
