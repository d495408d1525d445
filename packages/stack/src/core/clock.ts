import {
  hostClearTimeout,
  hostKeepAlive,
  hostMonotonicMs,
  hostSetTimeout,
  hostSoon,
  hostTimeOriginMs,
} from './host.ts'
import { type Micros, NEVER } from './timer.ts'

/** One wake-up. Setting it again moves it. */
export interface Alarm {
  /** Calls back once at `deadline` or a little later; NEVER cancels. Units: microseconds of the clock. */
  set(deadline: Micros): void
  /** Whether a pending wake-up keeps the process running, where the host knows that idea (Node). Default true. */
  keepAlive(on: boolean): void
}

/** Where a stack and its devices get their time from. */
export interface Clock {
  /** Microseconds since an arbitrary start; never goes back. */
  now(): Micros
  /** The step in which `now` moves, where that is a millisecond or more; what is not given counts as exact. */
  readonly granularity?: Micros
  /** Microseconds from 1970 to the clock's start: what makes capture timestamps readable. */
  readonly epoch: number
  alarm(callback: () => void): Alarm
  /** Calls back soon, after what runs now, before any later alarm. */
  soon(callback: () => void): void
}

/**
 * What a process begins to count at: no time fits into 32 bits. From 0 the first such one would come after 36 minutes, and change the
 * shapes of all objects with a time in them: V8 would throw away what it has compiled for a connection, and make 3,000 of them a second
 * instead of 12,000 for most of a second (measured).
 */
const ORIGIN: Micros = 2 ** 32

/** Real time: `performance.now()` and one `setTimeout` an alarm, made only when the deadline moved earlier. */
export class SystemClock implements Clock {
  readonly epoch = Math.round(hostTimeOriginMs() * 1000) - ORIGIN

  now(): Micros {
    return Math.floor(hostMonotonicMs() * 1000) + ORIGIN
  }

  alarm(callback: () => void): Alarm {
    return new SystemAlarm(this, callback)
  }

  soon(callback: () => void): void {
    hostSoon(callback)
  }
}

/** A longer wait than this many milliseconds is cut in two: Node's timers end at 2^31 - 1 ms. */
const LONGEST_WAIT_MS = 0x7fff_ffff

class SystemAlarm implements Alarm {
  readonly #clock: SystemClock
  readonly #callback: () => void
  readonly #fire = (): void => this.#fired()
  #deadline: Micros = NEVER
  #handle: unknown = null
  #handleDue: Micros = NEVER
  #keepAlive = true

  constructor(clock: SystemClock, callback: () => void) {
    this.#clock = clock
    this.#callback = callback
  }

  set(deadline: Micros): void {
    this.#deadline = deadline
    // A timer that rings too early looks again: cheaper than clearing and setting (230 ns, measured).
    if (this.#handle !== null && this.#handleDue <= deadline && deadline !== NEVER) return
    if (this.#handle !== null) hostClearTimeout(this.#handle)
    this.#handle = null
    if (deadline !== NEVER) this.#start(deadline)
  }

  keepAlive(on: boolean): void {
    this.#keepAlive = on
    if (this.#handle !== null) hostKeepAlive(this.#handle, on)
  }

  #start(deadline: Micros): void {
    const wait = Math.max(0, Math.ceil((deadline - this.#clock.now()) / 1000))
    this.#handleDue = deadline
    this.#handle = hostSetTimeout(this.#fire, Math.min(wait, LONGEST_WAIT_MS))
    if (!this.#keepAlive) hostKeepAlive(this.#handle, false)
  }

  #fired(): void {
    this.#handle = null
    if (this.#deadline === NEVER) return
    if (this.#clock.now() < this.#deadline) {
      this.#start(this.#deadline)
      return
    }
    this.#deadline = NEVER
    this.#callback()
  }
}
