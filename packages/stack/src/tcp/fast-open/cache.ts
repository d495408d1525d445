import { type Micros, SECOND } from '../../core/timer.ts'
import type { IpAddress } from '../../ip/address.ts'
import { formatAddress } from '../../ip/address-text.ts'
import type { TcpCounters } from '../counters.ts'

/** How long Fast Open rests after a first failure; each further one doubles it (as in Linux), up to an hour or so. */
const FIRST_REST: Micros = 60 * SECOND
const MOST_DOUBLINGS = 6

/** What a client knows of one server, from one address of its own. */
class FastOpenEntry {
  cookie: Uint8Array | null = null
  /** The MSS of the server's SYN-ACK. */
  mss = 0
  /** Failures since data on a SYN last came through. */
  failures = 0
  restUntil: Micros = Number.NEGATIVE_INFINITY
}

/** Cookies and failures by server (R7413-03, R7413-06). The least recently used makes room. */
export class FastOpenCache {
  readonly #limit: number
  readonly #counters: TcpCounters
  readonly #entries = new Map<string, FastOpenEntry>()

  constructor(limit: number, counters: TcpCounters) {
    this.#limit = limit
    this.#counters = counters
  }

  get size(): number {
    return this.#entries.size
  }

  find(local: IpAddress, remote: IpAddress): FastOpenEntry | null {
    const key = keyOf(local, remote)
    const entry = this.#entries.get(key)
    if (entry === undefined) return null
    this.#entries.delete(key)
    this.#entries.set(key, entry)
    return entry
  }

  keep(local: IpAddress, remote: IpAddress, cookie: Uint8Array, mss: number): void {
    const entry = this.#entry(local, remote)
    entry.cookie = cookie
    entry.mss = mss
  }

  /** Data on a SYN has come through. */
  worked(local: IpAddress, remote: IpAddress): void {
    const entry = this.find(local, remote)
    if (entry !== null) entry.failures = 0
  }

  failed(local: IpAddress, remote: IpAddress, now: Micros): void {
    const entry = this.#entry(local, remote)
    entry.restUntil = now + FIRST_REST * 2 ** Math.min(entry.failures, MOST_DOUBLINGS)
    entry.failures++
  }

  #entry(local: IpAddress, remote: IpAddress): FastOpenEntry {
    const known = this.find(local, remote)
    if (known !== null) return known
    if (this.#entries.size >= this.#limit) {
      const [oldest] = this.#entries.keys()
      this.#entries.delete(oldest)
      this.#counters.fastOpenCookiesEvicted++
    }
    const entry = new FastOpenEntry()
    this.#entries.set(keyOf(local, remote), entry)
    return entry
  }
}

function keyOf(local: IpAddress, remote: IpAddress): string {
  return `${formatAddress(local)} ${formatAddress(remote)}`
}
