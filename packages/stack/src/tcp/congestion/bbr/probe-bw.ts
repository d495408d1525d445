import type { Micros } from '../../../core/timer.ts'
import type { RateSample } from '../../delivery-rate.ts'
import { pipe } from '../../pipe.ts'
import type { Tcb } from '../../tcb.ts'
import { smss } from '../window.ts'
import { advanceMaxBwFilter } from './bandwidth.ts'
import { isInflightTooHigh } from './loss.ts'
import { MOST_RENO_ROUNDS } from './parameters.ts'
import { startCruise, startDown, startRefill, startUp } from './phases.ts'
import { resetFullBw } from './signals.ts'
import { AckPhase, type BbrState, isInProbeBw, Phase } from './state.ts'
import { isLimitedByLongterm, probeInflightLongtermUpward } from './upward.ts'
import { inflight, inflightWithHeadroom, targetInflight } from './volume.ts'

/** UpdateProbeBWCyclePhase() (section 5.3.3.9). */
export function updateProbeBwCyclePhase(tcb: Tcb, bbr: BbrState, rs: RateSample, now: Micros): void {
  if (!bbr.fullBwReached || adaptLongTermModel(tcb, bbr, rs)) return
  switch (bbr.phase) {
    case Phase.Down:
      if (isTimeToProbeBw(tcb, bbr, now)) startRefill(tcb, bbr)
      else if (isTimeToCruise(tcb, bbr)) startCruise(bbr)
      break
    case Phase.Cruise:
      if (isTimeToProbeBw(tcb, bbr, now)) startRefill(tcb, bbr)
      break
    case Phase.Refill:
      if (!bbr.roundStart) break
      bbr.isProbeSample = true
      startUp(tcb, bbr, rs.deliveryRate)
      break
    case Phase.Up:
      if (!isTimeToGoDown(tcb, bbr, rs)) break
      bbr.prevProbeTooHigh = false
      startDown(tcb, bbr, now)
  }
}

/**
 * AdaptLongTermModel(): follows which data the ACKs are about, and raises `inflightLongterm` while losses allow.
 * @returns whether it has begun another phase
 */
function adaptLongTermModel(tcb: Tcb, bbr: BbrState, rs: RateSample): boolean {
  if (bbr.ackPhase === AckPhase.ProbeStarting && bbr.roundStart) bbr.ackPhase = AckPhase.ProbeFeedback
  if (bbr.ackPhase === AckPhase.ProbeStopping && bbr.roundStart && endProbing(tcb, bbr, rs)) return true
  if (isInflightTooHigh(tcb, rs.lost, rs.txInFlight)) return false
  if (bbr.inflightLongterm === Number.POSITIVE_INFINITY) return false
  if (rs.txInFlight > bbr.inflightLongterm) bbr.inflightLongterm = rs.txInFlight
  if (bbr.phase === Phase.Up) probeInflightLongtermUpward(tcb, bbr, rs)
  return false
}

/** A round trip after probing: all that was sent in it has been judged. @returns whether it is tried again at once */
function endProbing(tcb: Tcb, bbr: BbrState, rs: RateSample): boolean {
  bbr.isProbeSample = false
  bbr.ackPhase = AckPhase.Init
  if (!isInProbeBw(bbr)) return false
  if (!rs.isAppLimited) advanceMaxBwFilter(bbr)
  // Precautionary probing (section 5.3.3.6): the level that had lost too much was reached and held, so more may be tried.
  if (!bbr.prevProbePrecautionary || bbr.prevProbeTooHigh) return false
  startRefill(tcb, bbr)
  return true
}

/** IsTimeToCruise(): the queue is gone, and some room is left to others. */
export function isTimeToCruise(tcb: Tcb, bbr: BbrState): boolean {
  const flying = pipe(tcb)
  return flying <= inflightWithHeadroom(tcb, bbr) && flying <= inflight(tcb, bbr, bbr.maxBw)
}

/**
 * IsTimeToGoDown(). After a probe that lost too much the next one turns back where that happened; without, a rate that
 * no longer grows ends it, unless the bound is what keeps it from growing.
 */
export function isTimeToGoDown(tcb: Tcb, bbr: BbrState, rs: RateSample): boolean {
  if (bbr.prevProbeTooHigh && pipe(tcb) >= Math.floor(bbr.inflightLongterm)) {
    bbr.prevProbePrecautionary = true
    return true
  }
  if (!isLimitedByLongterm(tcb, bbr)) return bbr.fullBwNow
  resetFullBw(bbr)
  bbr.fullBw = rs.deliveryRate
  return false
}

/** IsTimeToProbeBW(): after two to three seconds, or sooner where Reno would be back at its window sooner (section 5.3.3.8). */
export function isTimeToProbeBw(tcb: Tcb, bbr: BbrState, now: Micros): boolean {
  if (now > bbr.cycleStamp + bbr.bwProbeWait) return true
  const renoRounds = targetInflight(tcb, bbr) / smss(tcb)
  return bbr.roundsSinceProbe >= Math.min(renoRounds, MOST_RENO_ROUNDS)
}
