import { seqGeq, seqLeq, seqLt } from '../core/seq.ts'
import { MILLISECOND, type Micros, SECOND } from '../core/timer.ts'
import { TcpFlag } from '../wire/tcp.ts'
import type { SegmentIn } from './segment-in.ts'
import type { Tcb } from './tcb.ts'

/** Idle longer than this, TS.Recent says nothing any more (RFC 7323 section 5.5; R7323-28). */
const TS_RECENT_LIFETIME: Micros = 24 * 86_400 * SECOND

/** The timestamp clock: one tick a millisecond (R7323-29), shifted by a secret per peer (R7323-30). */
export function timestampNow(now: Micros, offset: number): number {
  return (Math.floor(now / MILLISECOND) + offset) | 0
}

/**
 * PAWS, RFC 7323 section 5.3 R1 (R7323-25, R7323-26): an old duplicate, judged by its timestamp, on arrival and never
 * again (R7323-27). Timestamps nobody has agreed on are not looked at (R7323-16); a segment that lacks them is judged by its
 * numbers alone (R7323-15), and taken (R7323-14 would drop it; Linux does not).
 */
export function isOldDuplicate(tcb: Tcb, segment: SegmentIn, now: Micros): boolean {
  if (!tcb.timestamps || !segment.options.hasTimestamps) return false
  if ((segment.flags & TcpFlag.Rst) !== 0) return false
  return seqLt(segment.options.tsVal, tcb.tsRecent) && now - tcb.tsRecentAt < TS_RECENT_LIFETIME
}

/**
 * R7323-20: TS.Recent moves only with a segment at or before the last ACK sent, so that delayed ACKs echo the oldest, and
 * those of out-of-order data the last in order (R7323-21), until a hole is filled (R7323-22). Not before the ACK was found
 * acceptable (as in Linux): who guesses a sequence number could else set a time that PAWS holds against the peer.
 */
export function updateTsRecent(tcb: Tcb, segment: SegmentIn, now: Micros): void {
  if (!tcb.timestamps || !segment.options.hasTimestamps) return
  if (seqGeq(segment.options.tsVal, tcb.tsRecent) && seqLeq(segment.seq, tcb.lastAckSent)) {
    tcb.tsRecent = segment.options.tsVal
    tcb.tsRecentAt = now
  } else if (now - tcb.tsRecentAt >= TS_RECENT_LIFETIME) {
    tcb.tsRecent = segment.options.tsVal
    tcb.tsRecentAt = now
  }
}
