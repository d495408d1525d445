import type { Datagram } from '../ip/datagram.ts'
import type { Interface } from '../ip/interface.ts'
import type { Internet } from '../ip/internet.ts'
import type { IpVersion } from '../ip/ip-version.ts'
import type { SendOptions } from '../ip/network.ts'
import { IcmpErrorKind, PacketIn, Protocol } from '../ip/packet-in.ts'
import { FragmentInfo, FragmentResult, Reassembler } from '../ip/reassembly.ts'
import type { RoutedPath } from '../ip/routed-path.ts'
import type { TransmitResult } from '../link/device.ts'
import { Icmpv6ParameterProblem, Icmpv6Type, isNeighbourDiscovery } from '../wire/icmpv6.ts'
import {
  checkIpv6Header,
  IPV6_HEADER_LENGTH,
  IPV6_NEXT_HEADER,
  Ipv6Check,
  ipv6DestinationWord,
  ipv6HopLimit,
  ipv6PayloadLength,
  ipv6SourceWord,
  ipv6TrafficClass,
} from '../wire/ipv6.ts'
import {
  IPV6_FRAGMENT_LENGTH,
  Ipv6Chain,
  Ipv6NextHeader,
  Ipv6Walk,
  ipv6FragmentIdentification,
  ipv6FragmentOffset,
  ipv6MoreFragments,
  resumeAfterFragment,
  walkIpv6,
} from '../wire/ipv6-extension.ts'
import { isHostInternal6, isMulticast6, isNodeScope6 } from './addresses.ts'
import { Ipv6Output } from './output.ts'

/** Where the header's Payload Length field stands: what V6F-07 points to. */
const PAYLOAD_LENGTH_AT = 4

/** IPv6 (RFC 8200; N8504-01): what comes in is checked, put together and delivered; what goes out gets its header. */
export class Ipv6 implements IpVersion {
  readonly reassembler: Reassembler
  readonly #internet: Internet
  readonly #output: Ipv6Output
  readonly #packet = new PacketIn()
  /** Timeouts happen outside of any packet's handling, and quote a packet of their own. */
  readonly #expired = new PacketIn()
  readonly #chain = new Ipv6Chain()
  readonly #fragment = new FragmentInfo()

  constructor(internet: Internet) {
    this.#internet = internet
    this.#output = new Ipv6Output(internet)
    this.reassembler = new Reassembler(internet.engine, internet.limits, internet.counters, (datagram) =>
      this.#timedOut(datagram),
    )
    internet.v6 = this
  }

  send(path: RoutedPath, protocol: number, options: SendOptions): TransmitResult {
    return this.#output.send(path, protocol, options)
  }

  onPacket(iface: Interface, offset: number, length: number, linkMulticast: boolean): void {
    const { view } = this.#internet.memory
    const check = checkIpv6Header(view, offset, length)
    if (check !== Ipv6Check.Ok) {
      this.#countBadHeader(iface, check)
      return
    }
    this.#describe(iface, offset, linkMulticast)
    if (!this.#acceptsAddresses(iface)) return
    this.#onWalked(walkIpv6(view, offset, this.#chain))
  }

  #countBadHeader(iface: Interface, check: Ipv6Check): void {
    const internet = this.#internet
    if (check === Ipv6Check.Short) internet.drop(iface, 'droppedShort')
    else if (check === Ipv6Check.Version) internet.drop(iface, 'droppedVersion')
    else internet.drop(iface, 'droppedTotalLength')
  }

