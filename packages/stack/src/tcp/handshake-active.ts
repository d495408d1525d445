import { seqAdd, seqDiff, seqGt, seqLeq } from '../core/seq.ts'
import { TransmitResult } from '../link/device.ts'
import { TcpFlag } from '../wire/tcp.ts'
import { type CloseReason, TcpState } from './api.ts'
import { challengeAck, mayRepeatSynAck, outOfWindowAck } from './challenge-ack.ts'
import { countRetransmission, DropReason, drop, processed } from './count.ts'
import { establish } from './establish.ts'
import {
  learnFromFailure,
  learnFromSynAck,
  mostAckOfSyn,
  planFastOpen,
  takeAckOfSyn,
} from './fast-open/client.ts'
import { finish } from './finish.ts'
import { initialSequence, timestampOffset } from './isn.ts'
import { receiveWindow } from './receive-window.ts'
import { replyReset } from './reset.ts'
import { currentRto, noteTimeout, sampleHandshake } from './rtt.ts'
import { type SegmentIn, segmentLength } from './segment-in.ts'
import { R1, reportStall } from './soft-error.ts'
import { setState } from './states.ts'
import { adopt, agree, sendTcbSyn } from './syn.ts'
import type { Tcb } from './tcb.ts'
import { armRetransmit } from './timers.ts'
import { updateTsRecent } from './timestamps.ts'
import { RetransmitCause, TraceKind, trace } from './trace.ts'
import { noteStall, userTimeoutOver, withinUserTimeout } from './user-timeout.ts'
import { ConnectionEvent, holdWhileUnanswered, notify, wantAck } from './wants.ts'

/** Sends the first SYN of an active open (RFC 9293 section 3.10.1). @param fastOpen try RFC 7413 */
export function startActiveOpen(tcb: Tcb, fastOpen: boolean): void {
  const { tcp } = tcb
  const now = tcp.engine.now
  tcb.iss = initialSequence(tcp, tcb.local, tcb.localPort, tcb.remote, tcb.remotePort, now)
  tcb.tsOffset = timestampOffset(tcp, tcb.local, tcb.remote)
  tcb.sndUna = tcb.iss
  tcb.sndNxt = seqAdd(tcb.iss, 1)
  tcb.lastSendAt = now
  noteStall(tcb, now)
  setState(tcb, TcpState.SynSent)
  holdWhileUnanswered(tcb)
  tcp.counters.activeOpens++
  // A device that is full loses the SYN as a wire would: the timer sends it again.
  tcb.fastOpen = fastOpen ? planFastOpen(tcb) : null
  const sent = sendTcbSyn(tcb, TcpFlag.Syn, tcb.fastOpen) === TransmitResult.Sent
  if (!sent) tcb.fastOpen = null
  armRetransmit(tcb, now + (sent ? currentRto(tcb) : 1000))
}

/** The SYN, or the SYN-ACK of a simultaneous open, has waited an RTO (MUST-22). */
export function onSynTimeout(tcb: Tcb): void {
  const { tcp } = tcb
  const now = tcp.engine.now
  const simultaneous = tcb.state === TcpState.SynReceived
  const most = simultaneous ? tcp.config.synAckRetries : synRetriesOf(tcb)
  if (tcb.synRetransmitted >= most || userTimeoutOver(tcb, now)) {
    failActiveOpen(tcb, tcb.softError ?? 'ETIMEDOUT')
    return
  }
  tcb.synRetransmitted++
  if (tcb.synRetransmitted === R1) {
    tcb.path.suspect()
    reportStall(tcb)
  }
  tcb.backoff++
  tcb.retransmits++
  countRetransmission(tcp, tcb.path, RetransmitCause.Syn)
  noteTimeout(tcb, tcb.synRetransmitted === 1)
  sendTcbSyn(tcb, simultaneous ? TcpFlag.Syn | TcpFlag.Ack : TcpFlag.Syn)
  armRetransmit(tcb, withinUserTimeout(tcb, now + currentRto(tcb)))
  trace(tcp, tcb.id, TraceKind.Retransmit, tcb.iss, 0, RetransmitCause.Syn)
}

function synRetriesOf(tcb: Tcb): number {
  return tcb.own.synRetries >= 0 ? tcb.own.synRetries : tcb.tcp.config.synRetries
}

export function failActiveOpen(tcb: Tcb, reason: CloseReason): void {
  tcb.tcp.counters.failedConnects++
  learnFromFailure(tcb, reason)
  finish(tcb, reason)
}

/**
 * A segment in SYN-SENT (RFC 9293 section 3.10.7.3).
 * @returns whether its text and FIN are to be processed as well (SEG-09)
 */
export function arriveInSynSent(tcb: Tcb, segment: SegmentIn): boolean {
  const { flags, ack } = segment
  const { tcp } = tcb
  const hasAck = (flags & TcpFlag.Ack) !== 0
  if (hasAck && (seqLeq(ack, tcb.iss) || seqGt(ack, mostAckOfSyn(tcb)))) {
    // SEG-07: an old duplicate, or a half-open peer.
    drop(tcp, tcb.id, segment, DropReason.BadAck)
    replyReset(tcp, segment)
    return false
  }
  if ((flags & TcpFlag.Rst) !== 0) {
    // SEG-08, R5961-05: without an acceptable ACK anybody could have sent it.
    if (hasAck) {
      processed(tcp, segment)
      failActiveOpen(tcb, 'ECONNREFUSED')
    } else drop(tcp, tcb.id, segment, DropReason.Unexpected)
    return false
  }
  if ((flags & TcpFlag.Syn) === 0) {
    // SEG-11, and SEG-25 for a FIN.
    drop(tcp, tcb.id, segment, DropReason.Unexpected)
    return false
  }
  adopt(tcb, agree(tcp, tcb.path, segment.options, segment.flags), segment.seq, tcb.iss)
  if (hasAck) completeActiveOpen(tcb, segment)
  else {
    processed(tcp, segment)
    enterSynReceived(tcb, segment)
  }
  return hasAck
}

