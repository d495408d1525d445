import type { ScriptEvent, Usecs } from '../language/ast.ts'
import { seconds } from './packet-text.ts'
import { type ScriptClock, START } from './script-clock.ts'
import type { RunSettings } from './settings.ts'

/** When an event is to happen, in microseconds since the script began; null: at any time. */
export interface Due {
  readonly from: Usecs | null
  readonly to: Usecs | null
  /** When a blocking call is to return. */
  readonly until: Usecs | null
  /** By how much it may be early or late. */
  readonly tolerance: Usecs
}

/** Turns the times of a script into those of the run, and compares them. */
export class Timing {
  readonly #clock: ScriptClock
  readonly #settings: RunSettings
  /** What the next `+t` counts from: the script's time of the event before, or its actual one where that was left open. */
  #base: Usecs = 0

  constructor(clock: ScriptClock, settings: RunSettings) {
    this.#clock = clock
    this.#settings = settings
  }

  get now(): Usecs {
    return this.#clock.now() - START
  }

  due({ time, until }: ScriptEvent): Due {
    if (time.kind === 'any') return { from: null, to: null, until: null, tolerance: this.#tolerance(0) }
    const base = time.kind === 'relative' ? this.#base : 0
    const from = base + time.at
    return {
      from,
      to: base + (time.to ?? time.at),
      until: until === undefined ? null : base + until,
      tolerance: this.#tolerance(from - this.#base),
    }
  }

  #tolerance(sinceLast: Usecs): Usecs {
    if (this.#settings.exact) return 0
    return Math.max(this.#settings.tolerance, Math.floor(sinceLast * this.#settings.toleranceShare))
  }

  /** An event has happened: the next one counts from it. */
  passed({ time }: ScriptEvent, due: Due, actual: Usecs): void {
    const anchored = time.kind !== 'any' && time.to === undefined
    this.#base = anchored && due.from !== null ? due.from : actual
  }

  /** @returns what is wrong with an event that happened at `actual`, or null */
  problem(due: Due, actual: Usecs): { reason: string; expected: string } | null {
    const { from, to, tolerance } = due
    if (from === null || to === null) return null
    const expected = rangeText(from, to) + toleranceText(tolerance)
    if (actual < from - tolerance) return { reason: `${milliseconds(from - actual)} too early`, expected }
    if (actual > to + tolerance) return { reason: `${milliseconds(actual - to)} too late`, expected }
    return null
  }
}

export function rangeText(from: Usecs, to: Usecs): string {
  return from === to ? seconds(from) : `${seconds(from)}~${seconds(to)}`
}

function toleranceText(tolerance: Usecs): string {
  return tolerance === 0 ? '' : ` (± ${seconds(tolerance)})`
}

export function milliseconds(usecs: Usecs): string {
  return `${Math.round(usecs) / 1000} ms`
}
