import type { HalfOpen } from './half-open.ts'

/** The half-open connections of one listener, oldest first. */
export class SynQueue {
  oldest: HalfOpen | null = null
  #newest: HalfOpen | null = null
  size = 0

  add(record: HalfOpen): void {
    record.older = this.#newest
    if (this.#newest === null) this.oldest = record
    else this.#newest.newer = record
    this.#newest = record
    this.size++
  }

  remove(record: HalfOpen): void {
    if (record.older === null) this.oldest = record.newer
    else record.older.newer = record.newer
    if (record.newer === null) this.#newest = record.older
    else record.newer.older = record.older
    record.older = null
    record.newer = null
    this.size--
  }
}
