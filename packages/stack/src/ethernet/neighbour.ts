import { type Micros, Timer } from '../core/timer.ts'
import type { IpAddress } from '../ip/address.ts'
import type { WaitingPacket } from './waiting-packets.ts'

/** How far a neighbour is known (RFC 4861 section 7.3.2, RFC 7048 section 3). IPv4's neighbours go the same way. */
export const NeighbourState = {
  /** Being asked for; its packets wait. */
  Incomplete: 0,
  /** It answered, or a transport saw progress, less than `ReachableTime` ago. */
  Reachable: 1,
  /** Its MAC is known, but nobody confirmed lately that it is there. */
  Stale: 2,
  /** A packet went out on a stale entry: a transport has five seconds to confirm before we ask. */
  Delay: 3,
  /** Asked by unicast, no answer yet. */
  Probe: 4,
  /** Three probes unanswered: still used, and asked for by multicast ever more rarely. */
  Unreachable: 5,
} as const
export type NeighbourState = (typeof NeighbourState)[keyof typeof NeighbourState]

/** One station on the link: an entry of the neighbour cache. */
export class Neighbour {
  readonly address: IpAddress
  readonly hash: number
  state: NeighbourState = NeighbourState.Incomplete
  /** The MAC as in `mac.ts`; meaningless while Incomplete. */
  macHigh = 0
  macLow = 0
  /** It said so in its last advertisement (the R flag), or advertised itself as a router. */
  isRouter = false
  /** Until when Reachable holds; no timer: the next packet looks. */
  reachableUntil: Micros = Number.NEGATIVE_INFINITY
  /** Solicitations of this round. */
  attempts = 0
  /** When the last one went out, for ND-14 and ARP-06. */
  solicitedAt: Micros = Number.NEGATIVE_INFINITY
  /** Unreachable: the pause before the next solicitation. */
  backoff: Micros = 0
  readonly timer: Timer

  /** Packets that wait, oldest first: for the resolution, or for room on the device after it. */
  firstWaiting: WaitingPacket | null = null
  lastWaiting: WaitingPacket | null = null
  waiting = 0
  /** Stands on the list of those whose packets wait for the device. */
  flushPending = false

  /** The next entry with the same hash slot. */
  chain: Neighbour | null = null
  /** Neighbours on the cache's list: of the known ones by use, or of those being resolved by age. */
  newer: Neighbour | null = null
  older: Neighbour | null = null

  constructor(address: IpAddress, hash: number, expire: (neighbour: Neighbour, now: Micros) => void) {
    this.address = address
    this.hash = hash
    this.timer = new Timer((now) => expire(this, now))
  }

  hasMac(high: number, low: number): boolean {
    return this.macLow === low && this.macHigh === high
  }
}
