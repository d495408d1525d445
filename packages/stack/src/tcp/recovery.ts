import { seqAdd, seqGeq, seqGt } from '../core/seq.ts'
import type { Micros } from '../core/timer.ts'
import type { AckNews } from './ack-news.ts'
import { smss } from './congestion/window.ts'
import { FrtoState, isTimeoutSpurious } from './f-rto.ts'
import { dupThresh, markLost } from './loss-marks.ts'
import { restartRto, setLossTimer } from './loss-timer.ts'
import { isProbeLoss } from './path-mtu-search.ts'
import { renoSacked } from './pipe.ts'
import { keepReducing, reduceWindow, startPrr } from './prr.ts'
import { adaptReorderingWindow, detectLoss, Found, rackRecoveryOver } from './rack.ts'
import { RecoveryState } from './recovery-state.ts'
import { endTimeouts } from './rtt.ts'
import type { Tcb } from './tcb.ts'
import { judgeProbe } from './tlp.ts'
import { RecoveryKind, TraceKind, trace, UndoProof } from './trace.ts'
import { noteDsack, provenByArrival, provenByDsack, provenByEcho, startUndo, undo } from './undo.ts'
import { wantOutput } from './wants.ts'

/** What an ACK means for loss recovery: enter it (R5681-14, R6675-05), go on, take it back, or leave it. */
export function afterAck(tcb: Tcb, news: AckNews): void {
  const now = tcb.tcp.engine.now
  // What was covered together with a retransmission may have waited for it at the receiver (Linux).
  if (news.retransmitted) news.original = false
  judgeProbe(tcb, news, now)
  if (news.dsack) noteDsack(tcb, news)
  adaptReorderingWindow(tcb, news)
  countDuplicates(tcb, news)
  const found = tcb.sackPermitted ? detectLoss(tcb, now) : Found.Nothing
  if (tcb.recovery === RecoveryState.Loss) afterAckInLoss(tcb, news, now)
  else if (tcb.recovery === RecoveryState.Recovery) afterAckInRecovery(tcb, news, found, now)
  else if (news.dsack && provenByDsack(tcb)) undo(tcb, UndoProof.Dsack, now)
  if (tcb.recovery === RecoveryState.Open && isLossKnown(tcb, found))
    enterRecovery(tcb, news.delivered, news.acked, now)
  if (news.delivered > 0 || found !== Found.Nothing) setLossTimer(tcb, now)
  // Limited transmit (R5681-15, RFC 3042).
  if (news.duplicate || news.sacked > 0) wantOutput(tcb)
}

/** The reordering timer (R8985-11): what was given more time has had it. */
export function onReorderTimeout(tcb: Tcb, now: Micros): void {
  const found = detectLoss(tcb, now)
  if (found !== Found.Nothing) {
    if (tcb.recovery === RecoveryState.Open) enterRecovery(tcb, 0, 0, now)
    else if (tcb.recovery === RecoveryState.Recovery) {
      if ((found & Found.LostAgain) !== 0) lostAgain(tcb, now)
      if (usesPrr(tcb)) keepReducing(tcb)
    }
    wantOutput(tcb)
  }
  setLossTimer(tcb, now)
}

/**
 * Duplicate ACKs count without SACK only. They stand for segments in DeliveredData as well (R9937-03), until the ACK that
 * covers these segments.
 */
function countDuplicates(tcb: Tcb, news: AckNews): void {
  if (tcb.sackPermitted) return
  if (news.duplicate) {
    const before = renoSacked(tcb)
    tcb.duplicateAcks++
    news.delivered += Math.max(0, renoSacked(tcb) - before)
  } else if (news.acked > 0) {
    const covered = Math.max(0, Math.round(news.acked / smss(tcb)) - 1)
    news.delivered = Math.max(1, news.acked - Math.min(covered, tcb.duplicateAcks) * smss(tcb))
    tcb.duplicateAcks = tcb.recovery === RecoveryState.Recovery ? Math.max(0, tcb.duplicateAcks - covered) : 0
  }
}

/**
 * With SACK RACK says so. Without it three duplicate ACKs do, unless they may be answers to what a former recovery sent
 * twice (R6582-02).
 */
function isLossKnown(tcb: Tcb, found: number): boolean {
  if (tcb.sent.head === null) return false
  if (tcb.sackPermitted) return (found & Found.Lost) !== 0 && tcb.sent.nextLost() !== null
  return tcb.duplicateAcks >= dupThresh(tcb) && seqGt(tcb.sndUna, tcb.recoveryPoint)
}

/** RFC 6582 section 3.2 step 2, RFC 6675 section 5 step 4, R9937-02. */
function enterRecovery(tcb: Tcb, delivered: number, acked: number, now: Micros): void {
  if (isProbeLoss(tcb)) return
  const flight = lossFlight(tcb, acked)
  startUndo(tcb, false)
  tcb.recovery = RecoveryState.Recovery
  tcb.tlp.outstanding = false
  tcb.frto = FrtoState.Off
  tcb.tcp.counters.fastRecoveries++
  if (!tcb.sackPermitted) {
    tcb.tcp.counters.renoRecoveries++
    markHeadLost(tcb)
  }
  reduce(tcb, flight, delivered, now)
  if (usesPrr(tcb)) reduceWindow(tcb, Math.max(1, delivered), false)
  wantOutput(tcb)
  trace(
    tcb.tcp,
    tcb.id,
    TraceKind.RecoveryEnter,
    tcb.recoveryPoint,
    tcb.cwnd,
    tcb.ssthresh,
    recoveryKind(tcb),
  )
}

