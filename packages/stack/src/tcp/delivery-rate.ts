import { seqDiff, seqGt } from '../core/seq.ts'
import { type Micros, SECOND } from '../core/timer.ts'
import { pipe } from './pipe.ts'
import type { SentRecord } from './sent-record.ts'
import type { Tcb } from './tcb.ts'

/*
 * Delivery rate samples (draft-ietf-ccwg-bbr-06 section 4.1): how fast the path has delivered between the sending of a
 * segment and its ACK. Each record keeps what was known when it was sent; C.lost of the draft is `SentLog.lostEver`.
 */

/** What a connection has delivered until now. */
export class DeliveryRate {
  // NaN until the constructor has set them to 0: see `TcpCounters`.
  /** C.delivered: bytes known to have arrived, by ACK or by SACK. */
  delivered = Number.NaN
  /** C.delivered_time: when that last grew. */
  deliveredAt: Micros = 0
  /** C.first_send_time: when that which was delivered last had been sent; or when a pause ended. */
  firstSentAt: Micros = 0
  /** C.app_limited: until so many bytes are delivered, samples say what the application gave, not what the path takes. 0: not. */
  appLimited = Number.NaN
  /** The newest sample that was valid: bytes a second. */
  rate = 0
  rateAppLimited = false
  /** `delivered` and `lostEver` at the last sample. */
  sampledDelivered = Number.NaN
  sampledLost = 0

  constructor() {
    this.delivered = 0
    this.appLimited = 0
    this.sampledDelivered = 0
  }
}

/** RS of the draft: what one ACK tells. There is one, and the next ACK overwrites it. */
export class RateSample {
  /** A record that has been sent by us in the ordinary way was delivered: the figures below are set. */
  hasData = false
  /** RS.prior_delivered, RS.prior_time: P.delivered and P.delivered_time of the newest record delivered. */
  priorDelivered = Number.NaN
  priorTime: Micros = 0
  isAppLimited = false
  sendElapsed: Micros = 0
  ackElapsed: Micros = 0
  /** The end of that record (RS.last_acked_packet_id). */
  lastEnd = 0
  /** RS.tx_in_flight: bytes that were in flight when it had been sent. */
  txInFlight = 0
  /** Bytes lost since it was sent. */
  lost = 0
  priorLost = 0
  /** Bytes delivered since it was sent, and in what time. */
  delivered = 0
  interval: Micros = 0
  /** Bytes a second; 0 when this ACK gives no valid sample. */
  deliveryRate = 0
  /** Bytes that this ACK delivers, and those found lost since the last one. */
  newlyAcked = 0
  newlyLost = 0

  constructor() {
    this.priorDelivered = 0
  }
}

export const rateSample = new RateSample()

/** InitRateSample(). */
export function initRateSample(): void {
  rateSample.hasData = false
  rateSample.interval = 0
  rateSample.deliveryRate = 0
}

/** OnPacketSent(): a record has been sent, or sent again, and counts as in flight. */
export function onPacketSent(tcb: Tcb, record: SentRecord, now: Micros): void {
  const { rate, sent } = tcb
  // After a pause. Not when all was taken for lost: what comes then may be the ACKs of the first copies.
  if (sent.count === 1 && record.retransmissions === 0) {
    rate.firstSentAt = now
    rate.deliveredAt = now
  }
  record.firstSentAt = rate.firstSentAt
  record.deliveredAt = rate.deliveredAt
  record.delivered = rate.delivered
  record.appLimited = rate.appLimited > 0
  record.txInFlight = pipe(tcb)
  record.lostBefore = sent.lostEver
}

/** UpdateRateSample(): a record, or its part before `end`, has been delivered. */
export function updateRateSample(tcb: Tcb, record: SentRecord, end: number): void {
  const { rate } = tcb
  const { now } = tcb.tcp.engine
  rate.delivered += seqDiff(end, record.start)
  rate.deliveredAt = now
  const rs = rateSample
  if (rs.hasData && !isNewestPacket(rate, record, end)) return
  rs.hasData = true
  rs.priorDelivered = record.delivered
  rs.priorTime = record.deliveredAt
  rs.isAppLimited = record.appLimited
  rs.sendElapsed = record.sentAt - record.firstSentAt
  rs.ackElapsed = now - record.deliveredAt
  rs.lastEnd = end
  rs.txInFlight = record.txInFlight
  rs.priorLost = record.lostBefore
  rate.firstSentAt = record.sentAt
}

/** IsNewestPacket(). */
function isNewestPacket(rate: DeliveryRate, record: SentRecord, end: number): boolean {
  if (record.sentAt !== rate.firstSentAt) return record.sentAt > rate.firstSentAt
  return seqGt(end, rateSample.lastEnd)
}

/**
 * GenerateRateSample(), when the ACK has been processed. The slower of sending and acknowledging counts; and what seems
 * to have taken less than the least round trip was an older copy (section 4.1.3.5).
 */
export function generateRateSample(tcb: Tcb): void {
  const { rate, sent } = tcb
  const rs = rateSample
  rs.newlyAcked = rate.delivered - rate.sampledDelivered
  rs.newlyLost = sent.lostEver - rate.sampledLost
  rate.sampledDelivered = rate.delivered
  rate.sampledLost = sent.lostEver
  // The bubble is acknowledged and gone.
  if (rate.appLimited > 0 && rate.delivered > rate.appLimited) rate.appLimited = 0
  if (!rs.hasData) return
  rs.interval = Math.max(rs.sendElapsed, rs.ackElapsed)
  rs.delivered = rate.delivered - rs.priorDelivered
  rs.lost = sent.lostEver - rs.priorLost
  if (rs.interval <= 0 || rs.interval < tcb.minRtt.value) return
  rs.deliveryRate = (rs.delivered * SECOND) / rs.interval
  // tcpi_delivery_rate of Linux: a rate that only shows the application's pace does not replace a higher one.
  if (rs.isAppLimited && rs.deliveryRate < rate.rate) return
  rate.rate = rs.deliveryRate
  rate.rateAppLimited = rs.isAppLimited
}

/**
 * CheckIfApplicationLimited(), where the connection stops sending: less than a segment is left although neither the window
 * nor the pacer holds it back, and nothing lost waits.
 */
export function checkIfApplicationLimited(tcb: Tcb, mss: number): void {
  if (tcb.unsent >= mss || tcb.sent.lostBytes > tcb.sent.retransmittedBytes) return
  if (pipe(tcb) < tcb.cwnd) markConnectionAppLimited(tcb)
}

/** MarkConnectionAppLimited(). */
export function markConnectionAppLimited(tcb: Tcb): void {
  tcb.rate.appLimited = Math.max(1, tcb.rate.delivered + pipe(tcb))
}
