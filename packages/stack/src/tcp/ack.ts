import { seqAdd, seqDiff, seqGeq, seqGt, seqLeq, seqLt, seqMin } from '../core/seq.ts'
import { type Micros, NEVER } from '../core/timer.ts'
import { TcpFlag } from '../wire/tcp.ts'
import { AckNews } from './ack-news.ts'
import { noteHoldup } from './busy-time.ts'
import { challengeAck } from './challenge-ack.ts'
import { isWindowUsed } from './congestion/window.ts'
import { DropReason, drop } from './count.ts'
import { noteDelivered } from './delivered.ts'
import { checkIfApplicationLimited, generateRateSample, initRateSample, rateSample } from './delivery-rate.ts'
import { congestionEchoed } from './ecn.ts'
import { restartRto } from './loss-timer.ts'
import { noteSizeAcked } from './path-mtu.ts'
import { afterProbeAck } from './path-mtu-search.ts'
import { stopPersist } from './persist.ts'
import { afterAck } from './recovery.ts'
import { RecoveryState } from './recovery-state.ts'
import { endTimeouts, sampleRtt } from './rtt.ts'
import { applySack, isDsack } from './scoreboard.ts'
import type { SegmentIn } from './segment-in.ts'
import { advanceSndSmall } from './sender.ts'
import type { Tcb } from './tcb.ts'
import { timestampNow, updateTsRecent } from './timestamps.ts'
import { isDsackOfProbe } from './tlp.ts'
import { TraceKind, trace, WindowSide } from './trace.ts'
import { ConnectionEvent, holdWhileUnanswered, notify, wantOutput } from './wants.ts'

const news = new AckNews()

/**
 * The ACK field of a segment in a synchronized state (RFC 9293 section 3.10.7.4, fifth step).
 * @returns false when the whole segment must be dropped
 */
export function processAck(tcb: Tcb, segment: SegmentIn): boolean {
  const { ack } = segment
  if (!isAckAcceptable(tcb, ack)) {
    drop(tcb.tcp, tcb.id, segment, DropReason.BadAck)
    challengeAck(tcb)
    return false
  }
  updateTsRecent(tcb, segment, tcb.tcp.engine.now)
  readAck(tcb, segment)
  // An older ACK that was overtaken: its blocks still count, and so does its data (RFC 9293: "can be ignored").
  if (seqLt(ack, tcb.sndUna)) {
    if (tcb.sackPermitted) applySack(tcb, segment.options, news)
    if (news.sacked > 0 || news.dsack) afterAck(tcb, news)
    tellRate(tcb)
    return true
  }
  updateSendWindow(tcb, segment)
  const timeouts = sawAnswer(tcb, news.acked)
  if (timeouts < tcb.timeouts) endTimeouts(tcb)
  tcb.timeouts = timeouts
  if (news.acked > 0) advanceUna(tcb)
  if (tcb.sackPermitted) applySack(tcb, segment.options, news)
  if (news.delivered > 0) takeSample(tcb)
  if (tcb.wantsWritable && news.delivered > 0) notify(tcb, ConnectionEvent.Writable)
  if (news.acked > 0) restartRto(tcb, tcb.tcp.engine.now)
  // R6675-11: with SACK it is new information that makes a duplicate, whatever else the segment says.
  if (tcb.sackPermitted ? news.acked === 0 && news.sacked > 0 : news.duplicate) {
    tcb.tcp.counters.duplicateAcksIn++
  }
  const recovering = tcb.recovery === RecoveryState.Recovery
  afterAck(tcb, news)
  if (tcb.ecn.on && (segment.flags & TcpFlag.Ece) !== 0) congestionEchoed(tcb, news.acked, news.delivered)
  // What was delivered until the end of recovery has been paid for by it (R6582-03).
  else if (news.acked > 0 && !recovering) grow(tcb)
  tellRate(tcb)
  if (tcb.unsent > 0 || tcb.finQueued || tcb.sent.lostBytes > 0) wantOutput(tcb)
  else checkIfApplicationLimited(tcb, 1)
  return true
}

/** What the segment itself says, before anything is done about it. */
function readAck(tcb: Tcb, segment: SegmentIn): void {
  const { options, ack } = segment
  news.clear(ack)
  initRateSample()
  news.acked = Math.max(0, seqDiff(ack, tcb.sndUna))
  news.duplicate = isDuplicateAck(tcb, segment)
  news.hasEcho = tcb.timestamps && options.hasTimestamps && options.tsEcr !== 0
  news.echo = options.tsEcr
  if (!tcb.sackPermitted || !isDsack(options, ack)) return
  news.dsack = true
  news.dsackLeft = options.sackLeft[0]
  news.dsackRight = options.sackRight[0]
  news.dsackOfProbe = isDsackOfProbe(tcb, news.dsackRight)
  tcb.tcp.counters.dsacksIn++
  tcb.dsacksIn++
}

/** SEG-18 and RFC 5961 section 5.2 (R5961-06, MAY-12): neither the future nor the distant past. */
function isAckAcceptable(tcb: Tcb, ack: number): boolean {
  return seqLeq(ack, tcb.sndNxt) && (seqGeq(ack, tcb.sndUna) || isOldAck(tcb, ack))
}

/**
 * It could have been sent, and overtaken. Who does not even acknowledge our SYN, however large the window, guesses (as Linux since
 * 6.8).
 */
function isOldAck(tcb: Tcb, ack: number): boolean {
  if (tcb.bytesAcked < 0x4000_0000 && seqLeq(ack, tcb.iss)) return false
  return seqGeq(ack, seqAdd(tcb.sndUna, -Math.max(tcb.maxSndWnd, tcb.flightSize)))
}

