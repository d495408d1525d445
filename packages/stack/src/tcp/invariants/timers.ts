import type { Audit } from '../../core/audit.ts'
import { seqDiff } from '../../core/seq.ts'
import { NEVER } from '../../core/timer.ts'
import { TcpState } from '../api.ts'
import type { Tcb } from '../tcb.ts'
import { earliestDeadline } from '../timers.ts'

/** A deadline has a timer that rings at it or earlier; and nothing waits that no deadline will wake. */
export function auditTimers(tcb: Tcb, audit: Audit): void {
  const { timers } = tcb.tcp.engine
  const earliest = earliestDeadline(tcb)
  if (earliest !== NEVER) {
    audit.check(timers.holds(tcb.timer), 'there is a deadline and no timer for it', earliest)
    audit.check(
      tcb.timer.deadline <= earliest,
      'the timer rings after the deadline',
      tcb.timer.deadline,
      earliest,
    )
  }
  const inFlight = seqDiff(tcb.sndNxt, tcb.sndUna) > 0
  audit.check(!inFlight || tcb.retransmitAt !== NEVER, 'something is in flight without a timer for it')
  const stuck = tcb.unsent > 0 && !inFlight && !tcb.blockedQueued && tcb.state >= TcpState.Established
  const woken = Math.min(tcb.persistAt, tcb.corkAt, tcb.pacingAt) !== NEVER || tcb.outputQueued
  audit.check(!stuck || woken, 'bytes wait to be sent and nothing will send them', tcb.unsent, tcb.sndWnd)
}

/** What `finish` has to leave behind: nothing but data to be read. */
export function auditFinished(tcb: Tcb, audit: Audit): void {
  audit.check(tcb.closeReason !== undefined, 'it is in no table, and it is not over')
  audit.check(tcb.state === TcpState.Closed, 'it is over and not CLOSED', tcb.state)
  audit.check(!tcb.timer.armed && earliestDeadline(tcb) === NEVER, 'it is over and a timer runs')
  audit.check(tcb.sent.count === 0 && tcb.sent.head === null, 'it is over and has something in flight')
  audit.check(tcb.sendRing.block < 0, 'it is over and has a send ring')
  audit.check(tcb.outOfOrder === null, 'it is over and keeps data out of order')
  audit.check(tcb.fastOpenPending === null, 'it is over and its SYN-ACK waits for an ACK')
  audit.check(!tcb.holding, 'it is over and keeps the process running')
}
