import { seqDiff, seqGeq, seqGt, seqLeq } from '../core/seq.ts'
import type { Micros } from '../core/timer.ts'

/**
 * One transmission in flight: [start, end) of the sequence space, FIN included. Super-frames are one record until
 * an ACK or a SACK block cuts through them.
 */
export class SentRecord {
  start = 0
  end = 0
  /** When it was last sent. */
  sentAt: Micros = 0
  /** Times it was sent beyond the first. */
  retransmissions = 0
  sacked = false
  /** Taken for lost, and to be sent again when the congestion window allows. */
  lost = false
  /** Sent again since it was marked lost, and not known to be lost a second time. */
  retransmitted = false
  previous: SentRecord | null = null
  next: SentRecord | null = null

  get length(): number {
    return seqDiff(this.end, this.start)
  }
}

/** Records that are not in use, shared by all connections of a stack: steady traffic allocates none. */
export class SentRecordPool {
  #free: SentRecord | null = null

  take(): SentRecord {
    const record = this.#free
    if (record === null) return new SentRecord()
    this.#free = record.next
    record.next = null
    return record
  }

  give(record: SentRecord): void {
    record.previous = null
    record.next = this.#free
    this.#free = record
  }
}

/**
 * What has been sent and not yet acknowledged, oldest first, with the sums that congestion control asks for.
 * `pipe` is the estimate of RFC 6675 section 4, in bytes.
 */
export class SentLog {
  readonly #pool: SentRecordPool
  head: SentRecord | null = null
  tail: SentRecord | null = null
  /** How many records there are. */
  count = 0
  /** Bytes of all records. */
  bytes = 0
  sackedBytes = 0
  lostBytes = 0
  retransmittedBytes = 0
  /** The end of the highest SACKed record; only while `sackedBytes > 0`. */
  highestSacked = 0

  constructor(pool: SentRecordPool) {
    this.#pool = pool
  }

  get pipe(): number {
    return this.bytes - this.sackedBytes - this.lostBytes + this.retransmittedBytes
  }

  append(start: number, end: number, now: Micros): void {
    const record = this.#pool.take()
    record.start = start
    record.end = end
    record.sentAt = now
    record.retransmissions = 0
    record.sacked = false
    record.lost = false
    record.retransmitted = false
    record.previous = this.tail
    if (this.tail === null) this.head = record
    else this.tail.next = record
    this.tail = record
    this.bytes += record.length
    this.count++
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
    record.end = at
    rest.previous = record
    rest.next = record.next
    if (record.next === null) this.tail = rest
    else record.next.previous = rest
    record.next = rest
    this.count++
  }

  /** Removes the oldest record, or its part before `ack`. The caller has looked at it. */
  removeHead(ack: number): void {
    const record = this.head as SentRecord
    if (seqGt(record.end, ack)) {
      this.#uncount(record, seqDiff(ack, record.start))
      record.start = ack
      return
    }
    this.#uncount(record, record.length)
    this.count--
    this.head = record.next
    if (this.head === null) this.tail = null
    else this.head.previous = null
    this.#pool.give(record)
  }

  markSacked(record: SentRecord): void {
    if (record.sacked) return
    this.#unmarkLost(record)
    record.sacked = true
    if (this.sackedBytes === 0 || seqGt(record.end, this.highestSacked)) this.highestSacked = record.end
    this.sackedBytes += record.length
  }

  markLost(record: SentRecord): void {
    if (record.sacked || record.lost) return
    record.lost = true
    this.lostBytes += record.length
  }

  markRetransmitted(record: SentRecord, now: Micros): void {
    record.sentAt = now
    record.retransmissions++
    if (!record.lost || record.retransmitted) return
    record.retransmitted = true
    this.retransmittedBytes += record.length
  }

  /** After a timeout nothing that was sent counts as being on its way (RFC 5681 section 3.1). */
  markAllLost(): void {
    for (let record = this.head; record !== null; record = record.next) {
      if (record.retransmitted) {
        record.retransmitted = false
        this.retransmittedBytes -= record.length
      }
      this.markLost(record)
    }
  }

  /** The receiver took back what it had SACKed, as it may (RFC 2018 section 8). */
  forgetSacked(): void {
    for (let record = this.head; record !== null; record = record.next) record.sacked = false
    this.sackedBytes = 0
  }

  /** The first record that is lost and was not sent again since. */
  nextLost(): SentRecord | null {
    if (this.lostBytes === this.retransmittedBytes) return null
    let record = this.head
    while (record !== null && (!record.lost || record.retransmitted)) record = record.next
    return record
  }

  /** The record that holds `seq`, or null. */
  find(seq: number): SentRecord | null {
    for (let record = this.head; record !== null; record = record.next) {
      if (seqGt(record.end, seq)) return seqLeq(record.start, seq) ? record : null
    }
    return null
  }

  clear(): void {
    while (this.head !== null) this.removeHead(this.head.end)
  }

  #unmarkLost(record: SentRecord): void {
    if (record.retransmitted) this.retransmittedBytes -= record.length
    if (record.lost) this.lostBytes -= record.length
    record.retransmitted = false
    record.lost = false
  }

  #uncount(record: SentRecord, length: number): void {
    this.bytes -= length
    if (record.sacked) this.sackedBytes -= length
    if (record.lost) this.lostBytes -= length
    if (record.retransmitted) this.retransmittedBytes -= length
  }
}

/** Whether a record lies wholly inside [left, right). */
export function isCovered(record: SentRecord, left: number, right: number): boolean {
  return seqGeq(record.start, left) && seqLeq(record.end, right)
}
