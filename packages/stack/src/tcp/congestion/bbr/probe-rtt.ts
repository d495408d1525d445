import type { Micros } from '../../../core/timer.ts'
import { markConnectionAppLimited, type RateSample } from '../../delivery-rate.ts'
import { pipe } from '../../pipe.ts'
import type { Tcb } from '../../tcb.ts'
import { probeRttCwnd } from './control.ts'
import { MIN_RTT_FILTER_LEN, PROBE_RTT_DURATION, PROBE_RTT_INTERVAL } from './parameters.ts'
import { enterProbeRtt, enterStartup, startCruise, startDown } from './phases.ts'
import { startRound } from './rounds.ts'
import { resetShortTermModel } from './signals.ts'
import { type BbrState, Phase } from './state.ts'
import { restoreCwnd, saveCwnd } from './undo.ts'

/**
 * RS.rtt. What overtakes others is faster than the path: with its time as the minimum the window would be too small for the rate
 * to grow. What has overtaken cannot be told from what has arrived behind a loss, so what is SACKed has no say, unless in two
 * round trips nothing else arrives.
 */
export function sampleRtt(tcb: Tcb, bbr: BbrState, rtt: Micros, inOrder: boolean): void {
  if (inOrder) bbr.inOrderRound = bbr.roundCount
  else if (bbr.roundCount - bbr.inOrderRound < 2) return
  const time = inOrder || !tcb.rack.reorderingSeen ? rtt : withoutOvertaking(tcb, bbr, rtt)
  // A clock that moves in steps may show a step too little, and a BDP too small would never be outgrown.
  bbr.rtt = time + (tcb.tcp.engine.clock.granularity ?? 0)
}

/** The minimum to begin with, of a connection that had another algorithm before. */
export function knownMinRtt(tcb: Tcb): Micros {
  return tcb.minRtt.value > 0 && !tcb.rack.reorderingSeen ? tcb.minRtt.value : tcb.srtt
}

/** Where segments are known to overtake: the smoothed time, which may replace an old minimum, but makes no lower one. */
function withoutOvertaking(tcb: Tcb, bbr: BbrState, rtt: Micros): Micros {
  const usual = Math.max(rtt, tcb.srtt)
  return bbr.minRtt === Number.POSITIVE_INFINITY ? usual : Math.max(usual, bbr.minRtt)
}

/** UpdateMinRTT() (section 5.3.4.3): the minimum of 10 s, and whether it is time to look for one. */
export function updateMinRtt(bbr: BbrState, now: Micros): void {
  const { rtt } = bbr
  bbr.probeRttExpired = now > bbr.probeRttMinStamp + PROBE_RTT_INTERVAL
  if (rtt >= 0 && (rtt < bbr.probeRttMinDelay || bbr.probeRttExpired)) {
    bbr.probeRttMinDelay = rtt
    bbr.probeRttMinStamp = now
  }
  const expired = now > bbr.minRttStamp + MIN_RTT_FILTER_LEN
  if (bbr.probeRttMinDelay < bbr.minRtt || expired) {
    bbr.minRtt = bbr.probeRttMinDelay
    bbr.minRttStamp = bbr.probeRttMinStamp
  }
}

/** CheckProbeRTT(): 5 s without a minimum as low as the last mean that a queue may hide it. After a pause there is none. */
export function checkProbeRtt(tcb: Tcb, bbr: BbrState, rs: RateSample, now: Micros): void {
  if (bbr.phase !== Phase.ProbeRtt && bbr.probeRttExpired && !bbr.idleRestart) {
    saveCwnd(tcb, bbr)
    enterProbeRtt(tcb, bbr)
  }
  if (bbr.phase === Phase.ProbeRtt) handleProbeRtt(tcb, bbr, now)
  if (rs.newlyAcked > 0) bbr.idleRestart = false
}

/** HandleProbeRTT(): 200 ms and a round trip with half of a BDP in flight. The low rate meanwhile is our own doing. */
function handleProbeRtt(tcb: Tcb, bbr: BbrState, now: Micros): void {
  markConnectionAppLimited(tcb)
  if (bbr.probeRttDoneStamp === 0) {
    if (pipe(tcb) > probeRttCwnd(tcb, bbr)) return
    bbr.probeRttDoneStamp = now + PROBE_RTT_DURATION
    bbr.probeRttRoundDone = false
    startRound(tcb, bbr)
    return
  }
  if (bbr.roundStart) bbr.probeRttRoundDone = true
  if (bbr.probeRttRoundDone) checkProbeRttDone(tcb, bbr, now)
}

/** CheckProbeRTTDone(). */
export function checkProbeRttDone(tcb: Tcb, bbr: BbrState, now: Micros): void {
  if (bbr.probeRttDoneStamp === 0 || now <= bbr.probeRttDoneStamp) return
  bbr.probeRttMinStamp = now
  restoreCwnd(tcb, bbr)
  exitProbeRtt(tcb, bbr, now)
}

/** ExitProbeRTT() (section 5.3.4.4): the queue is gone already, so Down has nothing to do but to start the clock. */
function exitProbeRtt(tcb: Tcb, bbr: BbrState, now: Micros): void {
  resetShortTermModel(bbr)
  if (!bbr.fullBwReached) {
    enterStartup(bbr)
    return
  }
  startDown(tcb, bbr, now)
  startCruise(bbr)
}
