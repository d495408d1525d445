import { MILLISECOND, type Micros, NEVER, SECOND } from '../core/timer.ts'
import { smss } from './congestion/window.ts'
import { RecoveryState } from './recovery-state.ts'
import { currentRto } from './rtt.ts'
import type { Tcb } from './tcb.ts'
import { armLossTimer, LossTimer } from './timers.ts'
import { withinUserTimeout } from './user-timeout.ts'

/** TLP.max_ack_delay: the longest that ordinary receivers hold the ACK of a single segment back. */
const MAX_ACK_DELAY: Micros = 200 * MILLISECOND
/** PTO before the first round-trip sample (R8985-16). */
const PTO_WITHOUT_SRTT: Micros = SECOND
/** Linux allows for two ticks of a coarse timer, at the sender or at the receiver. */
const TIMER_SLACK: Micros = 2 * MILLISECOND

/** R6298-10, R6928-04: an ACK of new data, the first data, or a retransmission of the first segment gives it a full RTO. */
export function restartRto(tcb: Tcb, now: Micros): void {
  const deadline = now + currentRto(tcb)
  tcb.rtoAt = tcb.timeoutsUnacked > 0 ? withinUserTimeout(tcb, deadline) : deadline
}

/**
 * Arms what comes first of the reordering timer, the tail loss probe and the RTO; one deadline stands for all (R8985-21).
 * Called when new data was sent or something new was acknowledged (R8985-15).
 */
export function setLossTimer(tcb: Tcb, now: Micros): void {
  const { rack, rtoAt } = tcb
  if (tcb.sent.count === 0) tcb.retransmitAt = NEVER
  else if (rack.reorderAt < rtoAt) armLossTimer(tcb, LossTimer.Reorder, rack.reorderAt)
  else if (mayProbe(tcb)) armLossTimer(tcb, LossTimer.Probe, Math.min(rtoAt, now + probeTimeout(tcb)))
  else armLossTimer(tcb, LossTimer.Rto, rtoAt)
}

/** R8985-15, R8985-17. */
function mayProbe(tcb: Tcb): boolean {
  const { tlp, sent } = tcb
  return (
    tcb.tcp.config.tailLossProbe &&
    tcb.sackPermitted &&
    tcb.recovery === RecoveryState.Open &&
    sent.sackedBytes === 0 &&
    sent.lostBytes === 0 &&
    !tlp.outstanding &&
    tlp.sampled
  )
}

/** R8985-16: two round trips, and the peer's patience with a single segment. */
function probeTimeout(tcb: Tcb): Micros {
  if (tcb.srtt === 0) return PTO_WITHOUT_SRTT
  const single = tcb.sent.bytes <= smss(tcb)
  return Math.ceil(2 * tcb.srtt) + (single ? MAX_ACK_DELAY : TIMER_SLACK)
}
