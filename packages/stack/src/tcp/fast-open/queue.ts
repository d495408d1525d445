import { type Micros, SECOND, type Timer } from '../../core/timer.ts'
import type { Tcb } from '../tcb.ts'

/** How long a request that was reset still counts: as Linux's. */
const RESET_HOLD: Micros = 60 * SECOND

/**
 * The Fast Open requests of one listener whose handshake is not done (PendingFastOpenRequests of RFC 7413 section 4.2.2;
 * R7413-04): who has valid cookies may make so many connections without being there. One that is reset keeps its place for a
 * while, or a RST after each SYN would be the way around the bound (section 5.1).
 */
export class FastOpenQueue {
  /** 0: Fast Open is off. */
  limit: number
  #pending = 0
  /** When the places of those that were reset are free again, soonest first. */
  readonly #heldUntil: Micros[] = []

  constructor(limit: number) {
    this.limit = limit
  }

  hasRoom(now: Micros): boolean {
    while (this.#heldUntil.length > 0 && this.#heldUntil[0] <= now) this.#heldUntil.shift()
    return this.#pending + this.#heldUntil.length < this.limit
  }

  enter(): void {
    this.#pending++
  }

  leave(now: Micros, wasReset: boolean): void {
    this.#pending--
    if (wasReset) this.#heldUntil.push(now + RESET_HOLD)
  }
}

/** What a connection has while its SYN-ACK is not acknowledged although it is ESTABLISHED already. */
export interface FastOpenPending {
  readonly queue: FastOpenQueue
  /** For the SYN-ACK. */
  readonly timer: Timer
}

/** The handshake is done, or the connection is over. */
export function leaveFastOpenQueue(tcb: Tcb, wasReset: boolean): void {
  const pending = tcb.fastOpenPending
  if (pending === null) return
  const { engine } = tcb.tcp
  tcb.fastOpenPending = null
  engine.timers.clear(pending.timer)
  pending.queue.leave(engine.now, wasReset)
}
