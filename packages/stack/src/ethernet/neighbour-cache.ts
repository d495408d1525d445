import type { Audit } from '../core/audit.ts'
import { HalfSipHash, type HashKey } from '../core/siphash.ts'
import type { Micros } from '../core/timer.ts'
import type { IpAddress } from '../ip/address.ts'
import type { EthernetCounters } from './counters.ts'
import { Neighbour, NeighbourState } from './neighbour.ts'

/** How many of the coldest entries are looked at for one that is not known to be alive. */
const EVICTION_WALK = 16

/** An intrusive list of neighbours through `newer` and `older`. */
class NeighbourList {
  newest: Neighbour | null = null
  oldest: Neighbour | null = null
  size = 0

  addNewest(neighbour: Neighbour): void {
    neighbour.older = this.newest
    neighbour.newer = null
    if (this.newest === null) this.oldest = neighbour
    else this.newest.newer = neighbour
    this.newest = neighbour
    this.size++
  }

  addOldest(neighbour: Neighbour): void {
    neighbour.newer = this.oldest
    neighbour.older = null
    if (this.oldest === null) this.newest = neighbour
    else this.oldest.older = neighbour
    this.oldest = neighbour
    this.size++
  }

  remove(neighbour: Neighbour): void {
    if (neighbour.newer === null) this.newest = neighbour.older
    else neighbour.newer.older = neighbour.older
    if (neighbour.older === null) this.oldest = neighbour.newer
    else neighbour.older.newer = neighbour.newer
    neighbour.newer = null
    neighbour.older = null
    this.size--
  }
}

/**
 * The stations of one link, by address words (IPv4 mapped), bounded by `limits.neighbours`.
 *
 * Entries with a MAC stand on a list by use, and the coldest makes room; what others told us unasked goes to its
 * cold end, so that a flood of forged senders displaces itself and not the stations we talk to. Entries still
 * being resolved are never displaced, but may take only half of the table (ND-22, RFC 6583 section 7.1): scanning a
 * thousand absent addresses leaves the live ones alone.
 */
export class NeighbourCache {
  readonly #slots: (Neighbour | null)[]
  readonly #mask: number
  readonly #hash: HalfSipHash
  readonly #capacity: number
  readonly #mostResolving: number
  readonly #counters: EthernetCounters
  readonly #expire: (neighbour: Neighbour, now: Micros) => void
  readonly #onEvicted: (neighbour: Neighbour) => void
  readonly #known = new NeighbourList()
  readonly #resolving = new NeighbourList()
  /** The last one found: a burst goes to one neighbour. */
  #recent: Neighbour | null = null

  /**
   * @param capacity entries, at least 1
   * @param expire what an entry's timer calls
   * @param onEvicted told of each entry that made room
   */
  constructor(
    capacity: number,
    key: HashKey,
    counters: EthernetCounters,
    expire: (neighbour: Neighbour, now: Micros) => void,
    onEvicted: (neighbour: Neighbour) => void,
  ) {
    const slots = 1 << (32 - Math.clz32(Math.max(16, capacity) - 1))
    this.#slots = new Array<Neighbour | null>(slots).fill(null)
    this.#mask = slots - 1
    // Stations choose their own addresses: with a secret key none can choose our hash chains.
    this.#hash = new HalfSipHash(key)
    this.#capacity = capacity
    this.#mostResolving = Math.max(1, capacity >>> 1)
    this.#counters = counters
    this.#expire = expire
    this.#onEvicted = onEvicted
  }

  get size(): number {
    return this.#known.size + this.#resolving.size
  }

  /** Entries being resolved. */
  get resolving(): number {
    return this.#resolving.size
  }

  /** The one being resolved for longest; walk on by `newer`. */
  get oldestResolving(): Neighbour | null {
    return this.#resolving.oldest
  }

  find(a0: number, a1: number, a2: number, a3: number): Neighbour | null {
    const recent = this.#recent
    if (recent?.address.hasWords(a0, a1, a2, a3)) return recent
    let neighbour = this.#slots[this.#hashOf(a0, a1, a2, a3) & this.#mask]
    while (neighbour !== null) {
      if (neighbour.address.hasWords(a0, a1, a2, a3)) {
        this.#recent = neighbour
        return neighbour
      }
      neighbour = neighbour.chain
    }
    return null
  }

  /** The router whose MAC is known that was used last, or null. */
  findRouter(): Neighbour | null {
    let neighbour = this.#known.newest
    while (neighbour !== null && !neighbour.isRouter) neighbour = neighbour.older
    return neighbour
  }

