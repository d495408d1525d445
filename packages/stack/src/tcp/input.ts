import { seqAdd, seqGt } from '../core/seq.ts'
import { TcpFlag } from '../wire/tcp.ts'
import { processAck } from './ack.ts'
import { TcpState } from './api.ts'
import { startFinWait2Timer } from './close.ts'
import { DropReason, drop, processed } from './count.ts'
import { confirmsFastOpen, repeatsSyn } from './fast-open/server.ts'
import { finish } from './finish.ts'
import { arriveInSynReceived, arriveInSynSent } from './handshake-active.ts'
import { sendAck } from './output.ts'
import { receiveText } from './receiver.ts'
import { replyReset } from './reset.ts'
import { checkSegment, Verdict } from './segment-check.ts'
import { mergedSegments, type SegmentIn } from './segment-in.ts'
import { setState } from './states.ts'
import type { Tcb } from './tcb.ts'
import type { TimeWaitQueue } from './time-wait.ts'
import { noteUrgent } from './urgent.ts'
import { adoptUserTimeout } from './user-timeout-option.ts'
import { wantOutput } from './wants.ts'

/** SEGMENT ARRIVES for a connection with a TCB (RFC 9293 section 3.10.7.3 and 3.10.7.4). */
export function arrive(tcb: Tcb, segment: SegmentIn, timeWait: TimeWaitQueue): void {
  noteArrival(tcb, segment)
  if (tcb.state === TcpState.SynSent) {
    if (!arriveInSynSent(tcb, segment)) return
    tcb.lastReceiveAt = tcb.tcp.engine.now
    // SEG-09: the SYN is counted, what follows it is text.
    segment.flags &= ~TcpFlag.Syn
    segment.seq = tcb.rcvNxt
  } else {
    if (tcb.state === TcpState.SynReceived && !arriveInSynReceived(tcb, segment)) return
    if (tcb.fastOpenPending !== null && repeatsSyn(tcb, segment)) {
      processed(tcb.tcp, segment)
      return
    }
    if (!passesChecks(tcb, segment)) return
    if (tcb.fastOpenPending !== null && !confirmsFastOpen(tcb, segment)) return
    tcb.lastReceiveAt = tcb.tcp.engine.now
    tcb.unansweredProbes = 0
    if (tcb.more) endMore(tcb)
    if (!processAck(tcb, segment)) return
    if (tcb.finAcked && !afterFinAcked(tcb, timeWait)) {
      processed(tcb.tcp, segment)
      return
    }
  }
  if (segment.options.userTimeout > 0) adoptUserTimeout(tcb, segment.options.userTimeout)
  if ((segment.flags & TcpFlag.Urg) !== 0) noteUrgent(tcb, segment)
  if (segment.dataLength > 0 && refusesData(tcb) && hasNewText(tcb, segment)) {
    resetForLostData(tcb, segment)
    return
  }
  if (segment.dataLength === 0 && (segment.flags & TcpFlag.Fin) === 0) {
    processed(tcb.tcp, segment)
    return
  }
  if (receiveText(tcb, segment)) afterFin(tcb, timeWait)
}

/**
 * MSG_MORE is no cork: whatever comes in lets go what Nagle would (in Linux all but some plain data does, which depends on how its
 * socket buffers are accounted).
 */
function endMore(tcb: Tcb): void {
  tcb.more = false
  wantOutput(tcb)
}

/** Super-frames count as what they were merged from. */
function noteArrival(tcb: Tcb, segment: SegmentIn): void {
  const count = mergedSegments(segment)
  tcb.segmentsIn += count
  if (segment.dataLength > 0) tcb.dataSegmentsIn += count
}

/** A RST is an error to the application, a FIN is none (MUST-12). */
function passesChecks(tcb: Tcb, segment: SegmentIn): boolean {
  const verdict = checkSegment(tcb, segment)
  if (verdict === Verdict.Reset) {
    tcb.tcp.counters.resetsIn++
    processed(tcb.tcp, segment)
    // After our FIN was sent in answer to theirs there is nothing left to be reset about.
    const over = tcb.state === TcpState.Closing || tcb.state === TcpState.LastAck
    tcb.wasReset = true
    finish(tcb, over ? null : 'ECONNRESET')
  }
  return verdict === Verdict.Accept
}

/** The peer has our FIN (SEG-20, SEG-21, SIM-02). @returns false when that ended the connection */
function afterFinAcked(tcb: Tcb, timeWait: TimeWaitQueue): boolean {
  switch (tcb.state) {
    case TcpState.FinWait1:
      setState(tcb, TcpState.FinWait2)
      if (tcb.orphaned) startFinWait2Timer(tcb)
      return true
    case TcpState.Closing:
      // Their FIN may have come in this same burst, and nothing is sent any more at its end.
      if (tcb.ackNow) sendAck(tcb)
      setState(tcb, TcpState.TimeWait)
      timeWait.enter(tcb)
      return false
    case TcpState.LastAck:
      finish(tcb, null)
      return false
    default:
      return true
  }
}

/** The peer's FIN has been reached (SEG-20, SEG-22; SIM-02 when ours has left). */
function afterFin(tcb: Tcb, timeWait: TimeWaitQueue): void {
  switch (tcb.state) {
    case TcpState.Established:
      setState(tcb, TcpState.CloseWait)
      return
    case TcpState.FinWait1:
      setState(tcb, TcpState.Closing)
      return
    case TcpState.FinWait2:
      // The record that stays answers only what asks for it: this FIN is acknowledged now.
      sendAck(tcb)
      setState(tcb, TcpState.TimeWait)
      timeWait.enter(tcb)
      return
    default:
  }
}

/** The application has closed and will not read, or said so: the peer must learn that its data is lost (SHLD-3). */
function refusesData(tcb: Tcb): boolean {
  if (tcb.deaf && !tcb.orphaned) return tcb.state === TcpState.FinWait1 || tcb.state === TcpState.FinWait2
  return (
    tcb.orphaned &&
    (tcb.state === TcpState.FinWait1 || tcb.state === TcpState.FinWait2 || tcb.state === TcpState.Established)
  )
}

/** What was sent again, with the FIN behind it now, is not lost. */
function hasNewText(tcb: Tcb, { seq, dataLength }: SegmentIn): boolean {
  return seqGt(seqAdd(seq, dataLength), tcb.rcvNxt)
}

/** With the number that the peer expects, as from a connection that is gone (SEG-01): what we sent last it may not have had. */
function resetForLostData(tcb: Tcb, segment: SegmentIn): void {
  drop(tcb.tcp, tcb.id, segment, DropReason.AfterClose)
  replyReset(tcb.tcp, segment)
  finish(tcb, tcb.orphaned ? null : 'ECONNRESET')
}
