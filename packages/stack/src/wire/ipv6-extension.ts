import { IPV6_HEADER_LENGTH, IPV6_NEXT_HEADER, ipv6NextHeader, ipv6PayloadLength } from './ipv6.ts'

/** IPv6 extension headers (RFC 8200 section 4). */
export const Ipv6NextHeader = {
  HopByHop: 0,
  Routing: 43,
  Fragment: 44,
  /** Encapsulating Security Payload: opaque from here on. */
  Esp: 50,
  Authentication: 51,
  NoNext: 59,
  DestinationOptions: 60,
} as const

/** The Fragment header (RFC 8200 section 4.5). */
export const IPV6_FRAGMENT_LENGTH = 8

/** In bytes. @param offset of the Fragment header */
export function ipv6FragmentOffset(view: DataView, offset: number): number {
  // 13 bits in units of 8 bytes, standing above three other bits: masked, they are bytes already.
  return view.getUint16(offset + 2) & 0xfff8
}

export function ipv6MoreFragments(view: DataView, offset: number): boolean {
  return (view.getUint16(offset + 2) & 1) !== 0
}

/** As int32. */
export function ipv6FragmentIdentification(view: DataView, offset: number): number {
  return view.getInt32(offset + 4)
}

/** @param fragmentOffset bytes, a multiple of 8 */
export function writeIpv6Fragment(
  view: DataView,
  offset: number,
  nextHeader: number,
  fragmentOffset: number,
  moreFragments: boolean,
  identification: number,
): void {
  view.setUint16(offset, nextHeader << 8)
  view.setUint16(offset + 2, fragmentOffset | (moreFragments ? 1 : 0))
  view.setInt32(offset + 4, identification)
}

/** How the walk along a packet's extension headers ended. */
export const Ipv6Walk = {
  /** `next` is an upper-layer protocol (or ESP, or AH) at `offset`. */
  Upper: 0,
  /** A Fragment header stands at `offset`: reassemble, or, for an atomic one, `resumeAfterFragment`. */
  Fragment: 1,
  /** No Next Header (59): nothing follows (V6-08). */
  Nothing: 2,
  /** A header runs over the packet's end, or an option over its header's (V6-06): drop, silently. */
  Truncated: 3,
  /** Hop-by-Hop not directly after the IPv6 header (V6-03): Parameter Problem code 1 at `pointer`. */
  Misplaced: 4,
  /** An option that says to drop the packet (V6-05): silently. */
  OptionDrop: 5,
  /** An option that says to report it (V6-05): Parameter Problem code 2 at `pointer`. */
  OptionReport: 6,
  /** The same, but not to report it if the destination is multicast. */
  OptionReportUnicast: 7,
  /** A routing header with segments left (V6-07): Parameter Problem code 0 at `pointer`. */
  RoutingSegments: 8,
  /** More headers or options than anybody sends (V6-09): drop, silently. */
  TooMany: 9,
} as const
export type Ipv6Walk = (typeof Ipv6Walk)[keyof typeof Ipv6Walk]

/** Extension headers in one packet (RFC 8504 section 5.3; V6-09). */
const MAX_EXTENSION_HEADERS = 8
/** Options besides padding in one header (RFC 8504 section 5.3; V6-09). */
const MAX_HEADER_OPTIONS = 8

/** Where a walk stands. Reused record. */
export class Ipv6Chain {
  /** The protocol or header type at `offset`. */
  next = 0
  offset = 0
  /** Bytes from `offset` to the packet's end. */
  length = 0
  /** Where the Next Header field that named `next` stands, from the packet's start: Parameter Problem's pointer (V6-04). */
  nextHeaderAt = 0
  /** What is wrong, from the packet's start. */
  pointer = 0
  /** The Router Alert option's value (RFC 2711), -1 without. MLD has to have it. */
  routerAlert = -1
  /** Where the packet starts. */
  packet = 0
  headers = 0
}

