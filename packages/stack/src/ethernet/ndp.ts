import type { Memory } from '../core/memory.ts'
import { IpAddress, V4_MAPPED } from '../ip/address.ts'
import { ALL_NODES_V6 } from '../ip/groups.ts'
import { AddressState } from '../ip/link-port.ts'
import type { PacketIn } from '../ip/packet-in.ts'
import { isGroupMac, macHigh, macLow } from '../wire/ethernet.ts'
import { Icmpv6Type, icmpv6Type } from '../wire/icmpv6.ts'
import { ipv6SourceWord } from '../wire/ipv6.ts'
import {
  checkNeighbourDiscovery,
  findNdpOption,
  NaFlag,
  NdpCheck,
  NdpOption,
  naFlags,
  ndpLinkAddress,
  ndpOptionsStart,
  ndpTargetWord,
} from '../wire/ndp.ts'
import type { EthernetCounters } from './counters.ts'
import type { DuplicateAddressDetector } from './duplicate-address.ts'
import type { FrameOutput } from './frame-output.ts'
import type { NdpSender } from './ndp-sender.ts'
import type { Neighbour } from './neighbour.ts'
import { mayAsk, type OwnAddress, type OwnAddresses } from './own-addresses.ts'
import type { Resolver } from './resolver.ts'

/** Who chooses routers and prefixes from what they say of themselves; both messages have passed their checks. */
export interface RouterEvents {
  /** ND-03 held. The message is at `packet.offset`; read it with `wire/ndp.ts`. */
  onRouterAdvertisement(packet: PacketIn): void
  /**
   * All of ND-04 held but one rule: only you know whether the source is the current first hop for the destination.
   * @returns whether it was, and the redirect was followed
   */
  onRedirect(packet: PacketIn): boolean
}

/** What a message says of link-layer addresses. */
const LinkOption = {
  None: 0,
  /** In `#optionHigh` and `#optionLow`. */
  Mac: 1,
  /** One that no other station can have: a group's, zero, or ours. */
  Bad: 2,
} as const
type LinkOption = (typeof LinkOption)[keyof typeof LinkOption]

/** Neighbour discovery (RFC 4861): what a host learns from it, and what it answers. */
export class Ndp {
  readonly #memory: Memory
  readonly #output: FrameOutput
  readonly #sender: NdpSender
  readonly #own: OwnAddresses
  readonly #resolver: Resolver
  readonly #duplicates: DuplicateAddressDetector
  readonly #routers: RouterEvents | null
  readonly #counters: EthernetCounters
  /** The MAC in the link-layer address option that `#readOption` found. */
  #optionHigh = 0
  #optionLow = 0

  constructor(
    memory: Memory,
    output: FrameOutput,
    sender: NdpSender,
    own: OwnAddresses,
    resolver: Resolver,
    duplicates: DuplicateAddressDetector,
    routers: RouterEvents | null,
    counters: EthernetCounters,
  ) {
    this.#memory = memory
    this.#output = output
    this.#sender = sender
    this.#own = own
    this.#resolver = resolver
    this.#duplicates = duplicates
    this.#routers = routers
    this.#counters = counters
  }

