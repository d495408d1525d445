import { seqDiff } from '../core/seq.ts'
import type { Micros } from '../core/timer.ts'
import { TcpCounters } from './counters.ts'

/**
 * One transmission in flight: [start, end) of the sequence space, FIN included. Super-frames are one record until
 * an ACK or a SACK block cuts through them; SACKed neighbours become one record.
 */
export class SentRecord {
  start = 0
  end = 0
  /** When it was last sent, in µs (R8985-02, R8985-05). */
  sentAt: Micros = 0
  /** Times it was sent beyond the first. */
  retransmissions = 0
  sacked = false
  /** Taken for lost. */
  lost = false
  /** Sent again, and that copy is not known to be lost. */
  retransmitted = false
  /** It went with PSH, and does so again. */
  pushed = false
  previous: SentRecord | null = null
  next: SentRecord | null = null
  /** Stands in the log's list by time of sending, between these two. */
  flying = false
  older: SentRecord | null = null
  newer: SentRecord | null = null
  // What was known when it was last sent, for delivery rate samples (`delivery-rate.ts`); `appLimited` is P.is_app_limited.
  // NaN until the constructor has set it to 0: see `TcpCounters`.
  delivered = Number.NaN
  deliveredAt: Micros = 0
  firstSentAt: Micros = 0
  appLimited = false
  /** Bytes in flight up to its end, and bytes that had ever been lost. */
  txInFlight = 0
  lostBefore = 0

  constructor() {
    this.delivered = 0
  }

  get length(): number {
    return seqDiff(this.end, this.start)
  }
}

/** Records that are not in use, shared by all connections of a stack: steady traffic allocates none. */
export class SentRecordPool {
  readonly #most: number
  readonly #counters: TcpCounters
  #free: SentRecord | null = null
  #spare = 0

  /** @param most records kept while nobody needs them; the rest goes to the garbage collector */
  constructor(most: number = Number.POSITIVE_INFINITY, counters: TcpCounters = new TcpCounters()) {
    this.#most = most
    this.#counters = counters
  }

  /** A record with no history; its bounds are the caller's to set. */
  take(): SentRecord {
    const record = this.#free
    if (record === null) return new SentRecord()
    this.#free = record.next
    this.#spare--
    record.next = null
    record.retransmissions = 0
    record.sacked = false
    record.lost = false
    record.retransmitted = false
    record.pushed = false
    return record
  }

  give(record: SentRecord): void {
    record.previous = null
    if (this.#spare >= this.#most) {
      record.next = null
      this.#counters.spareRecordsReleased++
      return
    }
    record.next = this.#free
    this.#free = record
    this.#spare++
  }
}
