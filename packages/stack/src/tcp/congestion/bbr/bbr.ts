import type { Micros } from '../../../core/timer.ts'
import type { RateSample } from '../../delivery-rate.ts'
import { noteReduction } from '../../ecn.ts'
import { INFINITE_SSTHRESH, RecoveryState } from '../../recovery-state.ts'
import type { SentRecord } from '../../sent-record.ts'
import type { Tcb } from '../../tcb.ts'
import type { CongestionControl } from '../controller.ts'
import { initialWindow, smss, traceWindow } from '../window.ts'
import { boundBwForModel, updateMaxBw } from './bandwidth.ts'
import { initPacingRate, setCwnd, setPacingRateWithGain } from './control.ts'
import { respondToEcn } from './ecn.ts'
import { updateAckAggregation } from './extra-acked.ts'
import { handleLostPacket, noteLoss } from './loss.ts'
import { enterStartup, startDown } from './phases.ts'
import { updateProbeBwCyclePhase } from './probe-bw.ts'
import { checkProbeRtt, checkProbeRttDone, knownMinRtt, sampleRtt, updateMinRtt } from './probe-rtt.ts'
import { startRound, updateRound } from './rounds.ts'
import {
  advanceLatestDeliverySignals,
  updateCongestionSignals,
  updateLatestDeliverySignals,
} from './signals.ts'
import { checkFullBwReached, checkStartupDone, isDrainDone } from './startup.ts'
import { BbrState, isInProbeBw, Phase } from './state.ts'
import { handleSpuriousLossDetection, restoreCwnd, saveCwnd, saveStateUponLoss } from './undo.ts'

/**
 * BBRv3 (draft-ietf-ccwg-bbr-06): sends at the rate at which the path delivers and keeps about as much in flight as it holds,
 * both measured. Loss counts where it is more than chance.
 */
export class Bbr implements CongestionControl {
  readonly name = 'bbr'
  readonly ownsRecovery = true
  readonly paces = true
  /** It goes on sending at full rate while a hole waits to be filled. */
  readonly sendBufferWindows = 3
  readonly state = new BbrState()

  init(tcb: Tcb): void {
    tcb.cwnd = initialWindow(tcb)
    this.#onInit(tcb, tcb.tcp.engine.now)
  }

  /** Begins with what is known: the window of the algorithm before, in a round trip. */
  takeOver(tcb: Tcb, now: Micros): void {
    this.#onInit(tcb, now)
    this.state.inRecovery = tcb.recovery !== RecoveryState.Open
  }

  /** OnInit() (section 5.2.1). */
  #onInit(tcb: Tcb, now: Micros): void {
    const bbr = this.state
    tcb.ssthresh = INFINITE_SSTHRESH
    if (tcb.srtt > 0) bbr.minRtt = knownMinRtt(tcb)
    bbr.minRttStamp = now
    bbr.probeRttMinStamp = now
    bbr.extraAckedStart = now
    bbr.lossRoundDelivered = tcb.rate.delivered
    startRound(tcb, bbr)
    initPacingRate(tcb, bbr)
    enterStartup(bbr)
  }

  onRtt(tcb: Tcb, rtt: Micros, _now: Micros, inOrder: boolean): void {
    sampleRtt(tcb, this.state, rtt, inOrder)
  }

  /** All is done in `onRateSample`, in recovery too. */
  onAck(): void {}

  /** UpdateOnACK() (section 5.2.3). */
  onRateSample(tcb: Tcb, rs: RateSample, now: Micros): void {
    const bbr = this.state
    if (tcb.recovery === RecoveryState.Open) this.#leaveRecovery(tcb)
    if (rs.hasData) {
      this.#updateModelAndState(tcb, rs, now)
      setPacingRateWithGain(tcb, bbr, bbr.pacingGain)
      setCwnd(tcb, bbr, rs)
      traceWindow(tcb, now)
    }
    bbr.rtt = -1
  }

  #updateModelAndState(tcb: Tcb, rs: RateSample, now: Micros): void {
    const bbr = this.state
    updateLatestDeliverySignals(tcb, bbr, rs)
    updateRound(tcb, bbr, rs)
    updateMaxBw(bbr, rs)
    updateCongestionSignals(tcb, bbr)
    updateAckAggregation(tcb, bbr, rs, now)
    checkFullBwReached(bbr, rs)
    checkStartupDone(tcb, bbr, rs)
    if (isDrainDone(tcb, bbr)) startDown(tcb, bbr, now)
    updateProbeBwCyclePhase(tcb, bbr, rs, now)
    updateMinRtt(bbr, now)
    checkProbeRtt(tcb, bbr, rs, now)
    advanceLatestDeliverySignals(bbr, rs)
    boundBwForModel(bbr)
  }

  onPacketLost(tcb: Tcb, record: SentRecord, now: Micros): void {
    handleLostPacket(tcb, this.state, record, now)
  }

  /** OnEnterFastRecovery() (section 5.6.4.4); a loss that a tail loss probe has repaired already is but noted. */
  onLoss(tcb: Tcb): void {
    const bbr = this.state
    noteReduction(tcb)
    noteLoss(tcb, bbr)
    if (tcb.recovery === RecoveryState.Open) return
    saveCwnd(tcb, bbr)
    saveStateUponLoss(tcb, bbr)
    bbr.inRecovery = true
  }

  /** OnEnterRTO(): what is in flight is about to be taken for lost, so that one segment may leave (R5681-10). */
  onTimeout(tcb: Tcb, _flightSize: number, _first: boolean, now: Micros): void {
    const bbr = this.state
    noteReduction(tcb)
    saveCwnd(tcb, bbr)
    saveStateUponLoss(tcb, bbr)
    bbr.inRecovery = true
    tcb.cwnd = smss(tcb)
    traceWindow(tcb, now)
  }

  /** R3168-07. */
  onEcn(tcb: Tcb, flightSize: number, now: Micros): void {
    noteReduction(tcb)
    respondToEcn(tcb, this.state, flightSize, now)
    traceWindow(tcb, now)
  }

  /** The bounds of the model hold again with the rate sample of the same ACK. */
  onRecovered(tcb: Tcb): void {
    this.#leaveRecovery(tcb)
  }

  onUndo(tcb: Tcb, now: Micros): void {
    handleSpuriousLossDetection(tcb, this.state)
    this.state.inRecovery = false
    this.state.undoSaved = false
    traceWindow(tcb, now)
  }

  /** The window stays: what restarts is paced (section 5.4.2). */
  onIdle(): void {}

  /** HandleRestartFromIdle() (section 5.4.1). */
  onRestart(tcb: Tcb, now: Micros): void {
    const bbr = this.state
    if (tcb.rate.appLimited === 0) return
    bbr.idleRestart = true
    bbr.extraAckedStart = now
    if (isInProbeBw(bbr)) setPacingRateWithGain(tcb, bbr, 1)
    else if (bbr.phase === Phase.ProbeRtt) checkProbeRttDone(tcb, bbr, now)
  }

  #leaveRecovery(tcb: Tcb): void {
    const bbr = this.state
    bbr.undoSaved = false
    if (!bbr.inRecovery) return
    bbr.inRecovery = false
    restoreCwnd(tcb, bbr)
  }
}
