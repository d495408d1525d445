import type { Memory } from '../core/memory.ts'
import { EtherType } from '../wire/ethernet.ts'
import {
  ICMPV4_HEADER_LENGTH,
  Icmpv4Type,
  Icmpv4Unreachable,
  isIcmpv4Error,
  writeIcmpv4Checksum,
  writeIcmpv4Header,
} from '../wire/icmpv4.ts'
import {
  ICMPV6_HEADER_LENGTH,
  ICMPV6_PROTOCOL,
  Icmpv6Type,
  isIcmpv6Error,
  writeIcmpv6Checksum,
  writeIcmpv6Header,
} from '../wire/icmpv6.ts'
import {
  checkIpv4Header,
  IPV4_HEADER_LENGTH,
  ipv4Destination,
  ipv4DontFragment,
  ipv4FragmentOffset,
  ipv4HeaderLength,
  ipv4Protocol,
  ipv4Source,
  ipv4TotalLength,
  writeIpv4Header,
} from '../wire/ipv4.ts'
import {
  checkIpv6Header,
  IPV6_DESTINATION,
  IPV6_HEADER_LENGTH,
  IPV6_MIN_MTU,
  IPV6_SOURCE,
  ipv6AddressSum,
  ipv6NextHeader,
  ipv6PayloadLength,
  writeIpv6Fields,
} from '../wire/ipv6.ts'
import { ETHERNET_HEADER, type LinkDevice } from './device.ts'

const ICMPV4_PROTOCOL = 1
const FRAGMENT_HEADER = 44
/** An ICMP error is no longer than what every host takes (RFC 1812 section 4.3.2.3). */
const LONGEST_ICMPV4 = 576
const HOPS = 64
/** CS6, what routers send of their own (RFC 1812 section 4.3.2.5; RFC 4594 section 3.2). */
const NETWORK_CONTROL = 0xc0

/** The frame's IP header, or the frame's start for medium 'ip'. */
function linkHeader(medium: LinkDevice['medium']): number {
  return medium === 'ethernet' ? ETHERNET_HEADER : 0
}

/**
 * Whether a router that drops this frame for its size would say so, and how long the error's frame is: not about
 * packets that may be fragmented (RFC 792), nor about errors, later fragments, or groups (RFC 1122 section 3.2.2, RFC
 * 4443 section 2.4(e)).
 * @returns the error's length with link header, or 0
 */
export function tooBigErrorLength(
  memory: Memory,
  offset: number,
  length: number,
  medium: LinkDevice['medium'],
): number {
  const { view } = memory
  const link = linkHeader(medium)
  const at = offset + link
  if (length < link + IPV4_HEADER_LENGTH) return 0
  if (medium === 'ethernet' && ((view.getUint8(offset) | view.getUint8(offset + 6)) & 1) !== 0) return 0
  const type = medium === 'ethernet' ? view.getUint16(offset + 12) : 0
  if (type !== EtherType.Ipv6 && checkIpv4Header(view, at, length - link) === 0) {
    return mayReport4(view, at) ? link + error4Length(ipv4TotalLength(view, at)) : 0
  }
  if (type !== EtherType.Ipv4 && checkIpv6Header(view, at, length - link) === 0) {
    return mayReport6(view, at) ? link + error6Length(ipv6PayloadLength(view, at)) : 0
  }
  return 0
}

/**
 * Writes the error about a frame that is dropped for its size: Destination Unreachable, Fragmentation Needed, with the
 * next hop's MTU (RFC 1191 section 4), or Packet Too Big (RFC 4443 section 3.2). It comes in the name of the packet's
 * destination, as the link has no router with an address of its own.
 * @param offset the dropped frame's @param mtu bytes that would have passed @param to where the error goes, with the
 * length that `tooBigErrorLength` gave
 */