  /** @param sourceHigh the frame's source, with `sourceLow` */
  onMessage(packet: PacketIn, sourceHigh: number, sourceLow: number): void {
    if (!this.#isValid(packet)) {
      this.#counters.dropNdInvalid++
      return
    }
    switch (icmpv6Type(this.#memory.view, packet.offset)) {
      case Icmpv6Type.NeighbourSolicitation:
        this.#counters.ndSolicitsIn++
        this.#onSolicitation(packet, sourceHigh, sourceLow)
        return
      case Icmpv6Type.NeighbourAdvertisement:
        this.#counters.ndAdvertsIn++
        this.#onAdvertisement(packet, sourceHigh, sourceLow)
        return
      case Icmpv6Type.RouterAdvertisement:
        this.#counters.routerAdvertsIn++
        this.#onRouterAdvertisement(packet)
        return
      case Icmpv6Type.Redirect:
        this.#counters.redirectsIn++
        this.#onRedirect(packet)
        return
      default:
        // Router solicitations are for routers (RFC 4861 section 6.2.6).
        this.#counters.dropNdIgnored++
    }
  }

  /** Asks for a neighbour. @returns false when no address of ours may ask yet */
  solicit(neighbour: Neighbour, unicast: boolean): boolean {
    const source = this.#sourceFor(neighbour)
    if (source === null) return false
    if (unicast) {
      this.#sender.probeNeighbour(source, neighbour.address, neighbour.macHigh, neighbour.macLow)
    } else this.#sender.solicit(source, neighbour.address)
    return true
  }

  /** ND-01 to ND-05, and what no station can be: a group, an IPv4 address, or us. */
  #isValid(packet: PacketIn): boolean {
    // RFC 6980 section 5: never in fragments, which would hide them from switches that filter.
    if (packet.reassembled) return false
    const { src0, src1, src2, src3 } = packet
    if (src0 >>> 24 === 0xff || isMapped(src0, src1, src2)) return false
    // Who holds a duplicate of ours defends it from that very address (RFC 4862 section 5.4.4); once it is checked, a
    // message from ourselves is forged or looped.
    const own = this.#own.find(src0, src1, src2, src3)
    if (own !== null && !own.unchecked) return false
    const check = checkNeighbourDiscovery(
      this.#memory.view,
      packet.offset,
      packet.length,
      packet.ttl,
      src0,
      src1,
      src2,
      src3,
      packet.dst0,
      packet.dst1,
      packet.dst2,
      packet.dst3,
    )
    return check === NdpCheck.Ok
  }

