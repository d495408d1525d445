/**
 * Ethernet II (RFC 894; ETH-01). A MAC address is two integers on the hot path: its first 16 bits (`high`) and its last
 * 32 bits as an int32 (`low`).
 */

/** Destination, source and type: 14 bytes, without FCS. */
export const ETHERNET_HEADER_LENGTH = 14

const DESTINATION = 0
const SOURCE = 6
const TYPE = 12

/** Types of Ethernet II (IEEE). Values up to 1,500 are lengths of 802.3 frames instead (ETH-03). */
export const EtherType = { Ipv4: 0x0800, Arp: 0x0806, Vlan: 0x8100, Ipv6: 0x86dd } as const

/** The largest value of the type field that is an 802.3 length (RFC 1122 section 2.3.3; ETH-03). */
export const MAX_8023_LENGTH = 1500

export const MAC_BROADCAST_HIGH = 0xffff
export const MAC_BROADCAST_LOW = -1

/** The first 16 bits of a MAC address at `offset`. */
export function macHigh(view: DataView, offset: number): number {
  return view.getUint16(offset)
}

/** The last 32 bits of a MAC address at `offset`, as int32. */
export function macLow(view: DataView, offset: number): number {
  return view.getInt32(offset + 2)
}

export function writeMac(view: DataView, offset: number, high: number, low: number): void {
  view.setUint16(offset, high)
  view.setInt32(offset + 2, low)
}

/** The group bit: multicast, or broadcast, which is one too. */
export function isGroupMac(high: number): boolean {
  return (high & 0x0100) !== 0
}

export function ethernetDestinationHigh(view: DataView, offset: number): number {
  return view.getUint16(offset + DESTINATION)
}

export function ethernetDestinationLow(view: DataView, offset: number): number {
  return view.getInt32(offset + DESTINATION + 2)
}

export function ethernetSourceHigh(view: DataView, offset: number): number {
  return view.getUint16(offset + SOURCE)
}

export function ethernetSourceLow(view: DataView, offset: number): number {
  return view.getInt32(offset + SOURCE + 2)
}

export function ethernetType(view: DataView, offset: number): number {
  return view.getUint16(offset + TYPE)
}

export function writeEthernetHeader(
  view: DataView,
  offset: number,
  destinationHigh: number,
  destinationLow: number,
  sourceHigh: number,
  sourceLow: number,
  type: number,
): void {
  view.setUint16(offset + DESTINATION, destinationHigh)
  view.setInt32(offset + DESTINATION + 2, destinationLow)
  view.setUint16(offset + SOURCE, sourceHigh)
  view.setInt32(offset + SOURCE + 2, sourceLow)
  view.setUint16(offset + TYPE, type)
}

/** Why a frame is refused at the door; 0 is a good one. */
export const EthernetCheck = {
  Ok: 0,
  /** Shorter than its header. */
  Short: 1,
  /** 802.3 with a length instead of a type (ETH-03). */
  Length8023: 2,
  /** A group address as the source, which no station has (IEEE 802.3). */
  GroupSource: 3,
} as const
export type EthernetCheck = (typeof EthernetCheck)[keyof typeof EthernetCheck]

export function checkEthernetHeader(view: DataView, offset: number, available: number): EthernetCheck {
  if (available < ETHERNET_HEADER_LENGTH) return EthernetCheck.Short
  if (ethernetType(view, offset) <= MAX_8023_LENGTH) return EthernetCheck.Length8023
  if (isGroupMac(ethernetSourceHigh(view, offset))) return EthernetCheck.GroupSource
  return EthernetCheck.Ok
}
