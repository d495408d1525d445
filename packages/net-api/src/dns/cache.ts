import type { Clock } from '@tapwire/stack'
import type { Known } from './answers.ts'

interface Entry {
  readonly known: Known
  /** Microseconds of the clock. */
  readonly until: number
}

/** What servers have said, for as long as they said it may be remembered (DNS-08). What was not used longest gives way (EXH-01). */
export class DnsCache {
  readonly #clock: Clock
  readonly #most: number
  /** In the order of their last use. */
  readonly #entries = new Map<string, Entry>()

  constructor(clock: Clock, most: number) {
    this.#clock = clock
    this.#most = most
  }

  get size(): number {
    return this.#entries.size
  }

  /** With the seconds that are left of its TTL; undefined when nothing is known. */
  get(key: string): Known | undefined {
    const entry = this.#entries.get(key)
    if (entry === undefined) return undefined
    this.#entries.delete(key)
    const left = (entry.until - this.#clock.now()) / 1e6
    if (left <= 0) return undefined
    this.#entries.set(key, entry)
    const passed = entry.known.ttl - Math.ceil(left)
    const records = entry.known.records.map((record) => ({
      ...record,
      ttl: Math.max(0, (ttlIn(record) ?? 0) - passed),
    }))
    return { ...entry.known, records, ttl: Math.ceil(left) } as Known
  }

  set(key: string, known: Known): void {
    this.#entries.delete(key)
    if (known.ttl === 0 || this.#most === 0) return
    if (this.#entries.size >= this.#most) this.#entries.delete(this.#entries.keys().next().value as string)
    this.#entries.set(key, { known, until: this.#clock.now() + known.ttl * 1e6 })
  }

  clear(): void {
    this.#entries.clear()
  }
}

function ttlIn(record: object): number | undefined {
  return (record as { ttl?: number }).ttl
}