  #onSolicitation(packet: PacketIn, sourceHigh: number, sourceLow: number): void {
    const own = this.#ownTarget(packet.offset)
    if (own === null) return
    if ((packet.src0 | packet.src1 | packet.src2 | packet.src3) === 0) {
      if (own.unchecked) this.#duplicates.onProbe(own, sourceHigh, sourceLow)
      else this.#answerEverybody(own)
      return
    }
    // SL-03: a tentative address is nobody's yet; the question is ignored, its MAC too.
    if (!own.address.usable) return
    const option = this.#readOption(packet, NdpOption.SourceLinkAddress)
    if (option === LinkOption.Bad) return
    if (option === LinkOption.Mac) {
      this.#learn(packet.src0, packet.src1, packet.src2, packet.src3)
      this.#answer(packet, own, this.#optionHigh, this.#optionLow)
    } else {
      // Without the option, the frame itself says where the answer goes: no resolution for a stranger's question.
      this.#answer(packet, own, sourceHigh, sourceLow)
    }
  }

  /** ND-09: to who asked; RFC 4429 section 3.3: an unchecked address overrides nothing. */
  #answer(packet: PacketIn, own: OwnAddress, high: number, low: number): void {
    const checked = own.address.state === AddressState.Preferred
    const flags = NaFlag.Solicited | (checked ? NaFlag.Override : 0)
    this.#sender.advertise(own.ip, packet.src0, packet.src1, packet.src2, packet.src3, high, low, flags)
  }

  /** ND-09: to a node that checks our address and has none yet. */
  #answerEverybody(own: OwnAddress): void {
    const { a0, a1, a2, a3 } = ALL_NODES_V6
    this.#sender.advertise(own.ip, a0, a1, a2, a3, 0x3333, a3, NaFlag.Override)
  }

  #onAdvertisement(packet: PacketIn, sourceHigh: number, sourceLow: number): void {
    const view = this.#memory.view
    const own = this.#ownTarget(packet.offset)
    if (own !== null) {
      this.#duplicates.onAdvertisement(own, sourceHigh, sourceLow)
      return
    }
    const t0 = ndpTargetWord(view, packet.offset, 0)
    const t1 = ndpTargetWord(view, packet.offset, 1)
    const t2 = ndpTargetWord(view, packet.offset, 2)
    // IPv4's neighbours share the table, in their mapped form.
    if (isMapped(t0, t1, t2)) return
    const neighbour = this.#resolver.cache.find(t0, t1, t2, ndpTargetWord(view, packet.offset, 3))
    // ND-11: nobody asked, nobody wants to know.
    if (neighbour === null) return
    const flags = naFlags(view, packet.offset)
    const option = this.#readOption(packet, NdpOption.TargetLinkAddress)
    if (option === LinkOption.Bad) return
    const hasMac = option === LinkOption.Mac
    const ignored = hasMac && (flags & NaFlag.Override) === 0 && this.#differs(neighbour)
    this.#resolver.onAdvertised(
      neighbour,
      hasMac,
      this.#optionHigh,
      this.#optionLow,
      (flags & NaFlag.Solicited) !== 0,
      (flags & NaFlag.Override) !== 0,
    )
    if (!ignored) neighbour.isRouter = (flags & NaFlag.Router) !== 0
  }

  /** ND-03 held: the router is a neighbour, and whoever chooses routers is told. */
  #onRouterAdvertisement(packet: PacketIn): void {
    if (this.#readOption(packet, NdpOption.SourceLinkAddress) === LinkOption.Mac) {
      const router = this.#learn(packet.src0, packet.src1, packet.src2, packet.src3)
      if (router !== null) router.isRouter = true
    }
    this.#routers?.onRouterAdvertisement(packet)
  }

  /** ND-04, ND-21: followed only if its source is the first hop, which the routing above knows. */
  #onRedirect(packet: PacketIn): void {
    if (this.#routers === null || !this.#routers.onRedirect(packet)) {
      this.#counters.dropNdIgnored++
      return
    }
    if (this.#readOption(packet, NdpOption.TargetLinkAddress) !== LinkOption.Mac) return
    const view = this.#memory.view
    const at = packet.offset
    this.#learn(
      ndpTargetWord(view, at, 0),
      ndpTargetWord(view, at, 1),
      ndpTargetWord(view, at, 2),
      ndpTargetWord(view, at, 3),
    )
  }

  /** ND-10: creates or updates a STALE entry with the MAC of the option. */
  #learn(a0: number, a1: number, a2: number, a3: number): Neighbour | null {
    const loopback = (a0 | a1 | a2) === 0 && (a3 === 0 || a3 === 1)
    if (loopback || isMapped(a0, a1, a2) || this.#own.find(a0, a1, a2, a3) !== null) return null
    const neighbour = this.#resolver.cache.find(a0, a1, a2, a3)
    if (neighbour === null) {
      return this.#resolver.learn(new IpAddress(a0, a1, a2, a3), this.#optionHigh, this.#optionLow)
    }
    this.#resolver.onTold(neighbour, this.#optionHigh, this.#optionLow)
    return neighbour
  }

  /** Reads a link-layer address option; a bad one is counted. */
  #readOption(packet: PacketIn, kind: number): LinkOption {
    const view = this.#memory.view
    const start = packet.offset + ndpOptionsStart(icmpv6Type(view, packet.offset))
    const option = findNdpOption(view, start, packet.offset + packet.length, kind)
    if (option < 0) return LinkOption.None
    const high = macHigh(view, ndpLinkAddress(option))
    const low = macLow(view, ndpLinkAddress(option))
    this.#optionHigh = high
    this.#optionLow = low
    const ours = low === this.#output.macLow && high === this.#output.macHigh
    if (!ours && !isGroupMac(high) && (high | low) !== 0) return LinkOption.Mac
    this.#counters.dropNdInvalid++
    return LinkOption.Bad
  }

  #differs(neighbour: Neighbour): boolean {
    return !neighbour.hasMac(this.#optionHigh, this.#optionLow)
  }

  #ownTarget(offset: number): OwnAddress | null {
    const view = this.#memory.view
    return this.#own.find(
      ndpTargetWord(view, offset, 0),
      ndpTargetWord(view, offset, 1),
      ndpTargetWord(view, offset, 2),
      ndpTargetWord(view, offset, 3),
    )
  }

  /** ND-08 (RFC 4861 section 7.2.2): the source of the packet that asks; for probes, whichever suits the target. */
  #sourceFor(neighbour: Neighbour): IpAddress | null {
    const waiting = neighbour.firstWaiting
    if (waiting !== null) {
      const view = this.#memory.view
      const at = waiting.offset
      const own = this.#own.find(
        ipv6SourceWord(view, at, 0),
        ipv6SourceWord(view, at, 1),
        ipv6SourceWord(view, at, 2),
        ipv6SourceWord(view, at, 3),
      )
      if (own !== null && mayAsk(own)) return own.ip
    }
    return this.#own.sourceFor(neighbour.address)
  }
}

/** The first words of ::ffff:a.b.c.d, an IPv4 address: it never names an IPv6 station. */
function isMapped(a0: number, a1: number, a2: number): boolean {
  return a0 === 0 && a1 === 0 && a2 === V4_MAPPED
}
