import type { Tcb } from '../../tcb.ts'
import { enterStartup, startRefill } from './phases.ts'
import { resetFullBw } from './signals.ts'
import { type BbrState, Phase } from './state.ts'

/* Loss recovery and its undoing (draft-ietf-ccwg-bbr-06 sections 5.5.11 and 5.6.4.4). */

/** SaveCwnd(): the last window that neither recovery nor ProbeRTT has shrunk. */
export function saveCwnd(tcb: Tcb, bbr: BbrState): void {
  const shrunk = bbr.inRecovery || bbr.phase === Phase.ProbeRtt
  bbr.priorCwnd = shrunk ? Math.max(bbr.priorCwnd, tcb.cwnd) : tcb.cwnd
}

/** RestoreCwnd(). */
export function restoreCwnd(tcb: Tcb, bbr: BbrState): void {
  tcb.cwnd = Math.max(tcb.cwnd, bbr.priorCwnd)
}

/**
 * SaveStateUponLoss(), once for each recovery: the first loss may end a phase before recovery begins, and that is to be
 * undone as well. Startup begins again even if it was no growth that ended it, for a needless recovery may have slowed it down;
 * a probe only if loss did.
 */
export function saveStateUponLoss(tcb: Tcb, bbr: BbrState): void {
  if (bbr.undoSaved) return
  saveCwnd(tcb, bbr)
  bbr.undoSaved = true
  bbr.undoPhase = bbr.phase === Phase.Startup ? Phase.Startup : -1
  bbr.undoBwShortterm = bbr.bwShortterm
  bbr.undoInflightShortterm = bbr.inflightShortterm
  bbr.undoInflightLongterm = bbr.inflightLongterm
}

/** HandleSpuriousLossDetection(): nothing was lost. A probing phase that ended for it begins again. */
export function handleSpuriousLossDetection(tcb: Tcb, bbr: BbrState): void {
  restoreCwnd(tcb, bbr)
  bbr.lossInRound = false
  resetFullBw(bbr)
  bbr.bwShortterm = Math.max(bbr.bwShortterm, bbr.undoBwShortterm)
  bbr.inflightShortterm = Math.max(bbr.inflightShortterm, bbr.undoInflightShortterm)
  bbr.inflightLongterm = Math.max(bbr.inflightLongterm, bbr.undoInflightLongterm)
  if (bbr.undoPhase === Phase.Startup && bbr.phase !== Phase.Startup) {
    bbr.fullBwReached = false
    if (bbr.phase !== Phase.ProbeRtt) enterStartup(bbr)
  } else if (bbr.undoPhase === Phase.Up && bbr.phase !== Phase.Up && bbr.phase !== Phase.ProbeRtt) {
    startRefill(tcb, bbr)
  }
  bbr.undoPhase = -1
}
