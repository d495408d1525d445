import { MILLISECOND, type Micros } from '../core/timer.ts'
import type { Tcb } from './tcb.ts'

/*
 * The deadlines of a connection are fields; arming one is a store, and the connection's single entry in the stack's
 * queue is moved only when the new deadline is earlier. Firing looks which of them are due (`expiry.ts`).
 */

/** What the deadline in `retransmitAt` is for: one at a time (R8985-21). */
export const LossTimer = { Rto: 0, Probe: 1, Reorder: 2 } as const
export type LossTimer = (typeof LossTimer)[keyof typeof LossTimer]

/** The RTO's own deadline, without regard to anything that may come before it. */
export function armRetransmit(tcb: Tcb, deadline: Micros): void {
  tcb.rtoAt = deadline
  armLossTimer(tcb, LossTimer.Rto, deadline)
}

export function armLossTimer(tcb: Tcb, kind: LossTimer, deadline: Micros): void {
  tcb.lossTimer = kind
  tcb.retransmitAt = deadline
  tcb.tcp.engine.timers.setEarlier(tcb.timer, deadline)
}

export function armPersist(tcb: Tcb, deadline: Micros): void {
  tcb.persistAt = deadline
  tcb.tcp.engine.timers.setEarlier(tcb.timer, deadline)
}

/** Adds up by itself: a sum that is passed on would be an object for each segment that waits. */
export function armDelayedAck(tcb: Tcb, now: Micros, wait: Micros): void {
  const deadline = now + wait
  tcb.delayedAckAt = deadline
  tcb.tcp.engine.timers.setEarlier(tcb.timer, deadline)
}

export function armKeepalive(tcb: Tcb, deadline: Micros): void {
  tcb.keepaliveAt = deadline
  tcb.tcp.engine.timers.setEarlier(tcb.timer, deadline)
}

export function armFinWait2(tcb: Tcb, deadline: Micros): void {
  tcb.finWait2At = deadline
  tcb.tcp.engine.timers.setEarlier(tcb.timer, deadline)
}

/** Corked data goes out after this long in any case (Linux's TCP_CORK). */
export const CORK_LIMIT: Micros = 200 * MILLISECOND

export function armCork(tcb: Tcb, deadline: Micros): void {
  tcb.corkAt = deadline
  tcb.tcp.engine.timers.setEarlier(tcb.timer, deadline)
}

export function armStarved(tcb: Tcb, deadline: Micros): void {
  tcb.starvedAt = deadline
  tcb.tcp.engine.timers.setEarlier(tcb.timer, deadline)
}

export function armPacing(tcb: Tcb, deadline: Micros): void {
  tcb.pacingAt = deadline
  tcb.tcp.engine.timers.setEarlier(tcb.timer, deadline)
}

/** The earliest deadline, or NEVER. */
export function earliestDeadline(tcb: Tcb): Micros {
  return Math.min(
    tcb.retransmitAt,
    tcb.persistAt,
    tcb.delayedAckAt,
    tcb.keepaliveAt,
    tcb.finWait2At,
    tcb.corkAt,
    tcb.starvedAt,
    tcb.pacingAt,
  )
}
