import { type Alarm, type Clock, SystemClock } from '@tapwire/stack'
import type { Turns } from './turns.ts'

/** A span without activity that somebody wants to hear of. */
export interface IdleTimer {
  /** Starts the span again. */
  refresh(): void
  clear(): void
}

/** On the stack's own clock, so that a simulated network's sockets time out in simulated time. @param span milliseconds */
export function startIdleTimer(clock: Clock, turns: Turns, span: number, expired: () => void): IdleTimer {
  return clock instanceof SystemClock
    ? new HostTimer(span, expired)
    : new ClockTimer(clock, turns, span, expired)
}

class HostTimer implements IdleTimer {
  readonly #timer: NodeJS.Timeout

  constructor(span: number, expired: () => void) {
    this.#timer = setTimeout(expired, span).unref()
  }

  refresh(): void {
    this.#timer.refresh()
  }

  clear(): void {
    clearTimeout(this.#timer)
  }
}

class ClockTimer implements IdleTimer {
  readonly #clock: Clock
  readonly #span: number
  readonly #alarm: Alarm

  constructor(clock: Clock, turns: Turns, span: number, expired: () => void) {
    this.#clock = clock
    this.#span = span * 1000
    this.#alarm = clock.alarm(() => turns.post({ serve: expired }))
    this.refresh()
  }

  refresh(): void {
    this.#alarm.set(this.#clock.now() + this.#span)
  }

  clear(): void {
    this.#alarm.set(Number.POSITIVE_INFINITY)
  }
}
