import type { TransmitResult, TxDescriptor } from '../link/device.ts'
import type { IpAddress } from './address.ts'
import type { PacketIn } from './packet-in.ts'

/**
 * The port under IP: one interface's link layer. IP hands it a descriptor whose head starts with the IP header,
 * and the next hop; the link finds the link-layer address, prepends its header and transmits.
 */
export interface LinkPort {
  /** Free bytes IP must leave before its header: the link header's length (14, or 0 for medium 'ip'). */
  readonly headerLength: number
  /**
   * Sends to `nextHop` (unicast: resolved by ARP or NDP; multicast and broadcast: mapped). A packet that waits for
   * resolution is copied and counts as Sent. Never called with a next hop that is our own address.
   */
  send(descriptor: TxDescriptor, nextHop: IpAddress): TransmitResult
  /** An ICMPv6 neighbour discovery message (types 133 to 137) arrived; its checksum was verified. */
  onNeighbourDiscovery(packet: PacketIn): void
  /** A transport saw forward progress towards this next hop (RFC 4861 section 7.3.1). */
  confirm(nextHop: IpAddress): void
  /** A transport had no answer for long: probe the next hop before trusting it again. */
  suspect(nextHop: IpAddress): void
  /** The stack uses this address from now on: detect conflicts, announce it, answer for it. */
  addAddress(address: InterfaceAddress): void
  removeAddress(address: InterfaceAddress): void
  /** Receive frames for this multicast group as well (counted: each `join` needs its `leave`). */
  join(group: IpAddress): void
  leave(group: IpAddress): void
  /** Drops everything that is queued and every timer. */
  close(): void
}

/** How far the conflict detection of an address has come (RFC 4862, RFC 4429, RFC 5227). */
export const AddressState = {
  /** Being checked, may not be used at all ('strict'). */
  Tentative: 0,
  /** Being checked, used already, but never to override what others have cached ('optimistic'). */
  Optimistic: 1,
  /** Checked, or needs no check. */
  Preferred: 2,
  /** Somebody else has it: neither sent from nor answered for. */
  Duplicate: 3,
} as const
export type AddressState = (typeof AddressState)[keyof typeof AddressState]

/** One own unicast address of an interface. */
export class InterfaceAddress {
  readonly address: IpAddress
  /** 0 to 32 or 0 to 128. */
  readonly prefixLength: number
  state: AddressState

  constructor(address: IpAddress, prefixLength: number, state: AddressState) {
    this.address = address
    this.prefixLength = prefixLength
    this.state = state
  }

  /** May be used as a source and is delivered to. */
  get usable(): boolean {
    return this.state === AddressState.Preferred || this.state === AddressState.Optimistic
  }
}

/** How new addresses are checked for conflicts. */
export type ConflictDetection = 'optimistic' | 'strict' | 'off'

/** What a link layer tells the interface above it. */
export interface LinkEvents {
  /** A packet for IP: `offset` is at its header. Lengths beyond the IP header are not checked yet. */
  onIpPacket(offset: number, length: number, version: 4 | 6, linkMulticast: boolean): void
  /** Nobody answered for `nextHop`: this packet (IP header at `offset`) could not be delivered. */
  onUnresolved(offset: number, length: number, nextHop: IpAddress): void
  /** Detection is over: `address.state` is Preferred or Duplicate. `holder` is the other's MAC. */
  onAddressState(address: InterfaceAddress, holder: Uint8Array | null): void
}
