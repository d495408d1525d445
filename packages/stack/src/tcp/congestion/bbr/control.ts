import { SECOND } from '../../../core/timer.ts'
import type { RateSample } from '../../delivery-rate.ts'
import type { Tcb } from '../../tcb.ts'
import { initialWindow, smss } from '../window.ts'
import { NOMINAL_RTT, PACING_MARGIN, PROBE_RTT_CWND_GAIN, STARTUP_PACING_GAIN } from './parameters.ts'
import { type BbrState, isInProbeBw, Phase } from './state.ts'
import { bandwidthDelayProduct, inflightWithHeadroom, minPipeCwnd, quantizationBudget } from './volume.ts'

/** InitPacingRate() (section 5.6.2): the window in a round trip, times the gain. */
export function initPacingRate(tcb: Tcb, bbr: BbrState): void {
  if (tcb.srtt > 0) bbr.hasSeenRtt = true
  tcb.pacer.rate = (STARTUP_PACING_GAIN * tcb.cwnd * SECOND) / (tcb.srtt > 0 ? tcb.srtt : NOMINAL_RTT)
}

/** SetPacingRateWithGain(): before the pipe is full the rate only rises, lest an idle application slow Startup down. */
export function setPacingRateWithGain(tcb: Tcb, bbr: BbrState, gain: number): void {
  if (!bbr.hasSeenRtt && tcb.srtt > 0) initPacingRate(tcb, bbr)
  const rate = gain * bbr.bw * PACING_MARGIN
  if (rate > 0 && (bbr.fullBwReached || rate > tcb.pacer.rate)) tcb.pacer.rate = rate
}

/** UpdateMaxInflight() (section 5.6.4.2). */
function updateMaxInflight(tcb: Tcb, bbr: BbrState): void {
  const cap = bbr.cwndGain * bandwidthDelayProduct(tcb, bbr) + bbr.extraAcked
  bbr.maxInflight = quantizationBudget(tcb, bbr, cap)
}

/** SetCwnd() (section 5.6.4.6): down at once, up by what was delivered. */
export function setCwnd(tcb: Tcb, bbr: BbrState, rs: RateSample): void {
  updateMaxInflight(tcb, bbr)
  const grown = tcb.cwnd + rs.newlyAcked
  let { cwnd } = tcb
  if (bbr.fullBwReached) cwnd = Math.min(grown, bbr.maxInflight)
  else if (cwnd < bbr.maxInflight || tcb.rate.delivered < initialWindow(tcb)) cwnd = grown
  setBounded(tcb, bbr, Math.max(cwnd, minPipeCwnd(tcb)))
}

/** The window within the bounds of ProbeRTT and of the model. */
export function setBounded(tcb: Tcb, bbr: BbrState, cwnd: number): void {
  tcb.cwnd = Math.max(
    smss(tcb),
    Math.floor(Math.min(cwnd, boundForProbeRtt(tcb, bbr), boundForModel(tcb, bbr))),
  )
}

/** ProbeRTTCwnd(). */
export function probeRttCwnd(tcb: Tcb, bbr: BbrState): number {
  return Math.max(PROBE_RTT_CWND_GAIN * bandwidthDelayProduct(tcb, bbr), minPipeCwnd(tcb))
}

/** BoundCwndForProbeRTT(). */
function boundForProbeRtt(tcb: Tcb, bbr: BbrState): number {
  return bbr.phase === Phase.ProbeRtt ? probeRttCwnd(tcb, bbr) : Number.POSITIVE_INFINITY
}

/** BoundCwndForModel() (section 5.6.4.7). */
function boundForModel(tcb: Tcb, bbr: BbrState): number {
  let cap = Number.POSITIVE_INFINITY
  if (bbr.phase === Phase.ProbeRtt || bbr.phase === Phase.Cruise) cap = inflightWithHeadroom(tcb, bbr)
  else if (isInProbeBw(bbr)) cap = bbr.inflightLongterm
  return Math.max(Math.min(cap, bbr.inflightShortterm), minPipeCwnd(tcb))
}