export function writeTooBigError(
  memory: Memory,
  offset: number,
  medium: LinkDevice['medium'],
  mtu: number,
  to: number,
  errorLength: number,
): void {
  const { view } = memory
  const link = linkHeader(medium)
  if (medium === 'ethernet') {
    memory.move(to, offset + 6, 6)
    memory.move(to + 6, offset, 6)
    memory.move(to + 12, offset + 12, 2)
  }
  const version = view.getUint8(offset + link) >>> 4
  const writeError = version === 4 ? writeError4 : writeError6
  writeError(memory, offset + link, mtu, to + link, errorLength - link)
}

function mayReport4(view: DataView, at: number): boolean {
  if (!ipv4DontFragment(view, at) || ipv4FragmentOffset(view, at) !== 0) return false
  const source = ipv4Source(view, at)
  // Neither 0.0.0.0/8 nor a group or the broadcast address (224.0.0.0/3).
  if (source >>> 24 === 0 || source >>> 29 === 7 || ipv4Destination(view, at) >>> 29 === 7) return false
  if (ipv4Protocol(view, at) !== ICMPV4_PROTOCOL) return true
  return !isIcmpv4Error(view.getUint8(at + ipv4HeaderLength(view, at)))
}

function mayReport6(view: DataView, at: number): boolean {
  let sourceIsSet = 0
  for (let word = 0; word < 16; word += 4) sourceIsSet |= view.getInt32(at + IPV6_SOURCE + word)
  if (sourceIsSet === 0 || view.getUint8(at + IPV6_SOURCE) === 0xff) return false
  // A link that goes to one neighbour cannot answer in the name of a group.
  if (view.getUint8(at + IPV6_DESTINATION) === 0xff) return false
  const next = ipv6NextHeader(view, at)
  const first = at + IPV6_HEADER_LENGTH
  if (next === FRAGMENT_HEADER) return view.getUint16(first + 2) >>> 3 === 0
  return next !== ICMPV6_PROTOCOL || !isIcmpv6Error(view.getUint8(first))
}

function error4Length(totalLength: number): number {
  return Math.min(LONGEST_ICMPV4, IPV4_HEADER_LENGTH + ICMPV4_HEADER_LENGTH + totalLength)
}

function error6Length(payloadLength: number): number {
  const packet = IPV6_HEADER_LENGTH + payloadLength
  return Math.min(IPV6_MIN_MTU, IPV6_HEADER_LENGTH + ICMPV6_HEADER_LENGTH + packet)
}

function writeError4(memory: Memory, at: number, mtu: number, to: number, length: number): void {
  const { view } = memory
  const icmp = to + IPV4_HEADER_LENGTH
  writeIpv4Header(
    view,
    to,
    length,
    0,
    0,
    HOPS,
    ICMPV4_PROTOCOL,
    ipv4Destination(view, at),
    ipv4Source(view, at),
    NETWORK_CONTROL,
  )
  writeIcmpv4Header(
    view,
    icmp,
    Icmpv4Type.DestinationUnreachable,
    Icmpv4Unreachable.FragmentationNeeded,
    Math.floor(mtu),
  )
  const quoted = icmp + ICMPV4_HEADER_LENGTH
  memory.move(quoted, at, to + length - quoted)
  writeIcmpv4Checksum(view, icmp, to + length - icmp)
}

function writeError6(memory: Memory, at: number, mtu: number, to: number, length: number): void {
  const { view } = memory
  const icmp = to + IPV6_HEADER_LENGTH
  writeIpv6Fields(view, to, length - IPV6_HEADER_LENGTH, ICMPV6_PROTOCOL, HOPS, NETWORK_CONTROL, 0)
  memory.move(to + IPV6_SOURCE, at + IPV6_DESTINATION, 16)
  memory.move(to + IPV6_DESTINATION, at + IPV6_SOURCE, 16)
  writeIcmpv6Header(view, icmp, Icmpv6Type.PacketTooBig, 0, Math.floor(mtu))
  const quoted = icmp + ICMPV6_HEADER_LENGTH
  memory.move(quoted, at, to + length - quoted)
  writeIcmpv6Checksum(view, icmp, to + length - icmp, ipv6AddressSum(view, to))
}