  #describe(iface: Interface, offset: number, linkMulticast: boolean): void {
    const { view } = this.#internet.memory
    const packet = this.#packet
    packet.iface = iface
    packet.version = 6
    packet.src0 = ipv6SourceWord(view, offset, 0)
    packet.src1 = ipv6SourceWord(view, offset, 1)
    packet.src2 = ipv6SourceWord(view, offset, 2)
    packet.src3 = ipv6SourceWord(view, offset, 3)
    packet.dst0 = ipv6DestinationWord(view, offset, 0)
    packet.dst1 = ipv6DestinationWord(view, offset, 1)
    packet.dst2 = ipv6DestinationWord(view, offset, 2)
    packet.dst3 = ipv6DestinationWord(view, offset, 3)
    packet.headerOffset = offset
    packet.totalLength = IPV6_HEADER_LENGTH + ipv6PayloadLength(view, offset)
    // V6-02: whatever it is, for nothing is passed on.
    packet.ttl = ipv6HopLimit(view, offset)
    packet.tos = ipv6TrafficClass(view, offset)
    packet.checksum = iface.rxChecksum
    packet.gsoSize = iface.rxGsoSize
    packet.multicast = isMulticast6(packet.dst0)
    packet.linkMulticast = linkMulticast
    packet.reassembled = false
  }

  // ---- addresses -------------------------------------------------------------------------------------------

  #acceptsAddresses(iface: Interface): boolean {
    const internet = this.#internet
    const { router } = internet
    const { dst0, dst1, dst2, dst3, src0, src1, src2, src3 } = this.#packet
    if (iface.loopback) {
      if (router.ownsAnywhere6(dst0, dst1, dst2, dst3)) return true
      internet.drop(iface, 'droppedNotOurs')
      return false
    }
    // V6-16, V6-17: destinations that do not exist on a wire.
    if (this.#packet.multicast ? isNodeScope6(dst0) : isHostInternal6(dst0, dst1, dst2, dst3)) {
      internet.drop(iface, 'droppedMartianDestination')
      return false
    }
    // IP-23: strong host model; a group must have been joined (MCAST-01).
    if (!iface.owns6(dst0, dst1, dst2, dst3)) {
      if (!this.#packet.multicast || !iface.groups.has(dst0, dst1, dst2, dst3)) {
        internet.drop(iface, 'droppedNotOurs')
        return false
      }
    }
    if (isMulticast6(src0) || isHostInternal6(src0, src1, src2, src3)) {
      internet.drop(iface, 'droppedMartianSource')
      return false
    }
    // IP-10 in IPv6's world: a unicast packet in a multicast frame.
    if (this.#packet.linkMulticast && !this.#packet.multicast) {
      internet.drop(iface, 'droppedLinkBroadcast')
      return false
    }
    // MART-02. Neighbour discovery is let through: somebody else who has our address is what it wants to know of.
    if (router.ownsAnywhere6(src0, src1, src2, src3) && !this.#claimsDiscovery()) {
      internet.drop(iface, 'droppedOwnSource')
      return false
    }
    return true
  }

  /** An NS or NA directly behind the header, which ICMPv6 hands to the link and to nobody else (V6F-11). */
  #claimsDiscovery(): boolean {
    const { view } = this.#internet.memory
    const { headerOffset, totalLength, ttl } = this.#packet
    if (ttl !== 255 || totalLength <= IPV6_HEADER_LENGTH) return false
    const type = view.getUint8(headerOffset + IPV6_HEADER_LENGTH)
    return (
      view.getUint8(headerOffset + IPV6_NEXT_HEADER) === Protocol.Icmpv6 &&
      (type === Icmpv6Type.NeighbourSolicitation || type === Icmpv6Type.NeighbourAdvertisement)
    )
  }

  // ---- extension headers -----------------------------------------------------------------------------------

  #onWalked(walk: Ipv6Walk): void {
    if (walk === Ipv6Walk.Upper) this.#deliver()
    else if (walk === Ipv6Walk.Fragment) this.#onFragment()
    else if (walk === Ipv6Walk.Nothing) this.#noNextHeader()
    else {
      this.#internet.drop(this.#packet.iface, 'droppedExtensionHeader')
      const code = this.#answerTo(walk)
      if (code >= 0) this.#report(code, this.#chain.pointer)
    }
  }

  #noNextHeader(): void {
    this.#internet.counters.noNextHeader++
    this.#packet.iface.counters.ip.noNextHeader++
  }

  /** Which Parameter Problem a bad header deserves, or -1 for silence. */
  #answerTo(walk: Ipv6Walk): number {
    switch (walk) {
      case Ipv6Walk.Misplaced:
        return Icmpv6ParameterProblem.NextHeader
      case Ipv6Walk.OptionReport:
        return Icmpv6ParameterProblem.Option
      case Ipv6Walk.OptionReportUnicast:
        // V6-05
        return this.#packet.multicast ? -1 : Icmpv6ParameterProblem.Option
      case Ipv6Walk.RoutingSegments:
        // V6-07
        return Icmpv6ParameterProblem.Field
      default:
        return -1
    }
  }

  #report(code: number, pointer: number): void {
    this.#internet.errors?.report(this.#packet, IcmpErrorKind.ParameterProblem, code, pointer)
  }

  #deliver(): void {
    const packet = this.#packet
    packet.protocol = this.#chain.next
    packet.offset = this.#chain.offset
    packet.length = this.#chain.length
    if (this.#internet.deliver(packet)) return
    this.#internet.drop(this.#packet.iface, 'droppedProtocol')
    // V6-04
    this.#report(Icmpv6ParameterProblem.NextHeader, this.#chain.nextHeaderAt)
  }

  // ---- fragments -------------------------------------------------------------------------------------------

  #onFragment(): void {
    const { view } = this.#internet.memory
    const packet = this.#packet
    const chain = this.#chain
    const fragment = this.#fragment
    if (packet.reassembled) {
      // Fragments of fragments: nobody sends them.
      this.#internet.drop(this.#packet.iface, 'droppedFragmentInvalid')
      return
    }
    fragment.at = ipv6FragmentOffset(view, chain.offset)
    fragment.more = ipv6MoreFragments(view, chain.offset)
    if (fragment.at === 0 && !fragment.more) {
      // V6F-04: an atomic fragment is whole, and has nothing to do with others of the same identification.
      packet.reassembled = true
      this.#onWalked(resumeAfterFragment(view, chain))
      return
    }
    fragment.id = ipv6FragmentIdentification(view, chain.offset)
    packet.protocol = view.getUint8(chain.offset)
    packet.offset = chain.offset + IPV6_FRAGMENT_LENGTH
    packet.length = chain.length - IPV6_FRAGMENT_LENGTH
    fragment.headLength = packet.offset - packet.headerOffset
    if (!this.#acceptsFragment(packet, fragment)) return
    packet.iface.counters.ip.fragmentsIn++
    if (this.reassembler.add(packet, fragment) !== FragmentResult.Complete) return
    packet.iface.counters.ip.reassembled++
    this.#makeWhole(packet)
    this.#onWalked(walkIpv6(view, packet.headerOffset, chain))
    this.reassembler.release()
  }

  /** RFC 8200 section 4.5: errors in a fragment that are worth an answer. */
  #acceptsFragment(packet: PacketIn, fragment: FragmentInfo): boolean {
    if (fragment.more && (packet.length & 7) !== 0) {
      // V6F-07
      return this.#refuseFragment(Icmpv6ParameterProblem.Field, PAYLOAD_LENGTH_AT)
    }
    if (fragment.at + packet.length > 65_535) {
      // V6F-08: the pointer is at the Fragment Offset field.
      return this.#refuseFragment(Icmpv6ParameterProblem.Field, this.#chain.offset + 2 - packet.headerOffset)
    }
    if (packet.length === 0 || isDiscovery(this.#internet.memory.view, packet, fragment)) {
      // V6F-11: neighbour discovery is never fragmented (RFC 6980 section 5).
      this.#internet.drop(this.#packet.iface, 'droppedFragmentInvalid')
      return false
    }
    if (fragment.at === 0 && !hasUpperHeader(this.#internet.memory.view, packet)) {
      // V6F-09
      return this.#refuseFragment(Icmpv6ParameterProblem.IncompleteChain, 0)
    }
    return true
  }

  #refuseFragment(code: number, pointer: number): false {
    this.#internet.drop(this.#packet.iface, 'droppedFragmentInvalid')
    this.#report(code, pointer)
    return false
  }

  /**
   * The whole packet gets a plain header: extension headers before the Fragment header did their work in every
   * fragment, and are gone (RFC 8200 section 4.5 keeps them; nothing above looks at them).
   */
  #makeWhole(packet: PacketIn): void {
    const { memory } = this.#internet
    const header = packet.offset - IPV6_HEADER_LENGTH
    // The first fragment's header lies further back, where its own extension headers were kept behind it.
    if (packet.headerOffset !== packet.offset) memory.move(header, packet.headerOffset, IPV6_HEADER_LENGTH)
    else this.#rebuildHeader(packet, header)
    memory.view.setUint16(header + PAYLOAD_LENGTH_AT, Math.min(packet.length, 65_535))
    memory.view.setUint8(header + IPV6_NEXT_HEADER, packet.protocol)
    packet.headerOffset = header
    packet.totalLength = IPV6_HEADER_LENGTH + packet.length
  }

  /** The first fragment's headers were too long to keep. */
  #rebuildHeader(packet: PacketIn, header: number): void {
    const { view } = this.#internet.memory
    view.setInt32(header, 0x60000000 | (packet.tos << 20))
    view.setUint8(header + 7, packet.ttl)
    view.setInt32(header + 8, packet.src0)
    view.setInt32(header + 12, packet.src1)
    view.setInt32(header + 16, packet.src2)
    view.setInt32(header + 20, packet.src3)
    view.setInt32(header + 24, packet.dst0)
    view.setInt32(header + 28, packet.dst1)
    view.setInt32(header + 32, packet.dst2)
    view.setInt32(header + 36, packet.dst3)
  }

  /** V6F-06: time exceeded, code 1, if the first fragment came. */
  #timedOut(datagram: Datagram): void {
    if (datagram.headLength === 0) return
    datagram.describeFirst(this.#expired)
    this.#internet.errors?.report(this.#expired, IcmpErrorKind.TimeExceeded, 1, 0)
  }
}

