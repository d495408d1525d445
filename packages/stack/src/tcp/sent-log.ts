import { seqDiff, seqGeq, seqGt, seqLeq, seqLt } from '../core/seq.ts'
import type { Micros } from '../core/timer.ts'
import { SentByTime } from './sent-by-time.ts'
import type { SentRecord, SentRecordPool } from './sent-record.ts'

/**
 * What has been sent and not yet acknowledged, oldest first, with the sums that congestion control asks for.
 * `byTime` holds those of them that are believed to be in the network.
 */
export class SentLog {
  readonly #pool: SentRecordPool
  head: SentRecord | null = null
  tail: SentRecord | null = null
  readonly byTime = new SentByTime()
  /** How many records there are. */
  count = 0
  /** Bytes of all records. */
  bytes = 0
  sackedBytes = 0
  lostBytes = 0
  retransmittedBytes = 0
  /** Bytes ever marked lost, those whose retransmission was lost twice (C.lost of draft-ietf-ccwg-bbr). */
  lostEver = 0
  /** No record before it waits to be sent again; null: none at all does. */
  #lostHint: SentRecord | null = null
  /** Where the last block was found: the next one is near. */
  #findHint: SentRecord | null = null

  constructor(pool: SentRecordPool) {
    this.#pool = pool
  }

  /** The estimate of RFC 6675 section 4 (R6675-03), in bytes. */
  get pipe(): number {
    return this.bytes - this.sackedBytes - this.lostBytes + this.retransmittedBytes
  }

  append(start: number, end: number, now: Micros): SentRecord {
    const record = this.#pool.take()
    record.start = start
    record.end = end
    record.sentAt = now
    record.previous = this.tail
    if (this.tail === null) this.head = record
    else this.tail.next = record
    this.tail = record
    this.byTime.add(record)
    this.bytes += record.length
    this.count++
    return record
  }

  /** Cuts a record in two at `at`, which lies inside it; both halves keep its history. */
  split(record: SentRecord, at: number): void {
    const rest = this.#pool.take()
    rest.start = at
    rest.end = record.end
    rest.sentAt = record.sentAt
    rest.retransmissions = record.retransmissions
    rest.sacked = record.sacked
    rest.lost = record.lost
    rest.retransmitted = record.retransmitted
    // What is pushed is the end of it.
    rest.pushed = record.pushed
    record.pushed = false
    rest.delivered = record.delivered
    rest.deliveredAt = record.deliveredAt
    rest.firstSentAt = record.firstSentAt
    rest.appLimited = record.appLimited
    rest.lostBefore = record.lostBefore
    // The front had less before it in flight.
    rest.txInFlight = record.txInFlight
    record.txInFlight -= rest.length
    record.end = at
    rest.previous = record
    rest.next = record.next
    if (record.next === null) this.tail = rest
    else record.next.previous = rest
    record.next = rest
    if (record.flying) this.byTime.addAfter(rest, record)
    this.count++
  }

  /**
   * Removes the oldest record, or its part before `ack`: the only way out, SACKed or not (R2018-08, R6675-09). The caller has
   * looked at it.
   */
  removeHead(ack: number): void {
    const record = this.head as SentRecord
    if (seqGt(record.end, ack)) {
      this.#uncount(record, seqDiff(ack, record.start))
      record.start = ack
      return
    }
    this.#uncount(record, record.length)
    if (record.flying) this.byTime.remove(record)
    this.#unlink(record)
  }

  /**
   * The receiver has it, for now: its bytes stay (R6675-09). Joins the SACKed neighbours, so that walks see runs instead
   * of segments.
   */
  markSacked(record: SentRecord): SentRecord {
    if (record.sacked) return record
    this.#uncount(record, record.length)
    if (record.flying) this.byTime.remove(record)
    record.retransmitted = false
    record.lost = false
    record.sacked = true
    this.bytes += record.length
    this.sackedBytes += record.length
    return this.#join(record)
  }

