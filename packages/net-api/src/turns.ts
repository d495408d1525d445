import { type Clock, SystemClock } from '@tapwire/stack'

/** Something that has news for the application. */
export interface Turn {
  /** One event: at most one call into the application. */
  serve(): void
}

/**
 * Node gives every event of a socket a turn of its own: what its callback puts on `process.nextTick` or into a promise
 * runs before the next event. The stack calls from wherever a frame or a timer was handled, perhaps in the middle of a
 * call that the application itself is making; so its news is put here, and told one at a time.
 */
export interface Turns {
  post(turn: Turn): void
}

export function createTurns(clock: Clock): Turns {
  return clock instanceof SystemClock ? new HostTurns() : new ClockTurns(clock)
}

const serve = (turn: Turn): void => turn.serve()

/** Node empties its tick and promise queues after each immediate; they run in the order in which they were made. */
class HostTurns implements Turns {
  post(turn: Turn): void {
    setImmediate(serve, turn)
  }
}

/**
 * Under a clock that somebody else moves, events are alarms that are due now: time cannot pass over them, and the
 * order of a run does not depend on the host. The next alarm is set by a tick, thus after what the last event caused.
 */
class ClockTurns implements Turns {
  readonly #clock: Clock
  readonly #waiting: Turn[] = []
  #armed = false

  constructor(clock: Clock) {
    this.#clock = clock
  }

  post(turn: Turn): void {
    this.#waiting.push(turn)
    if (!this.#armed) this.#arm()
  }

  #arm(): void {
    this.#armed = true
    this.#clock.soon(() => {
      const turn = this.#waiting.shift()
      try {
        turn?.serve()
      } finally {
        if (this.#waiting.length === 0) this.#armed = false
        else process.nextTick(() => this.#arm())
      }
    })
  }
}
