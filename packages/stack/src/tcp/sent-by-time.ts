import type { SentRecord } from './sent-record.ts'

/**
 * The records believed to be in the network, in the order in which they were sent, as RFC 8985 section 10 advises: RACK
 * looks at the oldest only, however large the window is.
 */
export class SentByTime {
  oldest: SentRecord | null = null
  #newest: SentRecord | null = null

  /** It was sent just now. */
  add(record: SentRecord): void {
    this.#insert(record, this.#newest, null)
  }

  /** It was a part of `other`. */
  addAfter(record: SentRecord, other: SentRecord): void {
    this.#insert(record, other, other.newer)
  }

  /** Where its time of sending puts it. @param from a record in the list that is near, or null for the oldest */
  addByTime(record: SentRecord, from: SentRecord | null): void {
    let newer = from === null ? this.oldest : from.newer
    while (newer !== null && newer.sentAt <= record.sentAt) newer = newer.newer
    let older = newer === null ? this.#newest : newer.older
    while (older !== null && older.sentAt > record.sentAt) older = older.older
    this.#insert(record, older, older === null ? this.oldest : older.newer)
  }

  remove(record: SentRecord): void {
    const { older, newer } = record
    if (older === null) this.oldest = newer
    else older.newer = newer
    if (newer === null) this.#newest = older
    else newer.older = older
    record.older = null
    record.newer = null
    record.flying = false
  }

  #insert(record: SentRecord, older: SentRecord | null, newer: SentRecord | null): void {
    record.older = older
    record.newer = newer
    record.flying = true
    if (older === null) this.oldest = record
    else older.newer = record
    if (newer === null) this.#newest = record
    else newer.older = record
  }
}