function reduce(tcb: Tcb, flight: number, delivered: number, now: Micros): void {
  tcb.recoveryPoint = tcb.sndNxt
  tcb.fastRetransmit = true
  tcb.reducedAt = now
  tcb.congestion.onLoss(tcb, flight, now)
  startPrr(tcb, delivered)
}

/**
 * FlightSize for ssthresh (R5681-09), without what limited transmit has put beyond the window (R5681-16). In recovery the
 * window is PRR's, so the target stands for it.
 * @param acked bytes that the ACK at hand has just taken off
 */
export function lossFlight(tcb: Tcb, acked: number): number {
  const window = tcb.recovery === RecoveryState.Open ? tcb.cwnd : Math.max(tcb.cwnd, tcb.ssthresh)
  return Math.min(tcb.flightSize + acked, window)
}

/**
 * R6675-06: until the recovery point is acknowledged each ACK says what is to be sent next. The RTO starts anew with every
 * partial ACK: slow but steady, as in Linux (R6582-04; RFC 6582 section 4).
 */
function afterAckInRecovery(tcb: Tcb, news: AckNews, found: number, now: Micros): void {
  const over = seqGeq(tcb.sndUna, tcb.recoveryPoint)
  if (isRecoveryNeedless(tcb, news, over)) {
    undo(tcb, undoProof(tcb, false), now)
    leaveRecovery(tcb, recoveryKind(tcb), false, now)
    return
  }
  if (over) {
    rackRecoveryOver(tcb)
    leaveRecovery(tcb, recoveryKind(tcb), true, now)
    return
  }
  if (news.acked > 0 && !tcb.sackPermitted) markHeadLost(tcb)
  if ((found & Found.LostAgain) !== 0) lostAgain(tcb, now)
  if (usesPrr(tcb)) reduceWindow(tcb, news.delivered, news.acked > 0 && found === Found.Nothing)
  wantOutput(tcb)
}

/** While further retransmissions are out, one that proves needless does not speak for the others (Linux). */
function isRecoveryNeedless(tcb: Tcb, news: AckNews, over: boolean): boolean {
  if (provenByDsack(tcb) || (over && provenByArrival(tcb))) return true
  return provenByEcho(tcb, news) && (over || tcb.sent.retransmittedBytes === 0)
}

/**
 * R8985-14, R5681-26: a retransmission that is lost is a second congestion signal, and a second reduction; one for all
 * that were sent since the last one.
 */
function lostAgain(tcb: Tcb, now: Micros): void {
  tcb.tcp.counters.lostRetransmissions++
  reduce(tcb, lossFlight(tcb, 0), 0, now)
}

/** R6582-04: a partial ACK shows the next hole. Only the segment at SND.UNA is known to be missing. */
function markHeadLost(tcb: Tcb): void {
  const { head } = tcb.sent
  if (head === null || head.retransmitted || head.lost) return
  if (head.length > smss(tcb)) tcb.sent.split(head, seqAdd(head.start, smss(tcb)))
  markLost(tcb, head)
}

/** After a timeout (R6675-07): F-RTO first, then slow start over what is lost, until the recovery point. */
function afterAckInLoss(tcb: Tcb, news: AckNews, now: Micros): void {
  const proven = provenByDsack(tcb) || (news.acked > 0 && provenByEcho(tcb, news))
  const spurious = !proven && isTimeoutSpurious(tcb, news)
  if (proven || spurious) {
    if (spurious) tcb.tcp.counters.spuriousTimeouts++
    if (tcb.timeouts > 0) endTimeouts(tcb)
    tcb.timeouts = 0
    undo(tcb, undoProof(tcb, spurious), now)
    leaveRecovery(tcb, RecoveryKind.Timeout, false, now)
    restartRto(tcb, now)
    return
  }
  if (seqGeq(tcb.sndUna, tcb.recoveryPoint)) {
    rackRecoveryOver(tcb)
    leaveRecovery(tcb, RecoveryKind.Timeout, false, now)
  } else wantOutput(tcb)
}

/**
 * What is SACKed above the recovery point stays known (R6675-08).
 * @param reduced the window comes down to ssthresh (R5681-20)
 */
function leaveRecovery(tcb: Tcb, kind: RecoveryKind, reduced: boolean, now: Micros): void {
  tcb.recovery = RecoveryState.Open
  tcb.frto = FrtoState.Off
  tcb.duplicateAcks = 0
  tcb.fastRetransmit = false
  if (reduced) tcb.congestion.onRecovered(tcb, now)
  trace(tcb.tcp, tcb.id, TraceKind.RecoveryExit, tcb.recoveryPoint, tcb.cwnd, tcb.ssthresh, kind)
}

/** Of a fast recovery. */
function recoveryKind(tcb: Tcb): RecoveryKind {
  return tcb.sackPermitted ? RecoveryKind.Rack : RecoveryKind.NewReno
}

/** What has shown that a recovery was needless. */
function undoProof(tcb: Tcb, byFrto: boolean): UndoProof {
  if (byFrto) return UndoProof.Frto
  if (provenByArrival(tcb)) return UndoProof.Arrival
  return provenByDsack(tcb) ? UndoProof.Dsack : UndoProof.Eifel
}

function usesPrr(tcb: Tcb): boolean {
  return tcb.congestion.ownsRecovery !== true
}
