import { seqGeq, seqGt, seqLeq, seqLt } from '../core/seq.ts'
import type { Micros } from '../core/timer.ts'
import type { AckNews } from './ack-news.ts'
import { withdrawReduction } from './ecn.ts'
import { RecoveryState } from './recovery-state.ts'
import type { Tcb } from './tcb.ts'
import { timestampNow } from './timestamps.ts'
import { TraceKind, trace, UndoProof } from './trace.ts'
import { wantOutput } from './wants.ts'

/** What a reduction of the window has to remember, so that it can be taken back when it proves needless. */
export class UndoState {
  /** There is something to take back. */
  active = false
  /** SND.UNA when the recovery began: earlier duplicates are not about it. */
  marker = 0
  /** The window before, and ssthresh. */
  cwnd = 0
  ssthresh = 0
  /** Bytes sent again and not reported as duplicates; -1 before the first retransmission. */
  unproven = -1
  /** The timestamp of the first retransmission, if there was one. */
  stamped = false
  stamp = 0
}

/** A recovery begins. @param again the window has been reduced already, in the recovery this one follows on */
export function startUndo(tcb: Tcb, again: boolean): void {
  const { undo } = tcb
  if (!again || !undo.active) {
    undo.cwnd = tcb.cwnd
    undo.ssthresh = tcb.ssthresh
    undo.stamped = false
  }
  undo.active = true
  undo.marker = tcb.sndUna
  undo.unproven = tcb.sent.retransmittedBytes > 0 ? tcb.sent.retransmittedBytes : -1
}

/** Data was sent again. */
export function noteRetransmission(tcb: Tcb, bytes: number, now: Micros): void {
  const { undo } = tcb
  if (!undo.active) return
  undo.unproven = Math.max(0, undo.unproven) + bytes
  if (undo.stamped) return
  undo.stamped = true
  undo.stamp = timestampNow(now, tcb.tsOffset)
}

/**
 * RFC 3708: each D-SACK about this recovery proves so many of the retransmitted bytes needless; not one about what was sent once
 * and came twice all the same, as far as that is still known.
 */
export function noteDsack(tcb: Tcb, news: AckNews): void {
  const { undo } = tcb
  if (!undo.active || undo.unproven <= 0) return
  if (seqLeq(news.dsackRight, undo.marker) || seqGt(news.dsackRight, tcb.sndNxt)) return
  if (seqGeq(news.dsackLeft, tcb.sndUna) && !wasSentAgain(tcb, news.dsackLeft)) return
  undo.unproven = Math.max(0, undo.unproven - ((news.dsackRight - news.dsackLeft) | 0))
}

function wasSentAgain(tcb: Tcb, seq: number): boolean {
  const record = tcb.sent.find(seq)
  return record !== null && record.retransmissions > 0
}

/** RFC 3708: all that was sent again had arrived before. */
export function provenByDsack(tcb: Tcb): boolean {
  return tcb.undo.active && tcb.undo.unproven === 0
}

/** The Eifel detection of RFC 3522: the ACK of what was sent again echoes a time before that. */
export function provenByEcho(tcb: Tcb, news: AckNews): boolean {
  const { undo } = tcb
  return undo.active && undo.stamped && news.retransmitted && news.hasEcho && seqLt(news.echo, undo.stamp)
}

/**
 * A recovery is over, and nothing has been sent again: what it was for was only late, as when the ACKs of one burst first show a
 * hole and then fill it (Linux takes that for proof, too).
 */
export function provenByArrival(tcb: Tcb): boolean {
  return tcb.undo.active && tcb.undo.unproven < 0
}

/**
 * The response of RFC 4015 (R5682-05), as Linux does it: the window and ssthresh are again what they were, and what was taken for
 * lost is on its way.
 */
export function undo(tcb: Tcb, proof: UndoProof, now: Micros): void {
  const { undo: saved, tcp } = tcb
  saved.active = false
  if (tcb.recovery !== RecoveryState.Open) tcb.sent.forgetLost(now)
  tcb.recovery = RecoveryState.Open
  tcb.duplicateAcks = 0
  tcb.cwnd = Math.max(tcb.cwnd, saved.cwnd)
  tcb.ssthresh = Math.max(tcb.ssthresh, saved.ssthresh)
  withdrawReduction(tcb)
  tcb.congestion.onUndo(tcb, now)
  tcp.counters.undos++
  if (proof === UndoProof.Dsack) tcp.counters.undosByDsack++
  else if (proof === UndoProof.Eifel) tcp.counters.undosByEcho++
  wantOutput(tcb)
  trace(tcp, tcb.id, TraceKind.Undo, tcb.cwnd, tcb.ssthresh, tcb.sent.pipe, proof)
}