  /** The last copy that was sent of it is lost. */
  markLost(record: SentRecord): void {
    if (record.sacked || (record.lost && !record.retransmitted)) return
    if (record.retransmitted) this.retransmittedBytes -= record.length
    if (!record.lost) this.lostBytes += record.length
    this.lostEver += record.length
    record.retransmitted = false
    record.lost = true
    if (record.flying) this.byTime.remove(record)
    if (this.#lostHint === null || seqLt(record.start, this.#lostHint.start)) this.#lostHint = record
  }

  /** The records keep what RFC 6675 has HighRxt for (R6675-10). */
  markRetransmitted(record: SentRecord, now: Micros): void {
    record.sentAt = now
    record.retransmissions++
    if (record.sacked) return
    if (record.flying) this.byTime.remove(record)
    this.byTime.add(record)
    if (record.retransmitted) return
    record.retransmitted = true
    this.retransmittedBytes += record.length
  }

  /** The receiver took back what it had SACKed, as it may (RFC 2018 section 8): it has to be sent again. */
  forgetSacked(): void {
    for (let record = this.head; record !== null; record = record.next) {
      if (!record.sacked) continue
      record.sacked = false
      this.sackedBytes -= record.length
      this.markLost(record)
    }
  }

  /**
   * What was taken for lost is still on its way after all. The copies that were sent later keep no order among the
   * others: they count as sent now, which gives them a round trip more and spares the search for their place.
   */
  forgetLost(now: Micros): void {
    let place: SentRecord | null = null
    for (let record = this.head; record !== null; record = record.next) {
      if (!record.lost) continue
      record.lost = false
      this.lostBytes -= record.length
      if (record.flying) continue
      if (record.retransmissions > 0) {
        record.sentAt = now
        this.byTime.add(record)
      } else {
        this.byTime.addByTime(record, place)
        place = record
      }
    }
  }

  /** The first record that is lost and was not sent again since. */
  nextLost(): SentRecord | null {
    let record = this.#lostHint
    while (record !== null && !isWaiting(record)) record = record.next
    this.#lostHint = record
    return record
  }

  /** The record that holds `seq`, or the first one behind it; null when all lie before it. */
  find(seq: number): SentRecord | null {
    let record = this.#findHint ?? this.head
    while (record !== null && seqLeq(record.end, seq)) record = record.next
    while (record !== null && seqGt(record.start, seq) && record.previous !== null) {
      if (seqLeq(record.previous.end, seq)) break
      record = record.previous
    }
    this.#findHint = record
    return record
  }

  clear(): void {
    while (this.head !== null) this.removeHead(this.head.end)
  }

  #join(record: SentRecord): SentRecord {
    const { previous, next } = record
    if (next?.sacked) this.#absorb(record, next)
    if (!previous?.sacked) return record
    this.#absorb(previous, record)
    return previous
  }

  /** `next`, which follows `record` and is SACKed as well, becomes part of it. */
  #absorb(record: SentRecord, next: SentRecord): void {
    record.end = next.end
    record.pushed = next.pushed
    record.retransmissions = Math.max(record.retransmissions, next.retransmissions)
    this.#unlink(next)
  }

  #unlink(record: SentRecord): void {
    const { previous, next } = record
    if (previous === null) this.head = next
    else previous.next = next
    if (next === null) this.tail = previous
    else next.previous = previous
    if (this.#lostHint === record) this.#lostHint = next
    if (this.#findHint === record) this.#findHint = previous
    this.count--
    this.#pool.give(record)
  }

  #uncount(record: SentRecord, length: number): void {
    this.bytes -= length
    if (record.sacked) this.sackedBytes -= length
    if (record.lost) this.lostBytes -= length
    if (record.retransmitted) this.retransmittedBytes -= length
  }
}

function isWaiting(record: SentRecord): boolean {
  return record.lost && !record.retransmitted
}

/** Whether a record lies wholly inside [left, right). */
export function isCovered(record: SentRecord, left: number, right: number): boolean {
  return seqGeq(record.start, left) && seqLeq(record.end, right)
}
