import { seqAdd, seqDiff, seqGeq, seqGt, seqLeq, seqLt } from '../core/seq.ts'
import { TcpFlag } from '../wire/tcp.ts'
import { challengeAck, outOfWindowAck } from './challenge-ack.ts'
import { DropReason, drop } from './count.ts'
import { reportOldDuplicate } from './dsack.ts'
import { receiveWindow } from './receive-window.ts'
import { type SegmentIn, segmentLength } from './segment-in.ts'
import type { Tcb } from './tcb.ts'
import { isOldDuplicate } from './timestamps.ts'

/** What is to be done with a segment after the checks. */
export const Verdict = { Accept: 0, Drop: 1, Reset: 2 } as const
export type Verdict = (typeof Verdict)[keyof typeof Verdict]

/**
 * The first four steps of RFC 9293 section 3.10.7.4 for synchronized states: PAWS, acceptability, RST, SYN, and the
 * ACK bit. What has to be answered is answered here.
 */
export function checkSegment(tcb: Tcb, segment: SegmentIn): Verdict {
  const { engine } = tcb.tcp
  if (isOldDuplicate(tcb, segment, engine.now)) {
    drop(tcb.tcp, tcb.id, segment, DropReason.Paws)
    reportOldDuplicate(tcb, segment)
    outOfWindowAck(tcb, segment.dataLength > 0)
    return Verdict.Drop
  }
  if (!isAcceptable(tcb, segment)) {
    drop(tcb.tcp, tcb.id, segment, DropReason.OutOfWindow)
    // R5961-01.
    if ((segment.flags & TcpFlag.Rst) !== 0) return Verdict.Drop
    reportOldDuplicate(tcb, segment)
    outOfWindowAck(tcb, segmentLength(segment) > 0)
    return Verdict.Drop
  }
  if ((segment.flags & TcpFlag.Rst) !== 0) return checkReset(tcb, segment)
  if ((segment.flags & TcpFlag.Syn) !== 0) {
    // RFC 5961 section 4.2 (R5961-04): whatever its sequence number.
    drop(tcb.tcp, tcb.id, segment, DropReason.ChallengedSyn)
    challengeAck(tcb)
    return Verdict.Drop
  }
  // SEG-17.
  if ((segment.flags & TcpFlag.Ack) === 0) {
    drop(tcb.tcp, tcb.id, segment, DropReason.NoAck)
    return Verdict.Drop
  }
  return Verdict.Accept
}

/**
 * SEG-12, against the largest window ever advertised (R7323-09). An empty segment exactly at the right edge is let in, for
 * a peer that has filled the window acknowledges from there (SEG-29; Linux too).
 */
function isAcceptable(tcb: Tcb, segment: SegmentIn): boolean {
  const window = receiveWindow(tcb)
  const right = seqAdd(tcb.rcvNxt, window)
  const { seq, flags } = segment
  if ((flags & TcpFlag.Rst) !== 0) {
    // Its text does not count (SHLD-2), and the next byte resets though the window is shut (MUST-66).
    return seq === tcb.rcvNxt || (seqGt(seq, tcb.rcvNxt) && seqLt(seq, right))
  }
  // A SYN in a synchronized state is answered by R5961-04, and not by silence.
  if ((flags & TcpFlag.Syn) !== 0) return true
  const length = segmentLength(segment)
  if (length === 0) return seqGeq(seq, tcb.rcvNxt) && seqLeq(seq, right)
  // MUST-66: what it acknowledges is used; its text will be cut off.
  if (window === 0) return seq === tcb.rcvNxt
  const last = seqAdd(seq, length - 1)
  return (
    (seqGeq(seq, tcb.rcvNxt) && seqLt(seq, right)) ||
    (seqGeq(last, tcb.rcvNxt) && seqLt(last, right)) ||
    (seqLt(seq, tcb.rcvNxt) && seqGt(last, tcb.rcvNxt))
  )
}

/** RFC 5961 section 3.2 (R5961-02, R5961-03): exactly the next byte resets; elsewhere in the window is challenged. */
function checkReset(tcb: Tcb, segment: SegmentIn): Verdict {
  if (seqDiff(segment.seq, tcb.rcvNxt) === 0) return Verdict.Reset
  drop(tcb.tcp, tcb.id, segment, DropReason.ChallengedReset)
  challengeAck(tcb)
  return Verdict.Drop
}
