import type { Alarm, Clock } from './clock.ts'
import { hostThrow } from './host.ts'
import type { Memory } from './memory.ts'
import type { Random } from './random.ts'
import { MILLISECOND, type Micros, NEVER, TimerQueue } from './timer.ts'

/** Rounds of settling after which the rest waits for the next turn, so that a loop of two sockets cannot hang the host. */
const ROUNDS_PER_TURN = 256

/** For so many frames one look at the clock is enough. */
const FRAMES_PER_LOOK = 8

/** A host timer may ring this much after its deadline without meaning anything: Node's resolve a millisecond. */
const LATE = 2 * MILLISECOND

/**
 * The heartbeat of one stack. Whatever enters it (a burst of frames, a timer, a call of the application) does so
 * between `enter` and `leave`; when the outermost one leaves, the work that has piled up is done in order:
 * applications are told, what is owed is sent, devices are flushed, and the one alarm is set to the next deadline.
 */
export class Engine {
  readonly clock: Clock
  readonly memory: Memory
  readonly random: Random
  readonly timers = new TimerQueue()
  /** The time of this burst: the clock (42 ns, measured) is read on entry and for every few frames, not for each segment. */
  // No initial value, on purpose: the field then keeps the number itself, made once and handed on as it is. From a field for
  // floats a new one is made for many a call that it is passed to (beyond 2^31 µs; 32 bytes a segment, measured).
  now: Micros
  #frames = 0
  #depth = 0
  #holders = 0
  #settling = false
  #againScheduled = false
  #alarmAt: Micros = NEVER
  readonly #alarm: Alarm
  readonly #workers: (() => boolean)[] = []
  readonly #finishers: (() => void)[] = []

  constructor(clock: Clock, memory: Memory, random: Random) {
    this.clock = clock
    this.memory = memory
    this.random = random
    this.now = clock.now()
    this.#alarm = clock.alarm(() => this.#ring())
    this.#alarm.keepAlive(false)
    this.timers.onEarlier = () => {
      if (this.#depth === 0) this.#setAlarm()
    }
  }

  /**
   * Keeps the host's process running until `release`, as long as a deadline is set: for what was begun and not yet
   * answered. A kernel would finish it for a program that has ended; mere housekeeping (TIME-WAIT, neighbours growing
   * stale) holds nobody up.
   */
  hold(): void {
    if (this.#holders++ === 0) this.#alarm.keepAlive(true)
  }

  release(): void {
    if (--this.#holders === 0) this.#alarm.keepAlive(false)
  }

  /** Adds a step of the end of every burst; it says whether it did anything. Steps repeat until none does. */
  addWorker(work: () => boolean): void {
    this.#workers.push(work)
  }

  /** Adds a last step, run once after the workers are done: flushing a device. @returns how to take it off again */
  addFinisher(finish: () => void): () => void {
    this.#finishers.push(finish)
    return () => {
      const at = this.#finishers.indexOf(finish)
      if (at >= 0) this.#finishers.splice(at, 1)
    }
  }

  enter(): void {
    if (this.#depth++ === 0) this.refresh()
  }

  /** Some of the burst's time has passed. */
  refresh(): void {
    const now = this.clock.now()
    if (now !== this.now) this.now = now
  }

  /**
   * A frame goes out or has come in. What is sent or received late in a long burst must not be timed by its beginning: to RACK
   * the difference between two bursts would be reordering.
   */
  onFrame(): void {
    if (++this.#frames % FRAMES_PER_LOOK === 0) this.refresh()
  }

  leave(): void {
    try {
      if (this.#depth === 1) this.#settle()
    } finally {
      this.#depth--
      if (this.#depth === 0) this.#setAlarm()
    }
  }

  /** Runs `body` as one entry. For calls of applications; frames use `enter` and `leave` themselves. */
  run<T>(body: () => T): T {
    this.enter()
    try {
      return body()
    } finally {
      this.leave()
    }
  }

  /**
   * Calls application code. What it throws is the application's own: it surfaces as an uncaught exception of the
   * host, and the stack goes on.
   */
  callOut(callback: () => void): void {
    try {
      callback()
    } catch (error) {
      hostThrow(error)
    }
  }

  /**
   * For a call of the application that leaves work on a list and must not do it before it returns: it is done soon, without
   * waiting for the next frame or timer. Within an entry there is nothing to do: its end does it.
   */
  settleSoon(): void {
    if (this.#depth === 0) this.#again()
  }

  /** When this stack next wants to be woken, in microseconds of its clock; NEVER when idle. */
  get nextDeadline(): Micros {
    return this.timers.earliest
  }

  #settle(): void {
    if (this.#settling) return
    this.#settling = true
    let busy = true
    try {
      for (let round = 0; busy && round < ROUNDS_PER_TURN; round++) {
        busy = false
        for (let i = 0; i < this.#workers.length; i++) if (this.#workers[i]()) busy = true
      }
      for (let i = 0; i < this.#finishers.length; i++) this.#finishers[i]()
    } finally {
      // A fault in one step must not leave the engine shut for all later bursts.
      this.#settling = false
      if (busy) this.#again()
    }
  }

  /** More work than one turn should do: the rest is done soon, after the host had its turn. */
  #again(): void {
    if (this.#againScheduled) return
    this.#againScheduled = true
    this.clock.soon(() => {
      this.#againScheduled = false
      this.enter()
      this.leave()
    })
  }

  /**
   * A host that rings late was busy, and what arrived meanwhile waits in its devices: it goes first, or every stall of the
   * event loop would look like a loss. Two turns: in the first a device learns that there is something, in the second it
   * has delivered it.
   */
  #ring(): void {
    if (this.clock.now() - this.#alarmAt <= LATE) this.#expire()
    else this.clock.soon(() => this.clock.soon(() => this.#expire()))
  }

  #expire(): void {
    this.#alarmAt = NEVER
    this.enter()
    try {
      // What this turn's budget leaves is still due: `leave` sets the alarm to it.
      this.timers.expire(this.now)
    } finally {
      this.leave()
    }
  }

  #setAlarm(): void {
    const earliest = this.timers.earliest
    if (earliest === this.#alarmAt) return
    this.#alarmAt = earliest
    this.#alarm.set(earliest)
  }
}
