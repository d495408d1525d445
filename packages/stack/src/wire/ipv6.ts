import { sumBytes } from '../core/checksum.ts'

/** The IPv6 header (RFC 8200 section 3). An address is four int32 words in network order. */
export const IPV6_HEADER_LENGTH = 40
/** Every link carries packets of this size (RFC 8200 section 5). */
export const IPV6_MIN_MTU = 1280

const PAYLOAD_LENGTH = 4
/** Where the Next Header field stands: what a Parameter Problem points to (V6-04). */
export const IPV6_NEXT_HEADER = 6
const HOP_LIMIT = 7
/** Where the addresses stand: what an address sum covers, 32 bytes. */
export const IPV6_SOURCE = 8
export const IPV6_DESTINATION = 24

export function ipv6Version(view: DataView, offset: number): number {
  return view.getUint8(offset) >>> 4
}

/** DSCP in the high six bits, ECN in the low two. */
export function ipv6TrafficClass(view: DataView, offset: number): number {
  return (view.getUint16(offset) >>> 4) & 0xff
}

/** 20 bits (RFC 6437). */
export function ipv6FlowLabel(view: DataView, offset: number): number {
  return view.getInt32(offset) & 0xfffff
}

/** Everything behind the header, extension headers included, in bytes. */
export function ipv6PayloadLength(view: DataView, offset: number): number {
  return view.getUint16(offset + PAYLOAD_LENGTH)
}

export function ipv6NextHeader(view: DataView, offset: number): number {
  return view.getUint8(offset + IPV6_NEXT_HEADER)
}

export function ipv6HopLimit(view: DataView, offset: number): number {
  return view.getUint8(offset + HOP_LIMIT)
}

/** @param word 0 to 3 */
export function ipv6SourceWord(view: DataView, offset: number, word: number): number {
  return view.getInt32(offset + IPV6_SOURCE + (word << 2))
}

/** @param word 0 to 3 */
export function ipv6DestinationWord(view: DataView, offset: number, word: number): number {
  return view.getInt32(offset + IPV6_DESTINATION + (word << 2))
}

/** Writes an address's four words at `offset`. */
export function writeAddress6(
  view: DataView,
  offset: number,
  word0: number,
  word1: number,
  word2: number,
  word3: number,
): void {
  view.setInt32(offset, word0)
  view.setInt32(offset + 4, word1)
  view.setInt32(offset + 8, word2)
  view.setInt32(offset + 12, word3)
}

/** Writes all but the addresses, which `writeAddress6` puts at `IPV6_SOURCE` and `IPV6_DESTINATION`. */
export function writeIpv6Fields(
  view: DataView,
  offset: number,
  payloadLength: number,
  nextHeader: number,
  hopLimit: number,
  trafficClass: number,
  flowLabel: number,
): void {
  view.setInt32(offset, 0x60000000 | (trafficClass << 20) | flowLabel)
  view.setUint16(offset + PAYLOAD_LENGTH, payloadLength)
  view.setUint16(offset + IPV6_NEXT_HEADER, (nextHeader << 8) | hopLimit)
}

/** Writes the whole header. */
export function writeIpv6Header(
  view: DataView,
  offset: number,
  payloadLength: number,
  nextHeader: number,
  hopLimit: number,
  source0: number,
  source1: number,
  source2: number,
  source3: number,
  destination0: number,
  destination1: number,
  destination2: number,
  destination3: number,
  trafficClass: number,
  flowLabel: number,
): void {
  writeIpv6Fields(view, offset, payloadLength, nextHeader, hopLimit, trafficClass, flowLabel)
  writeAddress6(view, offset + IPV6_SOURCE, source0, source1, source2, source3)
  writeAddress6(view, offset + IPV6_DESTINATION, destination0, destination1, destination2, destination3)
}

/** The address part of the pseudo-header's sum, straight from a header. */
export function ipv6AddressSum(view: DataView, offset: number): number {
  return sumBytes(view, offset + IPV6_SOURCE, 32)
}

/** Why a packet is refused at the door; 0 is a good one. */
export const Ipv6Check = {
  Ok: 0,
  /** Less than 40 bytes. */
  Short: 1,
  /** V6-01 */
  Version: 2,
  /** Payload length beyond the frame (V6-01). */
  PayloadLength: 3,
} as const
export type Ipv6Check = (typeof Ipv6Check)[keyof typeof Ipv6Check]

/** @param available bytes from `offset` to the frame's end; excess is allowed and ignored (V6-01) */
export function checkIpv6Header(view: DataView, offset: number, available: number): Ipv6Check {
  if (available < IPV6_HEADER_LENGTH) return Ipv6Check.Short
  if (ipv6Version(view, offset) !== 6) return Ipv6Check.Version
  if (IPV6_HEADER_LENGTH + ipv6PayloadLength(view, offset) > available) return Ipv6Check.PayloadLength
  return Ipv6Check.Ok
}
