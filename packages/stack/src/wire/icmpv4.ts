import { checksum, foldSum, sumBytes } from '../core/checksum.ts'

/** ICMP for IPv4 (RFC 792): type, code, checksum and a word whose meaning depends on the type. */
export const ICMPV4_HEADER_LENGTH = 8

const CHECKSUM = 2
const REST = 4

export const Icmpv4Type = {
  EchoReply: 0,
  DestinationUnreachable: 3,
  SourceQuench: 4,
  Redirect: 5,
  Echo: 8,
  TimeExceeded: 11,
  ParameterProblem: 12,
  Timestamp: 13,
  TimestampReply: 14,
  AddressMask: 17,
  AddressMaskReply: 18,
} as const

/** Codes of Destination Unreachable (RFC 792, RFC 1122 section 3.2.2.1). */
export const Icmpv4Unreachable = {
  Net: 0,
  Host: 1,
  Protocol: 2,
  Port: 3,
  FragmentationNeeded: 4,
  SourceRouteFailed: 5,
  NetUnknown: 6,
  HostUnknown: 7,
  NetProhibited: 9,
  HostProhibited: 10,
  NetTos: 11,
  HostTos: 12,
  Prohibited: 13,
} as const

export function icmpv4Type(view: DataView, offset: number): number {
  return view.getUint8(offset)
}

export function icmpv4Code(view: DataView, offset: number): number {
  return view.getUint8(offset + 1)
}

/** Of echo and its reply. */
export function icmpv4Identifier(view: DataView, offset: number): number {
  return view.getUint16(offset + REST)
}

/** Of echo and its reply. */
export function icmpv4Sequence(view: DataView, offset: number): number {
  return view.getUint16(offset + REST + 2)
}

/** Of Fragmentation Needed: the next hop's MTU, 0 from routers before RFC 1191 (section 4; ICMP-15). */
export function icmpv4NextHopMtu(view: DataView, offset: number): number {
  return view.getUint16(offset + REST + 2)
}

/** Of Redirect: the better gateway's address. */
export function icmpv4Gateway(view: DataView, offset: number): number {
  return view.getInt32(offset + REST)
}

/** The types that report errors, about which no error may be sent (RFC 1122 section 3.2.2; ICMP-03). */
export function isIcmpv4Error(type: number): boolean {
  return (
    type === Icmpv4Type.DestinationUnreachable ||
    type === Icmpv4Type.SourceQuench ||
    type === Icmpv4Type.Redirect ||
    type === Icmpv4Type.TimeExceeded ||
    type === Icmpv4Type.ParameterProblem
  )
}

/** Writes the header with a checksum of 0. @param rest the second word, e.g. identifier and sequence number */
export function writeIcmpv4Header(
  view: DataView,
  offset: number,
  type: number,
  code: number,
  rest: number,
): void {
  view.setInt32(offset, (type << 24) | (code << 16))
  view.setInt32(offset + REST, rest)
}

/** Computes the checksum over the whole message, which has to be in one piece. */
export function writeIcmpv4Checksum(view: DataView, offset: number, length: number): void {
  view.setUint16(offset + CHECKSUM, 0)
  view.setUint16(offset + CHECKSUM, checksum(view, offset, length))
}

/** Why a message is refused; 0 is a good one. */
export const Icmpv4Check = { Ok: 0, /** Less than 8 bytes. */ Short: 1, /** ICMP-01 */ Checksum: 2 } as const
export type Icmpv4Check = (typeof Icmpv4Check)[keyof typeof Icmpv4Check]

/** RFC 1122 section 3.2.2 (ICMP-01). */
export function checkIcmpv4(view: DataView, offset: number, length: number): Icmpv4Check {
  if (length < ICMPV4_HEADER_LENGTH) return Icmpv4Check.Short
  if (foldSum(sumBytes(view, offset, length)) !== 0xffff) return Icmpv4Check.Checksum
  return Icmpv4Check.Ok
}
