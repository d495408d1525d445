import { Icmpv6Type, icmpv6Code, icmpv6Type, writeIcmpv6Header } from './icmpv6.ts'
import { writeAddress6 } from './ipv6.ts'

/** Neighbour discovery messages (RFC 4861 section 4). Offsets are of the ICMPv6 header. */
export const NEIGHBOUR_MESSAGE_LENGTH = 24
const ROUTER_SOLICITATION_LENGTH = 8
const ROUTER_ADVERTISEMENT_LENGTH = 16
const REDIRECT_LENGTH = 40
/** Of a valid message: nobody outside the link can make it (RFC 4861 section 3.1). */
export const NDP_HOP_LIMIT = 255

const FLAGS = 4
/** Where the target address stands, in solicitations, advertisements and redirects. */
const NDP_TARGET = 8
/** Where a redirect's destination address stands. */
const NDP_REDIRECT_DESTINATION = 24

export const NdpOption = {
  SourceLinkAddress: 1,
  TargetLinkAddress: 2,
  PrefixInformation: 3,
  RedirectedHeader: 4,
  Mtu: 5,
  Nonce: 14,
  RouteInformation: 24,
  RecursiveDns: 25,
} as const

/** Flags of a Neighbour Advertisement, in its second word. */
export const NaFlag = { Router: 0x80000000 | 0, Solicited: 0x40000000, Override: 0x20000000 } as const

/** Flags of a Router Advertisement. */
export const RaFlag = { Managed: 0x80, Other: 0x40 } as const

/** Flags of a Prefix Information option. */
export const PrefixFlag = { OnLink: 0x80, Autonomous: 0x40 } as const

/** @param word 0 to 3 */
export function ndpTargetWord(view: DataView, offset: number, word: number): number {
  return view.getInt32(offset + NDP_TARGET + (word << 2))
}

/** Of a redirect. @param word 0 to 3 */
export function ndpDestinationWord(view: DataView, offset: number, word: number): number {
  return view.getInt32(offset + NDP_REDIRECT_DESTINATION + (word << 2))
}

/** The bits of `NaFlag`. */
export function naFlags(view: DataView, offset: number): number {
  return view.getInt32(offset + FLAGS)
}

/** 0: the router does not say. */
export function raHopLimit(view: DataView, offset: number): number {
  return view.getUint8(offset + 4)
}

/** The bits of `RaFlag`. */
export function raFlags(view: DataView, offset: number): number {
  return view.getUint8(offset + 5)
}

/** In seconds; 0: not a default router. */
export function raRouterLifetime(view: DataView, offset: number): number {
  return view.getUint16(offset + 6)
}

/** In milliseconds; 0: the router does not say. */
export function raReachableTime(view: DataView, offset: number): number {
  return view.getUint32(offset + 8)
}

/** In milliseconds; 0: the router does not say. */
export function raRetransTimer(view: DataView, offset: number): number {
  return view.getUint32(offset + 12)
}

/** Where the options of a message start, from its offset, or -1 if the type is none of the five. */
export function ndpOptionsStart(type: number): number {
  switch (type) {
    case Icmpv6Type.NeighbourSolicitation:
    case Icmpv6Type.NeighbourAdvertisement:
      return NEIGHBOUR_MESSAGE_LENGTH
    case Icmpv6Type.RouterSolicitation:
      return ROUTER_SOLICITATION_LENGTH
    case Icmpv6Type.RouterAdvertisement:
      return ROUTER_ADVERTISEMENT_LENGTH
    case Icmpv6Type.Redirect:
      return REDIRECT_LENGTH
    default:
      return -1
  }
}

/**
 * The next option of a kind. To find the first, start at the message's offset plus `ndpOptionsStart`; for a further
 * one, at the end of the last. Only after `checkNeighbourDiscovery`.
 * @param end behind the message
 * @returns its offset, or -1
 */
export function findNdpOption(view: DataView, start: number, end: number, kind: number): number {
  let at = start
  while (at + 8 <= end) {
    const length = ndpOptionLength(view, at)
    if (length === 0 || at + length > end) return -1
    if (view.getUint8(at) === kind) return at
    at += length
  }
  return -1
}

