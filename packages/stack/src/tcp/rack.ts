import { seqDiff, seqGeq, seqGt, seqLt } from '../core/seq.ts'
import { type Micros, NEVER } from '../core/timer.ts'
import type { AckNews } from './ack-news.ts'
import { smss } from './congestion/window.ts'
import { dupThresh, markLost, takeForLost } from './loss-marks.ts'
import { RecoveryState } from './recovery-state.ts'
import { countLoss } from './sack-count.ts'
import type { SentRecord } from './sent-record.ts'
import type { Tcb } from './tcb.ts'
import { timestampNow } from './timestamps.ts'
import { TraceKind, trace } from './trace.ts'

/** Recoveries without D-SACK after which a widened window is given up (RFC 8985 section 6.2 step 4). */
const PERSIST = 16
/** So many segments past a hole are many. */
const MANY = 8
/** Linux keeps the multiplier in a byte; it is bounded by SRTT anyway. */
const MOST_STEPS = 255

/**
 * Recent acknowledgment, RFC 8985: time instead of counting tells what is lost. With SACK it is the only detector; the
 * byte threshold of RFC 6675 only chooses its window (R8985-04). Without SACK it does nothing (R8985-01). NextSeg()'s
 * guesses, rules 3 and 4 of R6675-04, are left to the tail loss probe, as in Linux.
 */
export class RackState {
  /** RACK.xmit_ts, RACK.end_seq: of all that was delivered, what was sent last. */
  sentAt: Micros = 0
  endSeq = 0
  /** RACK.rtt, 0 for none yet. */
  rtt: Micros = 0
  /** RACK.fack: the highest sequence number delivered. */
  fack = 0
  reorderingSeen = false
  /** Records that arrived after what was sent later, and the farthest that one of them came behind, in bytes. */
  reorderedIn = 0
  distance = 0
  /** RACK.reo_wnd_mult, RACK.reo_wnd_persist. */
  steps = 1
  persist = PERSIST
  /** RACK.dsack_round: D-SACKs count once until this is acknowledged. */
  dsackRound = 0
  inDsackRound = false
  /** When what is overdue will count as lost; NEVER when nothing is. */
  reorderAt: Micros = NEVER
}

/** What `detectLoss` found, as bits; `LostAgain`: a retransmission that was sent since the window was last reduced. */
export const Found = { Nothing: 0, Lost: 1, LostAgain: 2 } as const

/**
 * A record, or its part before `end`, has been delivered for the first time (RFC 8985 section 6.2, steps 2 and 3).
 * @param cumulative by SEG.ACK, not by SACK
 */
export function rackDelivered(
  tcb: Tcb,
  record: SentRecord,
  end: number,
  cumulative: boolean,
  news: AckNews,
): void {
  const { rack } = tcb
  const rtt = Math.max(1, tcb.tcp.engine.now - record.sentAt)
  const again = record.retransmissions > 0
  const original = again && cumulative && echoesOriginal(tcb, record, news)
  noteOrder(tcb, record, end, !again || original)
  // R8985-07: too early for the copy sent last.
  if (original || (again && rtt < tcb.minRtt.value)) return
  rack.rtt = rtt
  if (isSentAfter(record.sentAt, end, rack.sentAt, rack.endSeq)) {
    rack.sentAt = record.sentAt
    rack.endSeq = end
  }
}

/** RFC 8985 section 6.2 step 3 (R8985-08): what was sent earlier, and once, arrived later. */
function noteOrder(tcb: Tcb, record: SentRecord, end: number, original: boolean): void {
  const { rack } = tcb
  if (seqGt(end, rack.fack)) rack.fack = end
  else if (original && seqLt(end, rack.fack)) noteReordering(tcb, seqDiff(rack.fack, record.start))
}

/** @param distance bytes between what came late and the highest that had come before */
function noteReordering(tcb: Tcb, distance: number): void {
  const { rack } = tcb
  rack.reorderedIn++
  tcb.tcp.counters.reordered++
  if (distance > rack.distance) rack.distance = distance
  if (rack.reorderingSeen) return
  rack.reorderingSeen = true
  traceReorderingWindow(tcb)
}

function traceReorderingWindow(tcb: Tcb): void {
  const { tcp, id, rack } = tcb
  if (tcp.tracer === null) return
  trace(tcp, id, TraceKind.ReorderingWindow, reorderingWindow(tcb), rack.steps, rack.reorderingSeen ? 1 : 0)
}

/** Only an ACK that moves SND.UNA echoes the segment that moved it (R7323-20). */
function echoesOriginal(tcb: Tcb, record: SentRecord, news: AckNews): boolean {
  return news.hasEcho && seqLt(news.echo, timestampNow(record.sentAt, tcb.tsOffset))
}

