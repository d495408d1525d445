import type { RateSample } from '../../delivery-rate.ts'
import { pipe } from '../../pipe.ts'
import { RecoveryState } from '../../recovery-state.ts'
import type { Tcb } from '../../tcb.ts'
import { isInflightTooHigh } from './loss.ts'
import { FULL_BW_GROWTH, FULL_BW_ROUNDS, MOST_DRAIN_ROUNDS, STARTUP_FULL_LOSS_COUNT } from './parameters.ts'
import { enterDrain } from './phases.ts'
import { resetFullBw } from './signals.ts'
import { type BbrState, Phase } from './state.ts'
import { bandwidthDelayProduct, inflight } from './volume.ts'

/**
 * CheckFullBWReached() (section 5.3.1.2): three rounds that try to grow and do not by a quarter show that the pipe is full. Also
 * ends ProbeBW_UP. Growth may show at any time of a round (Linux): the one sample with which it begins may be low by chance.
 */
export function checkFullBwReached(bbr: BbrState, rs: RateSample): void {
  if (bbr.fullBwNow || rs.isAppLimited || rs.deliveryRate === 0) return
  if (rs.deliveryRate >= bbr.fullBw * FULL_BW_GROWTH) {
    resetFullBw(bbr)
    bbr.fullBw = rs.deliveryRate
    return
  }
  if (!bbr.roundStart) return
  bbr.fullBwCount++
  bbr.fullBwNow = bbr.fullBwCount >= FULL_BW_ROUNDS
  if (bbr.fullBwNow) bbr.fullBwReached = true
}

/** CheckStartupDone(). */
export function checkStartupDone(tcb: Tcb, bbr: BbrState, rs: RateSample): void {
  checkStartupHighLoss(tcb, bbr, rs)
  if (bbr.phase !== Phase.Startup || !bbr.fullBwReached) return
  // What the window is to be if another algorithm takes over: Startup is over for it as well.
  tcb.ssthresh = Math.ceil(inflight(tcb, bbr, bbr.maxBw))
  enterDrain(bbr)
}

/**
 * CheckStartupHighLoss() (section 5.3.1.3): a whole round in recovery, more than 2 % lost, in at least six places. Without
 * SACK only one loss in a round trip can be seen, and is enough.
 */
function checkStartupHighLoss(tcb: Tcb, bbr: BbrState, rs: RateSample): void {
  if (bbr.phase === Phase.Startup && !bbr.fullBwReached && isLossHigh(tcb, bbr, rs))
    leaveStartupByLoss(tcb, bbr)
  if (bbr.lossRoundStart) bbr.lossRanges = 0
}

function isLossHigh(tcb: Tcb, bbr: BbrState, rs: RateSample): boolean {
  if (tcb.recovery !== RecoveryState.Recovery) return false
  if (!tcb.sackPermitted) return true
  if (!bbr.lossRoundStart || bbr.lossRanges < STARTUP_FULL_LOSS_COUNT) return false
  return isInflightTooHigh(tcb, rs.lost, rs.txInFlight)
}

/** What the losses suggest as safe becomes the bound. */
export function leaveStartupByLoss(tcb: Tcb, bbr: BbrState): void {
  bbr.undoPhase = Phase.Startup
  bbr.fullBwReached = true
  bbr.inflightLongterm = Math.max(bandwidthDelayProduct(tcb, bbr), bbr.inflightLatest)
}

/** CheckDrainDone() (section 5.3.2): the queue of Startup is gone, or three rounds show that the bandwidth was overestimated. */
export function isDrainDone(tcb: Tcb, bbr: BbrState): boolean {
  if (bbr.phase !== Phase.Drain) return false
  return pipe(tcb) <= inflight(tcb, bbr) || bbr.roundCount > bbr.drainStartRound + MOST_DRAIN_ROUNDS
}
