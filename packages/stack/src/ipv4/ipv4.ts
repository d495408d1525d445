import { V4_MAPPED } from '../ip/address.ts'
import type { Datagram } from '../ip/datagram.ts'
import type { Interface } from '../ip/interface.ts'
import type { Internet } from '../ip/internet.ts'
import type { IpVersion } from '../ip/ip-version.ts'
import type { SendOptions } from '../ip/network.ts'
import { IcmpErrorKind, PacketIn, Protocol } from '../ip/packet-in.ts'
import { FragmentInfo, FragmentResult, Reassembler } from '../ip/reassembly.ts'
import type { RoutedPath } from '../ip/routed-path.ts'
import { isMartianDestinationV4, isMartianSourceV4 } from '../ip/special-prefixes.ts'
import type { TransmitResult } from '../link/device.ts'
import {
  checkIpv4Header,
  IPV4_HEADER_LENGTH,
  Ipv4Check,
  Ipv4Options,
  ipv4Destination,
  ipv4FragmentOffset,
  ipv4HeaderLength,
  ipv4Identification,
  ipv4IsFragment,
  ipv4MoreFragments,
  ipv4Protocol,
  ipv4Source,
  ipv4Tos,
  ipv4TotalLength,
  ipv4Ttl,
  rewriteIpv4Checksum,
  scanIpv4Options,
} from '../wire/ipv4.ts'
import { Ipv4Output } from './output.ts'

/** The least a first fragment of TCP must carry: its header without options (RFC 1858 section 3.2, FRG-05). */
const MIN_TCP_FRAGMENT = 20

/** IPv4 (RFC 791): what comes in is checked, put together and delivered; what goes out gets its header. */
export class Ipv4 implements IpVersion {
  readonly reassembler: Reassembler
  readonly #internet: Internet
  readonly #output: Ipv4Output
  readonly #packet = new PacketIn()
  /** Timeouts happen outside of any packet's handling, and quote a packet of their own. */
  readonly #expired = new PacketIn()
  readonly #fragment = new FragmentInfo()

  constructor(internet: Internet) {
    this.#internet = internet
    this.#output = new Ipv4Output(internet)
    this.reassembler = new Reassembler(internet.engine, internet.limits, internet.counters, (datagram) =>
      this.#timedOut(datagram),
    )
    // What is the same in every packet is written once.
    this.#packet.version = 4
    this.#packet.src2 = V4_MAPPED
    this.#packet.dst2 = V4_MAPPED
    internet.v4 = this
  }

  send(path: RoutedPath, protocol: number, options: SendOptions): TransmitResult {
    return this.#output.send(path, protocol, options)
  }

  onPacket(iface: Interface, offset: number, length: number, linkMulticast: boolean): void {
    const { view } = this.#internet.memory
    const check = checkIpv4Header(view, offset, length)
    if (check !== Ipv4Check.Ok) {
      this.#countBadHeader(iface, check)
      return
    }
    if (!this.#acceptsAddresses(iface, offset, linkMulticast)) return
    const headerLength = ipv4HeaderLength(view, offset)
    if (headerLength > IPV4_HEADER_LENGTH && !this.#acceptsOptions(iface, offset)) return
    this.#describe(iface, offset, headerLength, linkMulticast)
    if (ipv4IsFragment(view, offset)) this.#onFragment(headerLength)
    else this.#deliver()
  }

  #countBadHeader(iface: Interface, check: Ipv4Check): void {
    const internet = this.#internet
    if (check === Ipv4Check.Short) internet.drop(iface, 'droppedShort')
    else if (check === Ipv4Check.Version) internet.drop(iface, 'droppedVersion')
    else if (check === Ipv4Check.HeaderLength) internet.drop(iface, 'droppedHeaderLength')
    else if (check === Ipv4Check.TotalLength) internet.drop(iface, 'droppedTotalLength')
    else internet.drop(iface, 'droppedHeaderChecksum')
  }

  // ---- addresses -------------------------------------------------------------------------------------------

  /** Whether the packet may come from where it says, and is for us (RFC 1122 section 3.2.1.3). */
  #acceptsAddresses(iface: Interface, offset: number, linkMulticast: boolean): boolean {
    const { view } = this.#internet.memory
    const internet = this.#internet
    const { router } = internet
    const source = ipv4Source(view, offset)
    const destination = ipv4Destination(view, offset)
    const packet = this.#packet
    packet.multicast = false
    // What this stack sends to itself was checked when it was sent.
    if (iface.loopback) {
      if (router.ownsAnywhere4(destination)) return true
      internet.drop(iface, 'droppedNotOurs')
      return false
    }
    if (!iface.owns4(destination)) {
      packet.multicast = iface.isBroadcast4(destination) || iface.groups.has(0, 0, V4_MAPPED, destination)
      if (!packet.multicast) {
        // IP-05, FWD-01: nothing is passed on. IP-07: 127/8 does not exist outside. Strong host model (IP-23): other
        // interfaces' addresses neither.
        if (isMartianDestinationV4(destination)) internet.drop(iface, 'droppedMartianDestination')
        else internet.drop(iface, 'droppedNotOurs')
        return false
      }
    }
    // IP-10: nobody has a reason to broadcast a unicast packet.
    if (linkMulticast && !packet.multicast) {
      internet.drop(iface, 'droppedLinkBroadcast')
      return false
    }
    return this.#acceptsSource(iface, source, packet.multicast)
  }

