import { seqDiff, seqLeq } from '../core/seq.ts'
import type { AckNews } from './ack-news.ts'
import { updateRateSample } from './delivery-rate.ts'
import { rackDelivered } from './rack.ts'
import type { SentRecord } from './sent-record.ts'
import type { Tcb } from './tcb.ts'

/**
 * A record, or its part before `end`, is known to have arrived, by SEG.ACK or by SACK: what that says about time, order
 * and the worth of retransmissions. Called before the log forgets it.
 */
export function noteDelivered(
  tcb: Tcb,
  record: SentRecord,
  end: number,
  cumulative: boolean,
  news: AckNews,
): void {
  news.delivered += seqDiff(end, record.start)
  updateRateSample(tcb, record, end)
  if (tcb.sackPermitted) rackDelivered(tcb, record, end, cumulative, news)
  if (record.retransmissions > 0) {
    if (cumulative) news.retransmitted = true
    return
  }
  if (seqLeq(end, tcb.recoveryPoint)) news.original = true
  if (!cumulative) {
    news.sackedSentAt = record.sentAt
    return
  }
  if (news.firstSentAt < 0) news.firstSentAt = record.sentAt
  news.lastSentAt = record.sentAt
}
