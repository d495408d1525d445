import type { RateSample } from '../../delivery-rate.ts'
import type { Tcb } from '../../tcb.ts'
import type { BbrState } from './state.ts'

/** UpdateRound() (section 5.5.1): a round ends when something is delivered that was sent after its beginning. */
export function updateRound(tcb: Tcb, bbr: BbrState, rs: RateSample): void {
  bbr.roundStart = rs.hasData && rs.priorDelivered >= bbr.nextRoundDelivered
  if (!bbr.roundStart) return
  startRound(tcb, bbr)
  bbr.roundCount++
  bbr.roundsSinceProbe++
}

/** StartRound(). */
export function startRound(tcb: Tcb, bbr: BbrState): void {
  bbr.nextRoundDelivered = tcb.rate.delivered
}
