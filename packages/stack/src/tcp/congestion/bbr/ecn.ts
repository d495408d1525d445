import type { Micros } from '../../../core/timer.ts'
import type { Tcb } from '../../tcb.ts'
import { setBounded } from './control.ts'
import { handleInflightTooHigh } from './loss.ts'
import { BETA_ECN } from './parameters.ts'
import { initLowerBounds } from './signals.ts'
import { leaveStartupByLoss } from './startup.ts'
import { type BbrState, Phase } from './state.ts'
import { minPipeCwnd } from './volume.ts'

/**
 * The draft leaves classic ECN open (section 3.7), RFC 3168 does not: a mark asks once in a round trip for less, as a loss
 * does. In Startup and while probing upwards it ends that; otherwise the short-term model shrinks by RFC 8511's factor.
 */
export function respondToEcn(tcb: Tcb, bbr: BbrState, flightSize: number, now: Micros): void {
  if (bbr.phase === Phase.Startup) leaveStartupByLoss(tcb, bbr)
  else if (bbr.isProbeSample) handleInflightTooHigh(tcb, bbr, BETA_ECN * flightSize, false, now)
  else shrinkShortTermModel(tcb, bbr, flightSize)
  setBounded(tcb, bbr, tcb.cwnd)
}

function shrinkShortTermModel(tcb: Tcb, bbr: BbrState, flightSize: number): void {
  initLowerBounds(tcb, bbr)
  bbr.bwShortterm *= BETA_ECN
  const reduced = BETA_ECN * Math.min(bbr.inflightShortterm, flightSize)
  bbr.inflightShortterm = Math.max(reduced, minPipeCwnd(tcb))
}
