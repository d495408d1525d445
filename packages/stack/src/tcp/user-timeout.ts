import { type Micros, NEVER } from '../core/timer.ts'
import type { Tcb } from './tcb.ts'

/*
 * The application's own R2 for one connection (MUST-21; RFC 9293 section 3.9.1.2, Linux's TCP_USER_TIMEOUT): how long
 * something sent may wait for an answer. 0 leaves it to the stack's `retries`.
 */

/** The first timeout, or the first window probe, since the last progress: from here on the user timeout counts. */
export function noteStall(tcb: Tcb, sentAt: Micros): void {
  tcb.stalledSince = sentAt
}

/** Whether the application's patience is at its end. Meaningful while nothing is answered. */
export function userTimeoutOver(tcb: Tcb, now: Micros): boolean {
  return tcb.userTimeout > 0 && now - tcb.stalledSince >= tcb.userTimeout
}

/** The next look at the connection is not later than its user timeout. */
export function withinUserTimeout(tcb: Tcb, deadline: Micros): Micros {
  return tcb.userTimeout > 0 && deadline !== NEVER
    ? Math.min(deadline, tcb.stalledSince + tcb.userTimeout)
    : deadline
}