/** In bytes, a multiple of 8. */
export function ndpOptionLength(view: DataView, option: number): number {
  return view.getUint8(option + 1) << 3
}

/** Where the MAC address of a link-layer address option starts: for `macHigh` and `macLow`. */
export function ndpLinkAddress(option: number): number {
  return option + 2
}

/** Of an MTU option. */
export function ndpMtu(view: DataView, option: number): number {
  return view.getUint32(option + 4)
}

export function prefixLength(view: DataView, option: number): number {
  return view.getUint8(option + 2)
}

/** The bits of `PrefixFlag`. */
export function prefixFlags(view: DataView, option: number): number {
  return view.getUint8(option + 3)
}

/** In seconds, 0xffffffff for ever. */
export function prefixValidLifetime(view: DataView, option: number): number {
  return view.getUint32(option + 4)
}

/** In seconds, 0xffffffff for ever. */
export function prefixPreferredLifetime(view: DataView, option: number): number {
  return view.getUint32(option + 8)
}

/** @param word 0 to 3 */
export function prefixWord(view: DataView, option: number, word: number): number {
  return view.getInt32(option + 16 + (word << 2))
}

/* Writers: checksum 0; `writeIcmpv6Checksum` follows when the message is complete. */

/** Writes type, flags and target, `NEIGHBOUR_MESSAGE_LENGTH` bytes. */
function writeNeighbourMessage(
  view: DataView,
  offset: number,
  type: number,
  flags: number,
  target0: number,
  target1: number,
  target2: number,
  target3: number,
): number {
  writeIcmpv6Header(view, offset, type, 0, flags)
  writeAddress6(view, offset + NDP_TARGET, target0, target1, target2, target3)
  return offset + NEIGHBOUR_MESSAGE_LENGTH
}

/** @returns where options go */
export function writeNeighbourSolicitation(
  view: DataView,
  offset: number,
  target0: number,
  target1: number,
  target2: number,
  target3: number,
): number {
  const type = Icmpv6Type.NeighbourSolicitation
  return writeNeighbourMessage(view, offset, type, 0, target0, target1, target2, target3)
}

/** @param flags of `NaFlag`. @returns where options go */
export function writeNeighbourAdvertisement(
  view: DataView,
  offset: number,
  flags: number,
  target0: number,
  target1: number,
  target2: number,
  target3: number,
): number {
  const type = Icmpv6Type.NeighbourAdvertisement
  return writeNeighbourMessage(view, offset, type, flags, target0, target1, target2, target3)
}

/** @returns where options go */
export function writeRouterSolicitation(view: DataView, offset: number): number {
  writeIcmpv6Header(view, offset, Icmpv6Type.RouterSolicitation, 0, 0)
  return offset + ROUTER_SOLICITATION_LENGTH
}

/** Writes a source or target link-layer address option, 8 bytes. @returns its end */
export function writeLinkAddressOption(
  view: DataView,
  offset: number,
  kind: number,
  high: number,
  low: number,
): number {
  view.setUint16(offset, (kind << 8) | 1)
  view.setUint16(offset + 2, high)
  view.setInt32(offset + 4, low)
  return offset + 8
}

/** Why a message is refused; 0 is a good one. */
export const NdpCheck = {
  Ok: 0,
  /** Shorter than its type's fixed part, or none of the five types. */
  Short: 1,
  /** Not 255: it came from outside the link. */
  HopLimit: 2,
  /** Not 0. */
  Code: 3,
  /** An option with length 0 or beyond the message (ND-05), or a link-layer address option of a wrong length. */
  Option: 4,
  /** A multicast target, or a redirect's destination that is multicast. */
  Target: 5,
  /** A source that this message must not have: see the rule of its type. */
  Source: 6,
  /** A destination that this message must not have: see the rule of its type. */
  Destination: 7,
} as const
export type NdpCheck = (typeof NdpCheck)[keyof typeof NdpCheck]

/**
 * The validity rules of RFC 4861 sections 6.1.1, 6.1.2, 7.1.1, 7.1.2 and 8.1 (ND-01 to ND-05), but for the checksum
 * and for who is the current first hop, which others know.
 * @param source3 the last word: with `source0` to `source2` the packet's source
 */
