import type { Alarm, Clock } from '@tapwire/stack'
import type { PendingCall, Result } from './api.ts'
import { asSocketError, type ErrnoName, SocketError } from './errno.ts'

/** What an attempt says when the call has to wait. */
export const BLOCKED: unique symbol = Symbol('blocked')
export type Blocked = typeof BLOCKED

/** For calls that have nothing better to say when they cannot wait. */
export function tryAgain(): never {
  throw new SocketError('EAGAIN')
}

/** How long a call may wait, in microseconds; Infinity for ever. */
export type Patience = number

/** Something that may change: those who wait for it try again when it does. Kept in the order in which they came. */
export class WaitQueue {
  readonly #waiters = new Set<() => void>()

  get size(): number {
    return this.#waiters.size
  }

  add(wake: () => void): void {
    this.#waiters.add(wake)
  }

  remove(wake: () => void): void {
    this.#waiters.delete(wake)
  }

  wake(): void {
    // Whoever is added by what happens now has looked already.
    for (const wake of [...this.#waiters]) if (this.#waiters.has(wake)) wake()
  }
}

/** One table's calls that wait. */
export class Waiting {
  readonly #clock: Clock
  readonly #calls = new Set<Call<never>>()
  /** The name of the call that is being made, for its errors. */
  syscall = ''

  constructor(clock: Clock) {
    this.#clock = clock
  }

  get size(): number {
    return this.#calls.size
  }

  /**
   * Makes an attempt, and if that has to wait, another each time one of the queues says that something has changed.
   * @param patience after so many microseconds `late` decides: a value, or a SocketError that it throws
   * @param hold is called when the call has to wait, and what it gives when that is over
   */
  call<T>(
    attempt: () => T | Blocked,
    queues: readonly WaitQueue[],
    patience: Patience,
    late: () => T,
    hold: () => () => void,
  ): Result<T> {
    const first = attempt()
    if (first !== BLOCKED) return first
    if (patience <= 0) return late()
    const end = hold()
    const call = new Call<T>(this.syscall, this.#clock, attempt, queues, late, () => {
      this.#calls.delete(call as unknown as Call<never>)
      end()
    })
    this.#calls.add(call as unknown as Call<never>)
    call.start(patience)
    return call.promise
  }

  /** What a call that waits will give, in another form. @param change may be called more than once */
  map<T, U>(call: PendingCall<T>, change: (value: T) => U): PendingCall<U> {
    const promise = call.then(change)
    promise.catch(() => {})
    return Object.defineProperties(promise, {
      settled: { get: () => call.settled },
      settledAt: { get: () => call.settledAt },
      value: { get: () => (call.value === undefined ? undefined : change(call.value)) },
      error: { get: () => call.error },
    }) as PendingCall<U>
  }

  /** Ends all of them with an error. */
  interrupt(code: ErrnoName): void {
    for (const call of [...this.#calls]) call.fail(new SocketError(code))
  }
}

class Call<T> {
  readonly promise: PendingCall<T>
  readonly #syscall: string
  readonly #clock: Clock
  readonly #attempt: () => T | Blocked
  readonly #queues: readonly WaitQueue[]
  readonly #late: () => T
  readonly #end: () => void
  readonly #wake = (): void => this.#try(this.#attempt)
  #alarm: Alarm | null = null
  #trying = false
  #again = false
  #resolve!: (value: T) => void
  #reject!: (error: Error) => void
  readonly #state: { -readonly [K in 'settled' | 'settledAt' | 'value' | 'error']: PendingCall<T>[K] }

  constructor(
    syscall: string,
    clock: Clock,
    attempt: () => T | Blocked,
    queues: readonly WaitQueue[],
    late: () => T,
    end: () => void,
  ) {
    this.#syscall = syscall
    this.#clock = clock
    this.#attempt = attempt
    this.#queues = queues
    this.#late = late
    this.#end = end
    const promise = new Promise<T>((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
    promise.catch(() => {})
    this.promise = Object.assign(promise, {
      settled: false,
      settledAt: Number.NaN,
      value: undefined as T | undefined,
      error: undefined as Error | undefined,
    })
    this.#state = this.promise
  }

  start(patience: Patience): void {
    for (const queue of this.#queues) queue.add(this.#wake)
    if (patience === Number.POSITIVE_INFINITY) return
    this.#alarm = this.#clock.alarm(() => this.#try(this.#late))
    this.#alarm.set(this.#clock.now() + patience)
  }

  fail(error: unknown): void {
    if (!this.#stop()) return
    const told = asSocketError(error, this.#syscall)
    this.#state.error = told
    this.#reject(told)
  }

  /** What an attempt causes may wake the very call that makes it: it then looks once more. */
  #try(attempt: () => T | Blocked): void {
    if (this.#trying) {
      this.#again = true
      return
    }
    this.#trying = true
    try {
      do {
        this.#again = false
        const value = this.#state.settled ? BLOCKED : attempt()
        if (value !== BLOCKED) this.#done(value)
      } while (this.#again)
    } catch (error) {
      this.fail(error)
    } finally {
      this.#trying = false
    }
  }

  #done(value: T): void {
    if (!this.#stop()) return
    this.#state.value = value
    this.#resolve(value)
  }

  /** @returns false when it is over already */
  #stop(): boolean {
    if (this.#state.settled) return false
    this.#state.settled = true
    this.#state.settledAt = this.#clock.now()
    this.#alarm?.set(Number.POSITIVE_INFINITY)
    for (const queue of this.#queues) queue.remove(this.#wake)
    this.#end()
    return true
  }
}