  /** Adds an Incomplete entry for an address that is not there. @returns null, counted, when there is no room */
  addResolving(address: IpAddress, now: Micros): Neighbour | null {
    if (this.#resolving.size >= this.#mostResolving || !this.#makeRoom(now)) {
      this.#counters.neighboursRefused++
      return null
    }
    const neighbour = this.#insert(address)
    this.#resolving.addNewest(neighbour)
    return neighbour
  }

  /** Adds an entry that somebody else told us of. @returns null, counted, when there is no room */
  addLearned(address: IpAddress, now: Micros): Neighbour | null {
    if (!this.#makeRoom(now)) {
      this.#counters.neighboursRefused++
      return null
    }
    const neighbour = this.#insert(address)
    neighbour.state = NeighbourState.Stale
    this.#known.addOldest(neighbour)
    return neighbour
  }

  /** An Incomplete entry got its MAC: the caller has set another state. */
  resolved(neighbour: Neighbour): void {
    this.#resolving.remove(neighbour)
    this.#known.addNewest(neighbour)
  }

  /** A packet goes to a known neighbour: it is now the last to be displaced. */
  touch(neighbour: Neighbour): void {
    if (neighbour === this.#known.newest) return
    this.#known.remove(neighbour)
    this.#known.addNewest(neighbour)
  }

  remove(neighbour: Neighbour): void {
    if (neighbour.state === NeighbourState.Incomplete) this.#resolving.remove(neighbour)
    else this.#known.remove(neighbour)
    if (this.#recent === neighbour) this.#recent = null
    const slot = neighbour.hash & this.#mask
    let other = this.#slots[slot]
    if (other === neighbour) this.#slots[slot] = neighbour.chain
    while (other !== null) {
      if (other.chain === neighbour) other.chain = neighbour.chain
      other = other.chain
    }
    neighbour.chain = null
  }

  /** Calls `visit` for every entry; it may remove that entry. */
  forEach(visit: (neighbour: Neighbour) => void): void {
    for (let i = 0; i < this.#slots.length; i++) {
      let neighbour = this.#slots[i]
      while (neighbour !== null) {
        const next = neighbour.chain
        visit(neighbour)
        neighbour = next
      }
    }
  }

  /** @param visit for each entry: what the owner of its packets has to say */
  audit(audit: Audit, visit: (neighbour: Neighbour) => void): void {
    audit.subject = 'the neighbours'
    let count = 0
    let resolving = 0
    this.forEach((neighbour) => {
      count++
      if (neighbour.state === NeighbourState.Incomplete) resolving++
      visit(neighbour)
    })
    audit.check(count === this.size, 'neighbours counted, and neighbours', this.size, count)
    audit.check(
      resolving === this.resolving,
      'neighbours being resolved, and those listed',
      resolving,
      this.resolving,
    )
    audit.check(count <= this.#capacity, 'more neighbours than the limit', count, this.#capacity)
    audit.check(
      resolving <= this.#mostResolving,
      'more are being resolved than may',
      resolving,
      this.#mostResolving,
    )
  }

  #insert(address: IpAddress): Neighbour {
    const hash = this.#hashOf(address.a0, address.a1, address.a2, address.a3)
    const neighbour = new Neighbour(address, hash, this.#expire)
    neighbour.chain = this.#slots[hash & this.#mask]
    this.#slots[hash & this.#mask] = neighbour
    return neighbour
  }

  #makeRoom(now: Micros): boolean {
    if (this.size < this.#capacity) return true
    const victim = this.#victim(now)
    if (victim === null) return false
    this.remove(victim)
    this.#counters.neighboursEvicted++
    this.#onEvicted(victim)
    return true
  }

  /** The coldest entry that is not known to be alive, else the coldest; never one whose packets wait. */
  #victim(now: Micros): Neighbour | null {
    let coldest: Neighbour | null = null
    let candidate = this.#known.oldest
    for (let i = 0; candidate !== null && i < EVICTION_WALK; i++) {
      if (candidate.waiting === 0) {
        const alive = candidate.state === NeighbourState.Reachable && candidate.reachableUntil >= now
        if (!alive) return candidate
        coldest ??= candidate
      }
      candidate = candidate.newer
    }
    return coldest
  }

  #hashOf(a0: number, a1: number, a2: number, a3: number): number {
    return this.#hash.start().word(a0).word(a1).word(a2).word(a3).end()
  }
}