/** SEG-09: the SYN-ACK. Its window is not scaled (R7323-02); its ACK opens no congestion window (R5681-03). */
function completeActiveOpen(tcb: Tcb, segment: SegmentIn): void {
  const now = tcb.tcp.engine.now
  takeAckOfSyn(tcb, segment.ack)
  learnFromSynAck(tcb, segment)
  setWindow(tcb, segment)
  // R6298-06: a SYN that was sent twice gives no sample.
  if (tcb.synRetransmitted === 0) sampleHandshake(tcb, now - tcb.lastSendAt, now)
  establish(tcb)
  wantAck(tcb)
  notify(tcb, ConnectionEvent.Connect)
}

/** SEG-10, MUST-10: both sides sent a SYN, or we to ourselves (SIM-03); ours is answered with the same ISS. */
function enterSynReceived(tcb: Tcb, segment: SegmentIn): void {
  setState(tcb, TcpState.SynReceived)
  setWindow(tcb, segment)
  sendTcbSyn(tcb, TcpFlag.Syn | TcpFlag.Ack)
  armRetransmit(tcb, tcb.tcp.engine.now + currentRto(tcb))
}

function setWindow(tcb: Tcb, segment: SegmentIn): void {
  tcb.sndWnd = segment.window
  tcb.maxSndWnd = Math.max(tcb.maxSndWnd, segment.window)
  tcb.sndWl1 = segment.seq
  tcb.sndWl2 = segment.ack
}

/**
 * A segment in SYN-RECEIVED after a simultaneous open.
 * @returns whether the segment goes on to the checks of the synchronized states
 */
export function arriveInSynReceived(tcb: Tcb, segment: SegmentIn): boolean {
  const { flags } = segment
  if ((flags & TcpFlag.Rst) !== 0) {
    resetSynReceived(tcb, segment)
    return false
  }
  if ((flags & TcpFlag.Syn) !== 0) {
    arriveSynAgain(tcb, segment)
    return false
  }
  if (!inWindow(tcb, segment)) {
    // SEG-13.
    drop(tcb.tcp, tcb.id, segment, DropReason.OutOfWindow)
    outOfWindowAck(tcb, segmentLength(segment) > 0)
    return false
  }
  if ((flags & TcpFlag.Ack) === 0) {
    drop(tcb.tcp, tcb.id, segment, DropReason.NoAck)
    return false
  }
  return acknowledgesSyn(tcb, segment, segment.window << tcb.sndScale)
}

/** R5961-08, then RFC 9293 section 3.10.7.4, second step: an active open was refused (MUST-11). */
function resetSynReceived(tcb: Tcb, segment: SegmentIn): void {
  if (segment.seq === tcb.rcvNxt) {
    tcb.tcp.counters.resetsIn++
    processed(tcb.tcp, segment)
    failActiveOpen(tcb, 'ECONNREFUSED')
  } else if (inWindow(tcb, segment)) {
    drop(tcb.tcp, tcb.id, segment, DropReason.ChallengedReset)
    challengeAck(tcb)
  } else drop(tcb.tcp, tcb.id, segment, DropReason.OutOfWindow)
}

/**
 * The peer's SYN-ACK has its old sequence number (SEG-29, SIM-01): its SYN was counted already, what is left is an ACK and a
 * window that is not scaled (R7323-02). Text on it is left for the peer to send again. A repeated bare SYN gets the
 * SYN-ACK again (SEG-16), any other is challenged.
 */
function arriveSynAgain(tcb: Tcb, segment: SegmentIn): void {
  if (segment.seq !== tcb.irs) {
    drop(tcb.tcp, tcb.id, segment, DropReason.ChallengedSyn)
    challengeAck(tcb)
    return
  }
  if ((segment.flags & TcpFlag.Ack) === 0) {
    if (mayRepeatSynAck(tcb.tcp, tcb)) sendTcbSyn(tcb, TcpFlag.Syn | TcpFlag.Ack)
  } else {
    if (!acknowledgesSyn(tcb, segment, segment.window)) return
    updateTsRecent(tcb, segment, tcb.tcp.engine.now)
  }
  processed(tcb.tcp, segment)
}

/** @returns whether the connection is established */
function acknowledgesSyn(tcb: Tcb, segment: SegmentIn, window: number): boolean {
  if (seqLeq(segment.ack, tcb.iss) || seqGt(segment.ack, mostAckOfSyn(tcb))) {
    // SEG-15.
    drop(tcb.tcp, tcb.id, segment, DropReason.BadAck)
    replyReset(tcb.tcp, segment)
    return false
  }
  takeAckOfSyn(tcb, segment.ack)
  setWindow(tcb, segment)
  tcb.sndWnd = window
  tcb.maxSndWnd = Math.max(tcb.maxSndWnd, window)
  establish(tcb)
  notify(tcb, ConnectionEvent.Connect)
  return true
}

function inWindow(tcb: Tcb, segment: SegmentIn): boolean {
  const offset = seqDiff(segment.seq, tcb.rcvNxt)
  return offset >= 0 && offset <= receiveWindow(tcb)
}
