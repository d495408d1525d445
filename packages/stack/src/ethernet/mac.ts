import type { IpAddress } from '../ip/address.ts'

/**
 * MAC addresses as two integers, as in `wire/ethernet.ts`: `high` is the first two bytes, `low` the last four as
 * int32, so that none is ever an object, and comparing or writing one takes two steps.
 */

export function highOfMac(bytes: Uint8Array): number {
  return (bytes[0] << 8) | bytes[1]
}

export function lowOfMac(bytes: Uint8Array): number {
  return (bytes[2] << 24) | (bytes[3] << 16) | (bytes[4] << 8) | bytes[5]
}

/** The six bytes, for events and tests. */
export function macBytes(high: number, low: number): Uint8Array {
  return Uint8Array.of(high >>> 8, high, low >>> 24, low >>> 16, low >>> 8, low)
}

/** The first two bytes of the MAC an IP group maps to. ETH-07: 01-00-5E (RFC 1112 section 6.4), 33-33 (RFC 2464 section 7). */
export function groupMacHigh(group: IpAddress): number {
  return group.isV4 ? 0x0100 : 0x3333
}

/** The last four bytes: the low 23 bits of an IPv4 group, the low 32 of an IPv6 one (ETH-07). */
export function groupMacLow(group: IpAddress): number {
  return group.isV4 ? 0x5e000000 | (group.a3 & 0x007fffff) : group.a3
}
