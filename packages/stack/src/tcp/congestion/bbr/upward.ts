import type { RateSample } from '../../delivery-rate.ts'
import type { Tcb } from '../../tcb.ts'
import { smss } from '../window.ts'
import type { BbrState } from './state.ts'

/** Doublings after which the growth is beyond any window. */
const MOST_DOUBLINGS = 30

/** RaiseInflightLongtermSlope(): 1, 2, 4, 8 segments in the rounds of a probing phase (section 5.3.3.5). */
export function raiseInflightLongtermSlope(tcb: Tcb, bbr: BbrState): void {
  const growthThisRound = 2 ** bbr.probeUpRounds
  bbr.probeUpRounds = Math.min(bbr.probeUpRounds + 1, MOST_DOUBLINGS)
  bbr.probeUpAckedPerInc = Math.max(tcb.cwnd / growthThisRound, smss(tcb))
}

/** ProbeInflightLongtermUpward(): one segment more for so many bytes delivered, while the bound is what limits. */
export function probeInflightLongtermUpward(tcb: Tcb, bbr: BbrState, rs: RateSample): void {
  if (!isLimitedByLongterm(tcb, bbr)) return
  bbr.probeUpAcked += rs.newlyAcked
  const delta = Math.floor(bbr.probeUpAcked / bbr.probeUpAckedPerInc)
  bbr.probeUpAcked -= delta * bbr.probeUpAckedPerInc
  bbr.inflightLongterm += delta * smss(tcb)
  if (bbr.roundStart) raiseInflightLongtermSlope(tcb, bbr)
}

/**
 * C.is_cwnd_limited and the window is the bound: in whole bytes, so that a fraction of one does not tell them apart.
 */
export function isLimitedByLongterm(tcb: Tcb, bbr: BbrState): boolean {
  return tcb.windowUse.limited && tcb.cwnd >= Math.floor(bbr.inflightLongterm)
}
