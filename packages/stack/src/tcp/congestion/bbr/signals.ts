import type { RateSample } from '../../delivery-rate.ts'
import type { Tcb } from '../../tcb.ts'
import { BETA } from './parameters.ts'
import { type BbrState, isProbingBw } from './state.ts'

/* What the last round trip has delivered, and what is left of the model when it has lost something (section 5.5.10.3). */

/** ResetCongestionSignals(). */
export function resetCongestionSignals(bbr: BbrState): void {
  bbr.lossInRound = false
  bbr.bwLatest = 0
  bbr.inflightLatest = 0
}

/** ResetShortTermModel(). */
export function resetShortTermModel(bbr: BbrState): void {
  bbr.bwShortterm = Number.POSITIVE_INFINITY
  bbr.inflightShortterm = Number.POSITIVE_INFINITY
}

/** ResetFullBW(). */
export function resetFullBw(bbr: BbrState): void {
  bbr.fullBw = 0
  bbr.fullBwCount = 0
  bbr.fullBwNow = false
}

/** UpdateLatestDeliverySignals(), near the start of ACK processing. */
export function updateLatestDeliverySignals(tcb: Tcb, bbr: BbrState, rs: RateSample): void {
  bbr.lossRoundStart = false
  if (!rs.hasData) return
  bbr.bwLatest = Math.max(bbr.bwLatest, rs.deliveryRate)
  bbr.inflightLatest = Math.max(bbr.inflightLatest, rs.delivered)
  if (rs.priorDelivered < bbr.lossRoundDelivered) return
  bbr.lossRoundDelivered = tcb.rate.delivered
  bbr.lossRoundStart = true
}

/** AdvanceLatestDeliverySignals(), near its end. */
export function advanceLatestDeliverySignals(bbr: BbrState, rs: RateSample): void {
  if (!bbr.lossRoundStart) return
  bbr.bwLatest = rs.deliveryRate
  bbr.inflightLatest = rs.delivered
}

/** UpdateCongestionSignals(), without the filter of the bandwidth: once in a round trip. */
export function updateCongestionSignals(tcb: Tcb, bbr: BbrState): void {
  if (!bbr.lossRoundStart) return
  adaptLowerBoundsFromCongestion(tcb, bbr)
  bbr.lossInRound = false
}

/** AdaptLowerBoundsFromCongestion(): whoever probes expects losses. */
function adaptLowerBoundsFromCongestion(tcb: Tcb, bbr: BbrState): void {
  if (isProbingBw(bbr) || !bbr.lossInRound) return
  initLowerBounds(tcb, bbr)
  lossLowerBounds(bbr)
}

/** InitLowerBounds(). */
export function initLowerBounds(tcb: Tcb, bbr: BbrState): void {
  if (bbr.bwShortterm === Number.POSITIVE_INFINITY) bbr.bwShortterm = bbr.maxBw
  if (bbr.inflightShortterm === Number.POSITIVE_INFINITY) bbr.inflightShortterm = tcb.cwnd
}

/** LossLowerBounds(): towards what was delivered, but not by more than CUBIC would. */
function lossLowerBounds(bbr: BbrState): void {
  bbr.bwShortterm = Math.max(bbr.bwLatest, BETA * bbr.bwShortterm)
  bbr.inflightShortterm = Math.max(bbr.inflightLatest, BETA * bbr.inflightShortterm)
}