/** R5681-13. */
function isDuplicateAck(tcb: Tcb, segment: SegmentIn): boolean {
  return (
    segment.ack === tcb.sndUna &&
    tcb.sent.count > 0 &&
    segment.dataLength === 0 &&
    (segment.flags & (TcpFlag.Syn | TcpFlag.Fin)) === 0 &&
    segment.window << tcb.sndScale === tcb.sndWnd
  )
}

/** SEG-19: only a segment newer than the last that did so sets the window; MUST-1, R7323-05. */
function updateSendWindow(tcb: Tcb, segment: SegmentIn): void {
  const { seq, ack } = segment
  if (!(seqLt(tcb.sndWl1, seq) || (tcb.sndWl1 === seq && seqLeq(tcb.sndWl2, ack)))) return
  const window = segment.window << tcb.sndScale
  tcb.sndWl1 = seq
  tcb.sndWl2 = ack
  if (window === tcb.sndWnd) return
  noteWindow(tcb, segment, window)
  const opened = window > tcb.sndWnd
  tcb.sndWnd = window
  if (window > tcb.maxSndWnd) tcb.maxSndWnd = window
  if (!opened) return
  if (tcb.persistAt !== NEVER) stopPersist(tcb)
  wantOutput(tcb)
}

/** The peer's window is about to change. */
function noteWindow(tcb: Tcb, segment: SegmentIn, window: number): void {
  const { tcp, id, sndWnd } = tcb
  if (window === 0) {
    tcp.counters.zeroWindowsIn++
    trace(tcp, id, TraceKind.ZeroWindow, WindowSide.Peer)
  } else if (sndWnd === 0) trace(tcp, id, TraceKind.WindowOpen, WindowSide.Peer, window)
  if (news.acked === 0 && segment.dataLength === 0) {
    trace(tcp, id, TraceKind.WindowUpdate, WindowSide.Peer, window, sndWnd)
  }
}

/** MUST-37: an answer with the window shut is no progress, but no failure either. */
function sawAnswer(tcb: Tcb, acked: number): number {
  tcb.probes = tcb.sndWnd === 0 ? tcb.probes : 0
  if (acked === 0 && (tcb.sndWnd > 0 || tcb.orphaned)) return tcb.timeouts
  tcb.timeoutsUnacked = 0
  return 0
}

/** SND.UNA moves: forget what was acknowledged. */
function advanceUna(tcb: Tcb): void {
  const { ack, acked } = news
  removeAcked(tcb, ack)
  const finAcked = tcb.finSent && ack === tcb.sndNxt
  const data = finAcked && !tcb.finAcked ? acked - 1 : acked
  tcb.sendRing.drop(data)
  tcb.sendQueued -= data
  tcb.bytesAcked += data
  tcb.sndUna = ack
  advanceSndSmall(tcb)
  if (tcb.sendQueued === 0) tcb.sendRing.release()
  if (tcb.mtuSearch.probe > 0) afterProbeAck(tcb)
  tcb.softError = null
  tcb.path.confirm()
  if (tcb.sent.count === 0) {
    tcb.retransmitAt = NEVER
    noteHoldup(tcb)
  }
  if (finAcked) {
    tcb.finAcked = true
    notify(tcb, ConnectionEvent.FinAcked)
  }
  holdWhileUnanswered(tcb)
}

/** A record that was SACKed earlier has been looked at then. */
function removeAcked(tcb: Tcb, ack: number): void {
  const log = tcb.sent
  while (log.head !== null && seqGt(ack, log.head.start)) {
    const { head } = log
    noteSizeAcked(tcb, head.length)
    if (!head.sacked) noteDelivered(tcb, head, seqMin(head.end, ack), true, news)
    log.removeHead(ack)
  }
}

/**
 * R6298-07, R7323-23: by the time it was sent. Karn's rule (R6298-06): only what was sent once may be timed; when an
 * ACK covers anything else, by what it SACKs, or by the echoed timestamp. The first of several counts for the RTO, as
 * its ACK may have waited for the others; the last for the minimum.
 */
function takeSample(tcb: Tcb): void {
  const { now } = tcb.tcp.engine
  const latest = news.lastSentAt >= 0 ? news.lastSentAt : news.sackedSentAt
  if (latest >= 0) {
    const rtt = Math.max(1, now - latest)
    tcb.minRtt.sample(rtt, now)
    tcb.congestion.onRtt(tcb, rtt, now, news.lastSentAt >= 0)
  }
  if (news.firstSentAt >= 0 && !news.retransmitted) sampleRtt(tcb, now - news.firstSentAt, now)
  else if (news.sackedSentAt >= 0) sampleRtt(tcb, now - news.sackedSentAt, now)
  else if (news.acked > 0 && news.hasEcho) sampleByEcho(tcb, now)
}

function sampleByEcho(tcb: Tcb, now: Micros): void {
  const ticks = seqDiff(timestampNow(now, tcb.tsOffset), news.echo)
  if (ticks >= 0 && ticks < 600_000) sampleRtt(tcb, Math.max(1, ticks) * 1000, now)
}

function grow(tcb: Tcb): void {
  if (tcb.recovery === RecoveryState.Recovery) return
  tcb.congestion.onAck(tcb, news.delivered, isWindowUsed(tcb), tcb.tcp.engine.now)
}

/** How fast the path delivers, as far as this ACK tells; in recovery too. */
function tellRate(tcb: Tcb): void {
  generateRateSample(tcb)
  if (news.delivered > 0 || rateSample.newlyLost > 0) {
    tcb.congestion.onRateSample?.(tcb, rateSample, tcb.tcp.engine.now)
  }
}
