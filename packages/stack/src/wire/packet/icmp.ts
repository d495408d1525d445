import { checksum } from '../../core/checksum.ts'
import { ICMPV6_PROTOCOL } from '../icmpv6.ts'
import { concat, copy, NO_BYTES, viewOf } from './bytes.ts'
import { type IpAddresses, pseudoSum } from './pseudo.ts'

/** An ICMP or ICMPv6 message; both have this shape (RFC 792, RFC 4443 section 2.1). */
export interface IcmpMessage {
  type: number
  code: number
  /** Computed when built if left out. */
  checksum: number
  /** The second word, unsigned: identifier and sequence number, MTU, pointer or nothing, by type. */
  rest: number
  /** What follows: echoed data, or the quoted packet. */
  body: Uint8Array
}

export type IcmpFields = Pick<IcmpMessage, 'type'> & Partial<IcmpMessage>

/** The second word of an echo and its reply. */
export function echoWord(identifier: number, sequence: number): number {
  return ((identifier << 16) | sequence) >>> 0
}

/** Reads ICMP and ICMPv6 alike; the checksum is not looked at. */
export function parseIcmp(bytes: Uint8Array): IcmpMessage | null {
  if (bytes.length < 8) return null
  const view = viewOf(bytes)
  return {
    type: bytes[0],
    code: bytes[1],
    checksum: view.getUint16(2),
    rest: view.getUint32(4),
    body: copy(bytes, 8, bytes.length),
  }
}

export const parseIcmpv4 = parseIcmp
export const parseIcmpv6 = parseIcmp

export function buildIcmpv4(message: IcmpFields): Uint8Array {
  const bytes = withoutChecksum(message)
  const view = viewOf(bytes)
  view.setUint16(2, message.checksum ?? checksum(view, 0, bytes.length))
  return bytes
}

/** @param ip for the checksum; without it and without one given, the checksum is 0 */
export function buildIcmpv6(message: IcmpFields, ip?: IpAddresses): Uint8Array {
  const bytes = withoutChecksum(message)
  const view = viewOf(bytes)
  if (message.checksum !== undefined) view.setUint16(2, message.checksum)
  else if (ip) {
    const pseudo = pseudoSum(ip, ICMPV6_PROTOCOL, bytes.length)
    view.setUint16(2, checksum(view, 0, bytes.length, pseudo))
  }
  return bytes
}

function withoutChecksum(message: IcmpFields): Uint8Array {
  const header = new Uint8Array(8)
  header[0] = message.type
  header[1] = message.code ?? 0
  viewOf(header).setUint32(4, message.rest ?? 0)
  return concat(header, message.body ?? NO_BYTES)
}