/** Walks from the IPv6 header at `offset`, which `checkIpv6Header` passed, to what is of interest next. */
export function walkIpv6(view: DataView, offset: number, chain: Ipv6Chain): Ipv6Walk {
  chain.packet = offset
  chain.next = ipv6NextHeader(view, offset)
  chain.offset = offset + IPV6_HEADER_LENGTH
  chain.length = ipv6PayloadLength(view, offset)
  chain.nextHeaderAt = IPV6_NEXT_HEADER
  chain.pointer = 0
  chain.routerAlert = -1
  chain.headers = 0
  return walkOn(view, chain)
}

/** Steps over the Fragment header at which the walk stopped: for atomic fragments (V6F-04). */
export function resumeAfterFragment(view: DataView, chain: Ipv6Chain): Ipv6Walk {
  step(view, chain, IPV6_FRAGMENT_LENGTH)
  return walkOn(view, chain)
}

function walkOn(view: DataView, chain: Ipv6Chain): Ipv6Walk {
  for (;;) {
    const next = chain.next
    if (next === Ipv6NextHeader.NoNext) return Ipv6Walk.Nothing
    const isOptions = next === Ipv6NextHeader.HopByHop || next === Ipv6NextHeader.DestinationOptions
    if (!isOptions && next !== Ipv6NextHeader.Routing && next !== Ipv6NextHeader.Fragment)
      return Ipv6Walk.Upper
    if (next === Ipv6NextHeader.HopByHop && chain.headers > 0) {
      // RFC 8200 section 4.1 (V6-03): unrecognised anywhere but right behind the IPv6 header.
      chain.pointer = chain.nextHeaderAt
      return Ipv6Walk.Misplaced
    }
    if (chain.headers === MAX_EXTENSION_HEADERS) return Ipv6Walk.TooMany
    if (chain.length < 8) return Ipv6Walk.Truncated
    chain.headers++
    if (next === Ipv6NextHeader.Fragment) return Ipv6Walk.Fragment
    const length = (view.getUint8(chain.offset + 1) + 1) << 3
    if (length > chain.length) return Ipv6Walk.Truncated
    const problem = isOptions ? walkOptions(view, chain, length) : checkRouting(view, chain)
    if (problem !== Ipv6Walk.Upper) return problem
    step(view, chain, length)
  }
}

function step(view: DataView, chain: Ipv6Chain, length: number): void {
  chain.next = view.getUint8(chain.offset)
  chain.nextHeaderAt = chain.offset - chain.packet
  chain.offset += length
  chain.length -= length
}

/** RFC 8200 section 4.4 (V6-07): no routing type is known here, so segments left to visit are refused. */
function checkRouting(view: DataView, chain: Ipv6Chain): Ipv6Walk {
  if (view.getUint8(chain.offset + 3) === 0) return Ipv6Walk.Upper
  chain.pointer = chain.offset + 2 - chain.packet
  return Ipv6Walk.RoutingSegments
}

const OPTION_PAD1 = 0
const OPTION_PADN = 1
const OPTION_ROUTER_ALERT = 5

/** RFC 8200 section 4.2. @returns `Upper` when the header may be passed */
function walkOptions(view: DataView, chain: Ipv6Chain, headerLength: number): Ipv6Walk {
  const end = chain.offset + headerLength
  let at = chain.offset + 2
  let options = 0
  while (at < end) {
    const type = view.getUint8(at)
    if (type === OPTION_PAD1) {
      at++
      continue
    }
    const next = at + 1 < end ? at + 2 + view.getUint8(at + 1) : end + 1
    // V6-06: an option that does not end inside its header.
    if (next > end) return Ipv6Walk.Truncated
    if (type !== OPTION_PADN && ++options > MAX_HEADER_OPTIONS) return Ipv6Walk.TooMany
    if (type === OPTION_ROUTER_ALERT && next === at + 4) chain.routerAlert = view.getUint16(at + 2)
    const action = type >>> 6
    if (action !== 0) {
      chain.pointer = at - chain.packet
      return unknownOption(action)
    }
    at = next
  }
  return Ipv6Walk.Upper
}

/** What the two high bits of an unknown option's type ask for (RFC 8200 section 4.2; V6-05). */
function unknownOption(action: number): Ipv6Walk {
  if (action === 1) return Ipv6Walk.OptionDrop
  return action === 2 ? Ipv6Walk.OptionReport : Ipv6Walk.OptionReportUnicast
}
