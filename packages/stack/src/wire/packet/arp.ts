import { ARP_LENGTH } from '../arp.ts'
import { EtherType } from '../ethernet.ts'
import { copy, putAddress, viewOf } from './bytes.ts'

export interface ArpPacket {
  hardwareType: number
  protocolType: number
  hardwareLength: number
  protocolLength: number
  /** One of `ArpOperation`, or any 16 bits. */
  operation: number
  senderMac: Uint8Array
  senderIp: Uint8Array
  targetMac: Uint8Array
  targetIp: Uint8Array
}

type Kind = 'hardwareType' | 'protocolType' | 'hardwareLength' | 'protocolLength'
/** What an ARP packet is made from: IPv4 over Ethernet unless it says otherwise. */
export type ArpFields = Omit<ArpPacket, Kind> & Partial<Pick<ArpPacket, Kind>>

/** Reads 28 bytes, whatever kinds they claim; see `checkArp` for what a stack accepts. */
export function parseArp(bytes: Uint8Array): ArpPacket | null {
  if (bytes.length < ARP_LENGTH) return null
  const view = viewOf(bytes)
  return {
    hardwareType: view.getUint16(0),
    protocolType: view.getUint16(2),
    hardwareLength: view.getUint8(4),
    protocolLength: view.getUint8(5),
    operation: view.getUint16(6),
    senderMac: copy(bytes, 8, 14),
    senderIp: copy(bytes, 14, 18),
    targetMac: copy(bytes, 18, 24),
    targetIp: copy(bytes, 24, 28),
  }
}

export function buildArp(packet: ArpFields): Uint8Array {
  const bytes = new Uint8Array(ARP_LENGTH)
  const view = viewOf(bytes)
  view.setUint16(0, packet.hardwareType ?? 1)
  view.setUint16(2, packet.protocolType ?? EtherType.Ipv4)
  view.setUint8(4, packet.hardwareLength ?? 6)
  view.setUint8(5, packet.protocolLength ?? 4)
  view.setUint16(6, packet.operation)
  putAddress(bytes, 8, packet.senderMac, 6)
  putAddress(bytes, 14, packet.senderIp, 4)
  putAddress(bytes, 18, packet.targetMac, 6)
  putAddress(bytes, 24, packet.targetIp, 4)
  return bytes
}