  #acceptsSource(iface: Interface, source: number, toGroup: boolean): boolean {
    const internet = this.#internet
    const { router } = internet
    // IP-06, UDP-07: 0/8 may only be a host without an address, which can only broadcast.
    const isUnknown = source >>> 24 === 0 && !(source === 0 && toGroup)
    if (isUnknown || isMartianSourceV4(source) || iface.isDirectedBroadcast4(source)) {
      internet.drop(iface, 'droppedMartianSource')
      return false
    }
    // MART-02: land.
    if (router.ownsAnywhere4(source)) {
      internet.drop(iface, 'droppedOwnSource')
      return false
    }
    return true
  }

  #acceptsOptions(iface: Interface, offset: number): boolean {
    const internet = this.#internet
    const options = scanIpv4Options(internet.memory.view, offset)
    // IP-15: what is harmless is ignored. IP-17: source routes are dropped, as RFC 7126 section 4.3 advises.
    if (options === Ipv4Options.Harmless) return true
    if (options === Ipv4Options.SourceRoute) internet.drop(iface, 'droppedSourceRoute')
    else internet.drop(iface, 'droppedOptions')
    return false
  }

  // ---- delivery --------------------------------------------------------------------------------------------

  #describe(iface: Interface, offset: number, headerLength: number, linkMulticast: boolean): void {
    const { view } = this.#internet.memory
    const packet = this.#packet
    packet.iface = iface
    packet.protocol = ipv4Protocol(view, offset)
    packet.src3 = ipv4Source(view, offset)
    packet.dst3 = ipv4Destination(view, offset)
    packet.headerOffset = offset
    // ETH-02: the header's length counts, not the frame's.
    packet.totalLength = ipv4TotalLength(view, offset)
    packet.offset = offset + headerLength
    packet.length = packet.totalLength - headerLength
    packet.ttl = ipv4Ttl(view, offset)
    packet.tos = ipv4Tos(view, offset)
    packet.checksum = iface.rxChecksum
    packet.gsoSize = iface.rxGsoSize
    packet.linkMulticast = linkMulticast
    packet.reassembled = false
  }

  #deliver(): void {
    const packet = this.#packet
    if (this.#internet.deliver(packet)) return
    this.#internet.drop(this.#packet.iface, 'droppedProtocol')
    // ICMP-04
    this.#internet.sendError(packet, IcmpErrorKind.ProtocolUnreachable)
  }

  // ---- fragments -------------------------------------------------------------------------------------------

  #onFragment(headerLength: number): void {
    const { view } = this.#internet.memory
    const packet = this.#packet
    const fragment = this.#fragment
    fragment.id = ipv4Identification(view, packet.headerOffset)
    fragment.at = ipv4FragmentOffset(view, packet.headerOffset)
    fragment.more = ipv4MoreFragments(view, packet.headerOffset)
    fragment.headLength = headerLength
    fragment.keyProtocol = packet.protocol
    if (!isSaneFragment(packet, fragment, headerLength)) {
      this.#internet.drop(this.#packet.iface, 'droppedFragmentInvalid')
      return
    }
    packet.iface.counters.ip.fragmentsIn++
    if (this.reassembler.add(packet, fragment) !== FragmentResult.Complete) return
    packet.iface.counters.ip.reassembled++
    this.#makeWhole(packet)
    this.#deliver()
    this.reassembler.release()
  }

  /** The first fragment's header becomes that of the whole, so that an error can quote it. */
  #makeWhole(packet: PacketIn): void {
    const { view } = this.#internet.memory
    view.setUint16(packet.headerOffset + 2, Math.min(packet.totalLength, 65_535))
    view.setUint16(packet.headerOffset + 6, 0)
    view.setUint8(packet.headerOffset + 1, packet.tos)
    rewriteIpv4Checksum(view, packet.headerOffset)
  }

  /** FRG-03: time exceeded, code 1, if the first fragment came. */
  #timedOut(datagram: Datagram): void {
    if (datagram.headLength === 0) return
    datagram.describeFirst(this.#expired)
    this.#internet.errors?.report(this.#expired, IcmpErrorKind.TimeExceeded, 1, 0)
  }
}

/** RFC 791 section 3.2, FRG-04, FRG-05: lengths, the end, and fragments made to slip past filters. */
function isSaneFragment(packet: PacketIn, fragment: FragmentInfo, headerLength: number): boolean {
  if (packet.length === 0 || fragment.at + packet.length > 65_535 - headerLength) return false
  if (fragment.more && (packet.length & 7) !== 0) return false
  if (packet.protocol !== Protocol.Tcp) return true
  return fragment.at === 0 ? packet.length >= MIN_TCP_FRAGMENT : fragment.at > 8
}