/** RACK_sent_after() of RFC 8985 section 6.2. */
function isSentAfter(sentAt: Micros, end: number, otherSentAt: Micros, otherEnd: number): boolean {
  return sentAt > otherSentAt || (sentAt === otherSentAt && seqGt(end, otherEnd))
}

/** RFC 8985 section 6.2 step 4 (R8985-03, R8985-09): a round with a D-SACK asks for more patience. */
export function adaptReorderingWindow(tcb: Tcb, news: AckNews): void {
  const { rack } = tcb
  if (rack.inDsackRound && seqGeq(tcb.sndUna, rack.dsackRound)) rack.inDsackRound = false
  // A probe that was not needed says nothing about order (Linux).
  if (!news.dsack || news.dsackOfProbe || rack.inDsackRound) return
  rack.inDsackRound = true
  rack.dsackRound = tcb.sndNxt
  rack.steps = Math.min(MOST_STEPS, rack.steps + 1)
  rack.persist = PERSIST
  traceReorderingWindow(tcb)
}

/** The other half of the adaptation: patience ends after enough recoveries that were not needless (Linux). */
export function rackRecoveryOver(tcb: Tcb): void {
  const { rack } = tcb
  if (rack.steps === 1 || --rack.persist > 0) return
  rack.steps = 1
  rack.persist = PERSIST
  traceReorderingWindow(tcb)
}

/** RACK.reo_wnd (R8985-09). */
function reorderingWindow(tcb: Tcb): Micros {
  const { rack } = tcb
  if (!rack.reorderingSeen && (tcb.recovery !== RecoveryState.Open || enoughSacked(tcb))) return 0
  return Math.min((rack.steps * tcb.minRtt.value) / 4, tcb.srtt)
}

/**
 * The time that what has arrived took, RACK.rtt. Where segments overtake, the one that arrived last may have done so, which
 * says nothing about those behind: as soon as many have passed, the smoothed time stands in for it. Else retransmissions
 * that are merely being overtaken count as lost again, and the window is reduced for that (R8985-14): half of the goodput of a
 * path where one segment in a hundred overtakes by half a round trip. While only few have passed the window is small, and
 * waiting longer ends in timeouts.
 */
function usualRtt(tcb: Tcb): Micros {
  const { rack } = tcb
  if (!rack.reorderingSeen || tcb.sent.sackedBytes <= MANY * smss(tcb)) return rack.rtt
  return Math.max(rack.rtt, tcb.srtt)
}

/** DupThresh segments are SACKed, counted in bytes as R6675-02 does: super-frames count as what they carry. */
function enoughSacked(tcb: Tcb): boolean {
  return tcb.sent.sackedBytes > (dupThresh(tcb) - 1) * smss(tcb)
}

/**
 * RFC 8985 section 6.2 step 5 (R8985-10): what was sent before something that has arrived, and has had the time to do
 * so as well, is lost. That holds for retransmissions too (R8985-14). Looks at the oldest first and stops at the
 * first that still has time; `reorderAt` is then when the rest of them is to be looked at (R8985-11).
 * @returns bits of `Found`
 */
export function detectLoss(tcb: Tcb, now: Micros): number {
  const { rack, sent } = tcb
  rack.reorderAt = NEVER
  if (!tcb.tcp.config.rack) return countLoss(tcb)
  if (rack.rtt === 0) return Found.Nothing
  // R8985-02: two times read off a coarse clock may be that much further apart than they were.
  const window = reorderingWindow(tcb) + (tcb.tcp.engine.clock.granularity ?? 0)
  const rtt = usualRtt(tcb)
  let found: number = Found.Nothing
  let record = sent.byTime.oldest
  while (record !== null && isSentAfter(rack.sentAt, rack.endSeq, record.sentAt, record.end)) {
    if (record.sentAt + rtt + window > now) {
      rack.reorderAt = Math.ceil(rack.sentAt + rtt + window)
      break
    }
    found |= Found.Lost
    if (record.retransmitted && record.sentAt >= tcb.reducedAt) found |= Found.LostAgain
    const next: SentRecord | null = record.newer
    markLost(tcb, record)
    record = next
  }
  return found
}

/** RFC 8985 section 6.3 (R8985-12): after a timeout the first is lost, others only if they have had their time. */
export function markLostAtTimeout(tcb: Tcb, now: Micros): void {
  const { rack, sent } = tcb
  const { head } = sent
  const patient = tcb.sackPermitted && rack.rtt > 0
  for (let record = head; record !== null; record = record.next) {
    if (patient && record !== head && record.sentAt + rack.rtt > now) continue
    takeForLost(tcb, record)
  }
}
