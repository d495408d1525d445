import { type Micros, NEVER } from '../core/timer.ts'

/** Entries that share one hash: the least recently seen of them makes room. */
const WAYS = 4

/**
 * Which port an Ethernet address was last seen at: what a learning bridge remembers (IEEE 802.1D section 7.9).
 * A fixed table in typed arrays; addresses are two numbers, so that looking one up allocates nothing.
 */
export class MacTable {
  /** Addresses that made others be forgotten before their time. */
  evictions = 0
  readonly #ageing: Micros
  readonly #mask: number
  readonly #high: Uint16Array
  readonly #low: Int32Array
  readonly #port: Int32Array
  /** When the address was last seen; -Infinity for a free place. */
  readonly #seen: Float64Array

  /**
   * @param size entries, rounded up to a power of two, at least 4
   * @param ageing after how long without a frame an address is forgotten
   */
  constructor(size: number, ageing: Micros) {
    const places = Math.max(WAYS, 2 ** Math.ceil(Math.log2(size)))
    this.#ageing = ageing
    this.#mask = places / WAYS - 1
    this.#high = new Uint16Array(places)
    this.#low = new Int32Array(places)
    this.#port = new Int32Array(places)
    this.#seen = new Float64Array(places).fill(-NEVER)
  }

  /** Entries that have not aged. */
  count(now: Micros): number {
    let count = 0
    for (let i = 0; i < this.#seen.length; i++) if (now - this.#seen[i] <= this.#ageing) count++
    return count
  }

  /** Remembers that the address (first 16 and last 32 bits) is at `port`. */
  learn(high: number, low: number, port: number, now: Micros): void {
    const first = this.#bucket(high, low)
    let place = first
    for (let i = first; i < first + WAYS; i++) {
      if (this.#low[i] === low && this.#high[i] === high) {
        place = i
        break
      }
      if (this.#seen[i] < this.#seen[place]) place = i
    }
    const same = this.#low[place] === low && this.#high[place] === high
    if (!same && now - this.#seen[place] <= this.#ageing) this.evictions++
    this.#high[place] = high
    this.#low[place] = low
    this.#port[place] = port
    this.#seen[place] = now
  }

  /** @returns the port where the address was seen, or -1 */
  find(high: number, low: number, now: Micros): number {
    const first = this.#bucket(high, low)
    for (let i = first; i < first + WAYS; i++) {
      if (this.#low[i] === low && this.#high[i] === high) {
        return now - this.#seen[i] <= this.#ageing ? this.#port[i] : -1
      }
    }
    return -1
  }

  /** Forgets every address at `port`. */
  forget(port: number): void {
    for (let i = 0; i < this.#port.length; i++) if (this.#port[i] === port) this.#seen[i] = -NEVER
  }

  #bucket(high: number, low: number): number {
    let hash = Math.imul(low ^ Math.imul(high, 0x9e3779b1), 0x85ebca6b)
    hash = Math.imul(hash ^ (hash >>> 15), 0xc2b2ae35)
    return ((hash ^ (hash >>> 16)) & this.#mask) * WAYS
  }
}
