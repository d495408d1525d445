import { seqAdd, seqDiff, seqGeq, seqGt, seqLeq, seqLt } from '../core/seq.ts'
import { NEVER } from '../core/timer.ts'
import { TcpFlag } from '../wire/tcp.ts'
import { challengeAck } from './challenge-ack.ts'
import { stopPersist } from './persist.ts'
import { afterAck, pipe } from './recovery.ts'
import { currentRto, sampleRtt } from './rtt.ts'
import { applySack } from './scoreboard.ts'
import type { SegmentIn } from './segment-in.ts'
import { advanceSndSmall } from './sender.ts'
import { ConnectionEvent, notify, RecoveryState, type Tcb, wantOutput } from './tcb.ts'
import { armRetransmit } from './timers.ts'
import { timestampNow } from './timestamps.ts'

/**
 * The ACK field of a segment in a synchronized state (RFC 9293 section 3.10.7.4, fifth step).
 * @returns false when the whole segment must be dropped
 */
export function processAck(tcb: Tcb, segment: SegmentIn): boolean {
  const { ack } = segment
  if (!isAckAcceptable(tcb, ack)) {
    tcb.tcp.counters.droppedBadAck++
    challengeAck(tcb)
    return false
  }
  // An older ACK that was overtaken: its data still counts (RFC 9293: "can be ignored").
  if (seqLt(ack, tcb.sndUna)) return true
  const acked = seqDiff(ack, tcb.sndUna)
  const duplicate = isDuplicateAck(tcb, segment)
  const flying = pipe(tcb)
  updateSendWindow(tcb, segment)
  tcb.timeouts = sawAnswer(tcb, acked)
  const sacked = tcb.sackPermitted && segment.options.sackCount > 0 ? applySack(tcb, segment.options) : 0
  if (acked > 0) advanceUna(tcb, segment, acked)
  if (duplicate) tcb.tcp.counters.duplicateAcksIn++
  afterAck(tcb, acked, sacked, duplicate)
  if (acked > 0) grow(tcb, acked, flying)
  if (tcb.unsent > 0 || tcb.finQueued || tcb.sent.lostBytes > 0) wantOutput(tcb)
  return true
}

/** SEG-18 and RFC 5961 section 5.2 (R5961-05): neither the future nor the distant past. */
function isAckAcceptable(tcb: Tcb, ack: number): boolean {
  return seqLeq(ack, tcb.sndNxt) && seqGeq(ack, seqAdd(tcb.sndUna, -Math.max(tcb.maxSndWnd, tcb.flightSize)))
}

/** R5681-13. */
function isDuplicateAck(tcb: Tcb, segment: SegmentIn): boolean {
  return (
    segment.ack === tcb.sndUna &&
    tcb.sent.count > 0 &&
    segment.dataLength === 0 &&
    (segment.flags & (TcpFlag.Syn | TcpFlag.Fin)) === 0 &&
    (tcb.sackPermitted ? segment.options.sackCount > 0 : segment.window << tcb.sndScale === tcb.sndWnd)
  )
}

/** SEG-19: only a segment newer than the last that did so sets the window; MUST-1, R7323-05. */
export function updateSendWindow(tcb: Tcb, segment: SegmentIn): void {
  const { seq, ack } = segment
  if (!(seqLt(tcb.sndWl1, seq) || (tcb.sndWl1 === seq && seqLeq(tcb.sndWl2, ack)))) return
  const window = segment.window << tcb.sndScale
  tcb.sndWl1 = seq
  tcb.sndWl2 = ack
  if (window === tcb.sndWnd) return
  const opened = window > tcb.sndWnd
  tcb.sndWnd = window
  if (window > tcb.maxSndWnd) tcb.maxSndWnd = window
  if (!opened) return
  if (tcb.persistAt !== NEVER) stopPersist(tcb)
  wantOutput(tcb)
}

/** MUST-37: an answer with the window shut is no progress, but no failure either. */
function sawAnswer(tcb: Tcb, acked: number): number {
  tcb.probes = tcb.sndWnd === 0 ? tcb.probes : 0
  return acked > 0 || tcb.sndWnd === 0 ? 0 : tcb.timeouts
}

/** SND.UNA moves: forget what was acknowledged, take a round-trip sample, restart the timer (R6298-10). */
function advanceUna(tcb: Tcb, segment: SegmentIn, acked: number): void {
  const now = tcb.tcp.engine.now
  const sentAt = removeAcked(tcb, segment.ack)
  const finAcked = tcb.finSent && segment.ack === tcb.sndNxt
  const data = finAcked && !tcb.finAcked ? acked - 1 : acked
  tcb.sendRing.drop(data)
  tcb.sendQueued -= data
  tcb.bytesAcked += data
  tcb.sndUna = segment.ack
  advanceSndSmall(tcb)
  if (tcb.sendQueued === 0) tcb.sendRing.release()
  takeSample(tcb, segment, sentAt, now)
  tcb.softError = null
  tcb.path.confirm()
  if (tcb.sent.count === 0) tcb.retransmitAt = NEVER
  else armRetransmit(tcb, now + currentRto(tcb))
  if (finAcked) {
    tcb.finAcked = true
    notify(tcb, ConnectionEvent.FinAcked)
  }
  if (tcb.wantsWritable) notify(tcb, ConnectionEvent.Writable)
}

/** Karn's rule (R6298-06): only what was sent once may be timed. @returns when the latest such record was sent, or -1 */
function removeAcked(tcb: Tcb, ack: number): number {
  const log = tcb.sent
  let sentAt = -1
  let ambiguous = false
  while (log.head !== null && seqGt(ack, log.head.start)) {
    const { retransmissions, sacked } = log.head
    if (retransmissions > 0) ambiguous = true
    // A record that was SACKed earlier arrived earlier: it would give too long a time.
    if (!sacked) sentAt = log.head.sentAt
    log.removeHead(ack)
  }
  return ambiguous ? -1 : sentAt
}

/** R6298-07, R7323-23: by the time it was sent; when that is ambiguous, by the echoed timestamp. */
function takeSample(tcb: Tcb, segment: SegmentIn, sentAt: number, now: number): void {
  if (sentAt >= 0) {
    sampleRtt(tcb, now - sentAt, now)
    return
  }
  const { hasTimestamps, tsEcr } = segment.options
  if (!tcb.timestamps || !hasTimestamps || tsEcr === 0) return
  const ticks = seqDiff(timestampNow(now, tcb.tsOffset), tsEcr)
  if (ticks >= 0 && ticks < 600_000) sampleRtt(tcb, Math.max(1, ticks) * 1000, now)
}

function grow(tcb: Tcb, acked: number, flying: number): void {
  if (tcb.recovery === RecoveryState.Recovery) return
  const limited = tcb.cwndLimited || flying + acked >= tcb.cwnd
  tcb.cwndLimited = false
  tcb.tcp.congestion.onAck(tcb, acked, limited, tcb.tcp.engine.now)
}
