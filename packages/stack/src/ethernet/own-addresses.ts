import { type Micros, Timer } from '../core/timer.ts'
import { type IpAddress, prefixMask, V4_MAPPED } from '../ip/address.ts'
import { AddressState, type InterfaceAddress } from '../ip/link-port.ts'

/** What a conflict detector is doing for an address. */
export const DetectionPhase = {
  /** Nothing (any more). */
  Done: 0,
  Probing: 1,
  Announcing: 2,
} as const
export type DetectionPhase = (typeof DetectionPhase)[keyof typeof DetectionPhase]

/** One of our addresses, with the state of its conflict detection. */
export class OwnAddress {
  readonly address: InterfaceAddress
  readonly timer: Timer
  phase: DetectionPhase = DetectionPhase.Done
  /** Probes or announcements still to be sent in this phase. */
  remaining = 0
  /** When somebody else was last seen using it. */
  conflictAt: Micros = Number.NEGATIVE_INFINITY

  constructor(address: InterfaceAddress, expire: (own: OwnAddress, now: Micros) => void) {
    this.address = address
    this.timer = new Timer((now) => expire(this, now))
  }

  get ip(): IpAddress {
    return this.address.address
  }

  /** Being checked: Tentative or Optimistic. */
  get unchecked(): boolean {
    return this.address.state === AddressState.Tentative || this.address.state === AddressState.Optimistic
  }
}

/**
 * The addresses of one interface, at most `addressesPerInterface` of them: few enough to be searched in order, and
 * only ARP and neighbour discovery search here.
 */
export class OwnAddresses {
  readonly all: OwnAddress[] = []

  /** The one with these words, unless it turned out to be somebody else's. */
  find(a0: number, a1: number, a2: number, a3: number): OwnAddress | null {
    for (let i = 0; i < this.all.length; i++) {
      const own = this.all[i]
      if (own.address.address.hasWords(a0, a1, a2, a3)) {
        return own.address.state === AddressState.Duplicate ? null : own
      }
    }
    return null
  }

  findV4(word: number): OwnAddress | null {
    return this.find(0, 0, V4_MAPPED, word)
  }

  /** 255.255.255.255, or the directed broadcast address of a prefix of ours, in its 1-form or its old 0-form. */
  isBroadcastV4(word: number): boolean {
    if (word === -1) return true
    for (let i = 0; i < this.all.length; i++) {
      const { address, prefixLength } = this.all[i].address
      // A /31 has no broadcast address (RFC 3021), and a /32 no other host.
      if (!address.isV4 || prefixLength > 30) continue
      const mask = prefixMask(prefixLength)
      if (((word ^ address.a3) & mask) !== 0) continue
      const host = word & ~mask
      if (host === ~mask || host === 0) return true
    }
    return false
  }

  /**
   * The address to ask a neighbour from when the packet's own source will not do: one in its prefix, else of its
   * scope, else any. IPv6 asks from checked addresses only (RFC 4429 section 3.2).
   */
  sourceFor(target: IpAddress): IpAddress | null {
    let best: IpAddress | null = null
    let bestRank = 0
    for (let i = 0; i < this.all.length; i++) {
      const own = this.all[i]
      if (own.ip.family !== target.family || !mayAsk(own)) continue
      let rank = 1
      if (own.ip.isLinkLocal === target.isLinkLocal) rank = 2
      if (target.matches(own.ip, own.address.prefixLength)) rank = 3
      if (rank > bestRank) {
        best = own.ip
        bestRank = rank
      }
    }
    return best
  }
}

/** May be the source of an ARP request or a neighbour solicitation. */
export function mayAsk(own: OwnAddress): boolean {
  return own.ip.isV4 ? own.address.usable : own.address.state === AddressState.Preferred
}