export function checkNeighbourDiscovery(
  view: DataView,
  offset: number,
  length: number,
  hopLimit: number,
  source0: number,
  source1: number,
  source2: number,
  source3: number,
  destination0: number,
  destination1: number,
  destination2: number,
  destination3: number,
): NdpCheck {
  if (hopLimit !== NDP_HOP_LIMIT) return NdpCheck.HopLimit
  if (length < ROUTER_SOLICITATION_LENGTH) return NdpCheck.Short
  const type = icmpv6Type(view, offset)
  const optionsStart = ndpOptionsStart(type)
  if (optionsStart < 0 || length < optionsStart) return NdpCheck.Short
  if (icmpv6Code(view, offset) !== 0) return NdpCheck.Code
  const end = offset + length
  if (!optionsWellFormed(view, offset + optionsStart, end)) return NdpCheck.Option
  const unspecified = (source0 | source1 | source2 | source3) === 0
  const linkLocalSource = (source0 & 0xffc00000) === (0xfe800000 | 0)
  const multicast = destination0 >>> 24 === 0xff
  switch (type) {
    case Icmpv6Type.NeighbourSolicitation: {
      if (isMulticastTarget(view, offset)) return NdpCheck.Target
      // ff02::1:ff00:0/104, the solicited-node groups (RFC 4291 section 2.7.1).
      const solicitedNode =
        destination0 === (0xff020000 | 0) &&
        destination1 === 0 &&
        destination2 === 1 &&
        destination3 >>> 24 === 0xff
      if (unspecified && !solicitedNode) return NdpCheck.Destination
      return unspecified && hasSourceLink(view, offset + optionsStart, end) ? NdpCheck.Source : NdpCheck.Ok
    }
    case Icmpv6Type.NeighbourAdvertisement:
      if (isMulticastTarget(view, offset)) return NdpCheck.Target
      return multicast && (naFlags(view, offset) & NaFlag.Solicited) !== 0
        ? NdpCheck.Destination
        : NdpCheck.Ok
    case Icmpv6Type.RouterSolicitation:
      return unspecified && hasSourceLink(view, offset + optionsStart, end) ? NdpCheck.Source : NdpCheck.Ok
    case Icmpv6Type.RouterAdvertisement:
      return linkLocalSource ? NdpCheck.Ok : NdpCheck.Source
    default:
      if (!linkLocalSource) return NdpCheck.Source
      return redirectTargetValid(view, offset) ? NdpCheck.Ok : NdpCheck.Target
  }
}

function isMulticastTarget(view: DataView, offset: number): boolean {
  return view.getUint8(offset + NDP_TARGET) === 0xff
}

function hasSourceLink(view: DataView, start: number, end: number): boolean {
  return findNdpOption(view, start, end, NdpOption.SourceLinkAddress) >= 0
}

/** RFC 4861 section 8.1 (ND-04): link-local, or the destination itself, which is then on the link. */
function redirectTargetValid(view: DataView, offset: number): boolean {
  if (view.getUint8(offset + NDP_REDIRECT_DESTINATION) === 0xff) return false
  if ((ndpTargetWord(view, offset, 0) & 0xffc00000) === (0xfe800000 | 0)) return true
  for (let word = 0; word < 4; word++) {
    if (ndpTargetWord(view, offset, word) !== ndpDestinationWord(view, offset, word)) return false
  }
  return true
}

/** RFC 4861 section 4.6 (ND-05): no length is 0, all end inside the message; unknown kinds are fine. */
function optionsWellFormed(view: DataView, start: number, end: number): boolean {
  let at = start
  while (at < end) {
    if (at + 8 > end) return false
    const length = ndpOptionLength(view, at)
    if (length === 0 || at + length > end) return false
    const kind = view.getUint8(at)
    // Every reader below takes the fixed part of these for granted (RFC 4861 sections 4.6.1, 4.6.2 and 4.6.4).
    if ((kind === NdpOption.SourceLinkAddress || kind === NdpOption.TargetLinkAddress) && length !== 8)
      return false
    if (kind === NdpOption.PrefixInformation && length !== 32) return false
    if (kind === NdpOption.Mtu && length !== 8) return false
    at += length
  }
  return true
}