/** Whether a first fragment, or an unfragmented message in disguise, carries neighbour discovery. */
function isDiscovery(view: DataView, packet: PacketIn, fragment: FragmentInfo): boolean {
  if (packet.protocol !== Protocol.Icmpv6 || fragment.at !== 0) return false
  return isNeighbourDiscovery(view.getUint8(packet.offset))
}

/** Bytes of an upper-layer header that a first fragment must hold (RFC 7112 section 5). */
const UPPER_HEADER = new Map<number, number>([
  [Protocol.Tcp, 20],
  [Protocol.Udp, 8],
  [Protocol.Icmpv6, 8],
])

/** Follows the chain inside a first fragment's data: does it reach a whole upper-layer header? */
function hasUpperHeader(view: DataView, packet: PacketIn): boolean {
  let next = packet.protocol
  let at = packet.offset
  const end = packet.offset + packet.length
  while (isExtension(next)) {
    if (at + 8 > end) return false
    next = view.getUint8(at)
    at += (view.getUint8(at + 1) + 1) << 3
  }
  return at + (UPPER_HEADER.get(next) ?? 0) <= end
}

function isExtension(next: number): boolean {
  return (
    next === Ipv6NextHeader.HopByHop ||
    next === Ipv6NextHeader.Routing ||
    next === Ipv6NextHeader.DestinationOptions
  )
}
