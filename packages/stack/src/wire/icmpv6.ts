import { transportChecksum, transportChecksumValid } from './pseudo-header.ts'

/** ICMPv6 (RFC 4443): type, code, checksum with a pseudo-header, and a word whose meaning depends on the type. */
export const ICMPV6_HEADER_LENGTH = 8
/** Its Next Header value. */
export const ICMPV6_PROTOCOL = 58
/** Where the checksum stands. */
export const ICMPV6_CHECKSUM = 2

const REST = 4

export const Icmpv6Type = {
  DestinationUnreachable: 1,
  PacketTooBig: 2,
  TimeExceeded: 3,
  ParameterProblem: 4,
  EchoRequest: 128,
  EchoReply: 129,
  ListenerQuery: 130,
  ListenerReport: 131,
  ListenerDone: 132,
  RouterSolicitation: 133,
  RouterAdvertisement: 134,
  NeighbourSolicitation: 135,
  NeighbourAdvertisement: 136,
  Redirect: 137,
  ListenerReport2: 143,
} as const

/** Codes of Destination Unreachable (RFC 4443 section 3.1). */
export const Icmpv6Unreachable = {
  NoRoute: 0,
  Prohibited: 1,
  BeyondScope: 2,
  Address: 3,
  Port: 4,
  SourcePolicy: 5,
  RejectRoute: 6,
} as const

/** Codes of Parameter Problem (RFC 4443 section 3.4, RFC 7112 section 5). */
export const Icmpv6ParameterProblem = { Field: 0, NextHeader: 1, Option: 2, IncompleteChain: 3 } as const

export function icmpv6Type(view: DataView, offset: number): number {
  return view.getUint8(offset)
}

export function icmpv6Code(view: DataView, offset: number): number {
  return view.getUint8(offset + 1)
}

/** Of Packet Too Big, 0 to 2^32 - 1. */
export function icmpv6Mtu(view: DataView, offset: number): number {
  return view.getUint32(offset + REST)
}

/** Of Parameter Problem: the offset in the quoted packet, 0 to 2^32 - 1. */
export function icmpv6Pointer(view: DataView, offset: number): number {
  return view.getUint32(offset + REST)
}

/** Types below 128 report errors (RFC 4443 section 2.1). */
export function isIcmpv6Error(type: number): boolean {
  return type < 128
}

/** RFC 4861: types 133 to 137. */
export function isNeighbourDiscovery(type: number): boolean {
  return type >= Icmpv6Type.RouterSolicitation && type <= Icmpv6Type.Redirect
}

/** MLD (RFC 2710, RFC 3810). */
export function isListenerDiscovery(type: number): boolean {
  return (
    (type >= Icmpv6Type.ListenerQuery && type <= Icmpv6Type.ListenerDone) ||
    type === Icmpv6Type.ListenerReport2
  )
}

/** Writes the header with a checksum of 0. @param rest the second word, e.g. identifier and sequence number */
export function writeIcmpv6Header(
  view: DataView,
  offset: number,
  type: number,
  code: number,
  rest: number,
): void {
  view.setInt32(offset, (type << 24) | (code << 16))
  view.setInt32(offset + REST, rest)
}

/**
 * Computes the checksum over the whole message, which has to be in one piece (RFC 4443 section 2.3; IC6-09).
 * @param addresses from `addressSum6`
 */
export function writeIcmpv6Checksum(view: DataView, offset: number, length: number, addresses: number): void {
  view.setUint16(offset + ICMPV6_CHECKSUM, 0)
  view.setUint16(
    offset + ICMPV6_CHECKSUM,
    transportChecksum(view, offset, length, addresses, ICMPV6_PROTOCOL),
  )
}

/** Why a message is refused; 0 is a good one. */
export const Icmpv6Check = { Ok: 0, /** Less than 8 bytes. */ Short: 1, /** IC6-09 */ Checksum: 2 } as const
export type Icmpv6Check = (typeof Icmpv6Check)[keyof typeof Icmpv6Check]

/** RFC 4443 section 2.3 (IC6-09). @param addresses from `addressSum6` or `ipv6AddressSum` */
export function checkIcmpv6(view: DataView, offset: number, length: number, addresses: number): Icmpv6Check {
  if (length < ICMPV6_HEADER_LENGTH) return Icmpv6Check.Short
  if (!transportChecksumValid(view, offset, length, addresses, ICMPV6_PROTOCOL)) return Icmpv6Check.Checksum
  return Icmpv6Check.Ok
}
