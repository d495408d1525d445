import type { Engine } from '../core/engine.ts'
import { type Micros, NEVER, SECOND } from '../core/timer.ts'
import type { IpAddress } from './address.ts'
import type { IpCounters } from './counters.ts'
import type { Interface } from './interface.ts'
import type { Path } from './network.ts'
import { MIN_MTU_V4, MIN_MTU_V6, PATH_MTU_LIFETIME } from './path-mtu.ts'

/** How often, at most, forward progress is passed on to the link: well below the 15 s it is good for (RFC 4861). */
const CONFIRM_INTERVAL: Micros = SECOND

/** The time in which an IPv4 identification may not come back (RFC 6864 section 4.3; RFC 791's two minutes). */
const ID_LIFETIME: Micros = 120 * SECOND
const ID_SPACE = 0x10000

/** What a route lookup found for a destination. */
export interface Way {
  iface: Interface
  nextHop: IpAddress
  onLink: boolean
}

/** The `Path` of this stack: a destination, the way there, and what has been learned about it. */
export class RoutedPath implements Path {
  readonly local: IpAddress
  readonly remote: IpAddress
  readonly version: 4 | 6
  readonly headerLength: number
  readonly pseudoSum: number
  /** The remote address is a broadcast of the link, or a group. */
  readonly broadcast: boolean
  readonly multicast: boolean
  iface: Interface
  nextHop: IpAddress
  onLink: boolean
  /** False while no route leads there; sending is refused. */
  usable = true
  /** The routing state this was looked up in; an older one is looked up again before the next packet. */
  generation: number
  /** A router asked for less than MIN_MTU_V4: let it fragment, then. */
  noDf = false
  /** Random, so that flow labels of different peers are unrelated (RFC 6437 section 3). */
  readonly flowKey: number
  #learnedMtu = 0
  #learnedUntil: Micros = NEVER
  #nextId: number
  #idsLeft = ID_SPACE / 2
  #idsSince: Micros = 0
  #confirmedAt: Micros = -CONFIRM_INTERVAL
  readonly #engine: Engine
  readonly #counters: IpCounters
  /** Neighbours in the table's least-recently-used list, and in its hash chain. */
  newer: RoutedPath | null = null
  older: RoutedPath | null = null
  chain: RoutedPath | null = null
  hash = 0

  constructor(
    engine: Engine,
    counters: IpCounters,
    local: IpAddress,
    remote: IpAddress,
    broadcast: boolean,
    way: Way,
    generation: number,
  ) {
    this.#engine = engine
    this.#counters = counters
    this.local = local
    this.remote = remote
    this.version = remote.isV4 ? 4 : 6
    this.headerLength = remote.isV4 ? 20 : 40
    this.pseudoSum = sumWords(local) + sumWords(remote)
    this.broadcast = broadcast
    this.multicast = remote.isMulticast
    this.iface = way.iface
    this.nextHop = way.nextHop
    this.onLink = way.onLink
    this.generation = generation
    this.flowKey = engine.random.uint32() | 0
    this.#nextId = engine.random.uint32() | 0
  }

  get mtu(): number {
    const linkMtu = this.iface.mtu
    if (this.#learnedMtu === 0) return linkMtu
    if (this.#engine.now >= this.#learnedUntil) {
      // R1191-03: after ten minutes the link's own MTU is tried again.
      this.#learnedMtu = 0
      this.noDf = false
      return linkMtu
    }
    return Math.min(this.#learnedMtu, linkMtu)
  }

  /** Takes another way; what was learned about the old one is forgotten when it was another link. */
  moveTo(way: Way): void {
    if (way.iface !== this.iface) {
      this.#learnedMtu = 0
      this.noDf = false
    }
    this.iface = way.iface
    this.nextHop = way.nextHop
    this.onLink = way.onLink
    this.#confirmedAt = -CONFIRM_INTERVAL
  }

  get maxSuperPayload(): number {
    return this.version === 4 ? this.iface.maxSuperPayload4 : this.iface.maxSuperPayload6
  }

  /** R1191-01, R8201-01: only ever smaller, and not below the version's floor. */
  reduceMtu(mtu: number): void {
    if (!(mtu < this.mtu) || (this.version === 6 && mtu < MIN_MTU_V6)) {
      this.#counters.pathMtuIgnored++
      return
    }
    this.#counters.pathMtuReduced++
    if (mtu < MIN_MTU_V4) this.noDf = true
    this.#learnedMtu = Math.max(mtu, this.version === 4 ? MIN_MTU_V4 : MIN_MTU_V6)
    this.#learnedUntil = this.#engine.now + PATH_MTU_LIFETIME
  }

  confirm(): void {
    const now = this.#engine.now
    if (now - this.#confirmedAt < CONFIRM_INTERVAL) return
    this.#confirmedAt = now
    this.iface.link.confirm(this.nextHop)
  }

  suspect(): void {
    this.#confirmedAt = -CONFIRM_INTERVAL
    this.iface.link.suspect(this.nextHop)
  }

  /**
   * A fresh identification for a datagram that is, or may be, fragmented: counted up per path from a random start, so
   * that it tells nothing about traffic to others (ID-04, V6F-02).
   * @returns -1 when all of them were used in the last two minutes (ID-02; IPv4 only)
   */
  takeId(): number {
    if (this.version === 6) return this.#nextId++ | 0
    const now = this.#engine.now
    if (now - this.#idsSince >= ID_LIFETIME) {
      // Half a space a lifetime keeps any two equal ones further apart than that lifetime, whatever the window.
      this.#idsSince = now
      this.#idsLeft = ID_SPACE / 2
    }
    if (this.#idsLeft <= 0) return -1
    this.#idsLeft--
    return this.#nextId++ & 0xffff
  }

  /** RFC 6437: one label a flow, from the transport's ports; never 0 (V6-15). */
  flowLabel(ports: number): number {
    const label = Math.imul(ports ^ this.flowKey, 0x9e3779b1) >>> 12
    return label === 0 ? 1 : label
  }
}

/** The sum of an address's 16-bit halves, as the pseudo-header counts them; IPv4 counts as its 32 bits. */
function sumWords(address: IpAddress): number {
  const low = (address.a3 >>> 16) + (address.a3 & 0xffff)
  if (address.isV4) return low
  return (
    (address.a0 >>> 16) +
    (address.a0 & 0xffff) +
    (address.a1 >>> 16) +
    (address.a1 & 0xffff) +
    (address.a2 >>> 16) +
    (address.a2 & 0xffff) +
    low
  )
}
