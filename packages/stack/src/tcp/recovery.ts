import { seqGeq } from '../core/seq.ts'
import { DUP_THRESH, markLost, markLostBySack } from './scoreboard.ts'
import { RecoveryState, type Tcb, wantOutput } from './tcb.ts'
import { TraceKind } from './trace.ts'

/**
 * Bytes believed to be in the network: RFC 6675 section 4. Without SACK every duplicate ACK stands for a segment
 * that has left it, which is what the inflation of RFC 5681 section 3.2 amounts to, limited transmit (RFC 3042) included.
 */
export function pipe(tcb: Tcb): number {
  const { sent } = tcb
  if (tcb.sackPermitted) return sent.pipe
  return Math.max(
    0,
    sent.pipe - Math.min(tcb.duplicateAcks * tcb.sndMss, Math.max(0, sent.bytes - tcb.sndMss)),
  )
}

/**
 * What an ACK means for loss recovery: enter it (R5681-14, R6675-05), go on, or leave it.
 * @param acked bytes newly acknowledged; @param sacked bytes newly SACKed; @param duplicate as R5681-13 has it
 */
export function afterAck(tcb: Tcb, acked: number, sacked: number, duplicate: boolean): void {
  if (acked > 0) progress(tcb, acked)
  if (duplicate) tcb.duplicateAcks++
  switch (tcb.recovery) {
    case RecoveryState.Open:
      if (lossDetected(tcb)) enterRecovery(tcb)
      break
    case RecoveryState.Recovery:
      if (sacked > 0) markLostBySack(tcb)
      break
    case RecoveryState.Loss:
      break
  }
  if (duplicate || sacked > 0) wantOutput(tcb)
}

function lossDetected(tcb: Tcb): boolean {
  if (tcb.sent.head === null) return false
  if (!tcb.sackPermitted) return tcb.duplicateAcks >= DUP_THRESH
  return markLostBySack(tcb) || (tcb.duplicateAcks >= DUP_THRESH && tcb.sent.sackedBytes > 0)
}

/** RFC 6582 section 3.2 step 2, RFC 6675 section 5 step 4. */
function enterRecovery(tcb: Tcb): void {
  const now = tcb.tcp.engine.now
  tcb.recovery = RecoveryState.Recovery
  tcb.recoveryPoint = tcb.sndNxt
  tcb.fastRetransmit = true
  tcb.tcp.congestion.onLoss(tcb, tcb.flightSize, now)
  tcb.tcp.counters.fastRecoveries++
  if (tcb.sent.head !== null) markLost(tcb, tcb.sent.head)
  wantOutput(tcb)
  tcb.tcp.tracer?.onTrace(TraceKind.RecoveryEnter, now, tcb.id, tcb.recoveryPoint, tcb.cwnd, tcb.ssthresh)
}

function progress(tcb: Tcb, acked: number): void {
  if (tcb.recovery === RecoveryState.Open) {
    tcb.duplicateAcks = 0
    return
  }
  if (seqGeq(tcb.sndUna, tcb.recoveryPoint)) {
    leaveRecovery(tcb)
    return
  }
  if (tcb.recovery === RecoveryState.Recovery) partialAck(tcb, acked)
}

/** RFC 6582 section 3.2 step 3: a partial ACK shows the next hole, which is lost too (R6582-05). */
function partialAck(tcb: Tcb, acked: number): void {
  // The segments this ACK covers no longer stand for duplicate ACKs.
  tcb.duplicateAcks = Math.max(0, tcb.duplicateAcks - Math.max(1, Math.round(acked / tcb.sndMss)) + 1)
  const head = tcb.sent.head
  if (head !== null && head.retransmissions === 0) markLost(tcb, head)
  wantOutput(tcb)
}

function leaveRecovery(tcb: Tcb): void {
  const now = tcb.tcp.engine.now
  const fast = tcb.recovery === RecoveryState.Recovery
  tcb.recovery = RecoveryState.Open
  tcb.duplicateAcks = 0
  if (fast) tcb.tcp.congestion.onRecovered(tcb, now)
  tcb.tcp.tracer?.onTrace(TraceKind.RecoveryExit, now, tcb.id, tcb.recoveryPoint, tcb.cwnd, tcb.ssthresh)
}
