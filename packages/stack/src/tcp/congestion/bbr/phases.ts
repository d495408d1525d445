import type { Micros } from '../../../core/timer.ts'
import type { Tcb } from '../../tcb.ts'
import {
  CRUISE_PACING_GAIN,
  DEFAULT_CWND_GAIN,
  DOWN_PACING_GAIN,
  DRAIN_PACING_GAIN,
  PROBE_RTT_CWND_GAIN,
  PROBE_WAIT,
  PROBE_WAIT_SPREAD,
  STARTUP_PACING_GAIN,
  UP_CWND_GAIN,
  UP_PACING_GAIN,
} from './parameters.ts'
import { startRound } from './rounds.ts'
import { resetCongestionSignals, resetFullBw, resetShortTermModel } from './signals.ts'
import { AckPhase, type BbrState, Phase } from './state.ts'
import { raiseInflightLongtermSlope } from './upward.ts'

/* How each state of draft-ietf-ccwg-bbr-06 section 5.3 is entered; the gains are those of section 5.6.1. */

function enter(bbr: BbrState, phase: Phase, pacingGain: number, cwndGain: number): void {
  bbr.phase = phase
  bbr.pacingGain = pacingGain
  bbr.cwndGain = cwndGain
}

/** EnterStartup(). */
export function enterStartup(bbr: BbrState): void {
  enter(bbr, Phase.Startup, STARTUP_PACING_GAIN, DEFAULT_CWND_GAIN)
}

/** EnterDrain(). */
export function enterDrain(bbr: BbrState): void {
  enter(bbr, Phase.Drain, DRAIN_PACING_GAIN, DEFAULT_CWND_GAIN)
  bbr.drainStartRound = bbr.roundCount
}

/** StartProbeBW_DOWN(). */
export function startDown(tcb: Tcb, bbr: BbrState, now: Micros): void {
  resetCongestionSignals(bbr)
  bbr.probeUpAckedPerInc = Number.POSITIVE_INFINITY
  pickProbeWait(tcb, bbr)
  bbr.cycleStamp = now
  bbr.ackPhase = AckPhase.ProbeStopping
  startRound(tcb, bbr)
  enter(bbr, Phase.Down, DOWN_PACING_GAIN, DEFAULT_CWND_GAIN)
}

/** StartProbeBW_CRUISE(). */
export function startCruise(bbr: BbrState): void {
  enter(bbr, Phase.Cruise, CRUISE_PACING_GAIN, DEFAULT_CWND_GAIN)
}

/** StartProbeBW_REFILL(): a round trip in which the pipe is filled, so that the probing that follows fills only the queue. */
export function startRefill(tcb: Tcb, bbr: BbrState): void {
  resetShortTermModel(bbr)
  bbr.probeUpRounds = 0
  bbr.probeUpAcked = 0
  bbr.prevProbePrecautionary = false
  bbr.ackPhase = AckPhase.Refilling
  startRound(tcb, bbr)
  enter(bbr, Phase.Refill, CRUISE_PACING_GAIN, DEFAULT_CWND_GAIN)
}

/** StartProbeBW_UP(). @param rate of the sample at hand */
export function startUp(tcb: Tcb, bbr: BbrState, rate: number): void {
  bbr.ackPhase = AckPhase.ProbeStarting
  startRound(tcb, bbr)
  resetFullBw(bbr)
  bbr.fullBw = rate
  enter(bbr, Phase.Up, UP_PACING_GAIN, UP_CWND_GAIN)
  raiseInflightLongtermSlope(tcb, bbr)
}

/** EnterProbeRTT(), and what belongs to it in CheckProbeRTT(). */
export function enterProbeRtt(tcb: Tcb, bbr: BbrState): void {
  enter(bbr, Phase.ProbeRtt, CRUISE_PACING_GAIN, PROBE_RTT_CWND_GAIN)
  bbr.probeRttDoneStamp = 0
  bbr.ackPhase = AckPhase.ProbeStopping
  startRound(tcb, bbr)
}

/** PickProbeWait() (section 5.3.3.8): at random, so that flows do not probe together. */
function pickProbeWait(tcb: Tcb, bbr: BbrState): void {
  const { random } = tcb.tcp.engine
  bbr.roundsSinceProbe = random.uint32() & 1
  bbr.bwProbeWait = PROBE_WAIT + Math.floor((random.uint32() / 2 ** 32) * PROBE_WAIT_SPREAD)
}
