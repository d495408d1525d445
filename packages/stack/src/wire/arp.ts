import { EtherType } from './ethernet.ts'

/** ARP for IPv4 over Ethernet (RFC 826): the only combination of address kinds that is spoken here. */
export const ARP_LENGTH = 28

const HARDWARE_TYPE = 0
const PROTOCOL_TYPE = 2
const LENGTHS = 4
const OPERATION = 6
const SENDER_MAC = 8
const SENDER_IP = 14
const TARGET_MAC = 18
const TARGET_IP = 24

const HARDWARE_ETHERNET = 1
/** ar$hln = 6 and ar$pln = 4 in one word. */
const LENGTHS_6_4 = 0x0604

export const ArpOperation = { Request: 1, Reply: 2 } as const

export function arpOperation(view: DataView, offset: number): number {
  return view.getUint16(offset + OPERATION)
}

export function arpSenderMacHigh(view: DataView, offset: number): number {
  return view.getUint16(offset + SENDER_MAC)
}

export function arpSenderMacLow(view: DataView, offset: number): number {
  return view.getInt32(offset + SENDER_MAC + 2)
}

export function arpSenderIp(view: DataView, offset: number): number {
  return view.getInt32(offset + SENDER_IP)
}

export function arpTargetMacHigh(view: DataView, offset: number): number {
  return view.getUint16(offset + TARGET_MAC)
}

export function arpTargetMacLow(view: DataView, offset: number): number {
  return view.getInt32(offset + TARGET_MAC + 2)
}

export function arpTargetIp(view: DataView, offset: number): number {
  return view.getInt32(offset + TARGET_IP)
}

/** Writes the whole packet, `ARP_LENGTH` bytes. */
export function writeArp(
  view: DataView,
  offset: number,
  operation: number,
  senderMacHigh: number,
  senderMacLow: number,
  senderIp: number,
  targetMacHigh: number,
  targetMacLow: number,
  targetIp: number,
): void {
  view.setUint16(offset + HARDWARE_TYPE, HARDWARE_ETHERNET)
  view.setUint16(offset + PROTOCOL_TYPE, EtherType.Ipv4)
  view.setUint16(offset + LENGTHS, LENGTHS_6_4)
  view.setUint16(offset + OPERATION, operation)
  view.setUint16(offset + SENDER_MAC, senderMacHigh)
  view.setInt32(offset + SENDER_MAC + 2, senderMacLow)
  view.setInt32(offset + SENDER_IP, senderIp)
  view.setUint16(offset + TARGET_MAC, targetMacHigh)
  view.setInt32(offset + TARGET_MAC + 2, targetMacLow)
  view.setInt32(offset + TARGET_IP, targetIp)
}

/** Why an ARP packet is refused; 0 is a good one. */
export const ArpCheck = {
  Ok: 0,
  Short: 1,
  /** Not IPv4 over Ethernet, or wrong address lengths (ARP-01). */
  Kind: 2,
  /** Neither request nor reply. */
  Operation: 3,
  /** A group or broadcast address as the sender's MAC (RFC 1812 section 3.3.2; ARP-08). */
  GroupSender: 4,
} as const
export type ArpCheck = (typeof ArpCheck)[keyof typeof ArpCheck]

export function checkArp(view: DataView, offset: number, available: number): ArpCheck {
  if (available < ARP_LENGTH) return ArpCheck.Short
  // RFC 826 "Packet Reception" (ARP-01).
  if (
    view.getUint16(offset + HARDWARE_TYPE) !== HARDWARE_ETHERNET ||
    view.getUint16(offset + PROTOCOL_TYPE) !== EtherType.Ipv4 ||
    view.getUint16(offset + LENGTHS) !== LENGTHS_6_4
  ) {
    return ArpCheck.Kind
  }
  const operation = arpOperation(view, offset)
  if (operation !== ArpOperation.Request && operation !== ArpOperation.Reply) return ArpCheck.Operation
  if ((arpSenderMacHigh(view, offset) & 0x0100) !== 0) return ArpCheck.GroupSender
  return ArpCheck.Ok
}
