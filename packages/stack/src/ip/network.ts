import type { Memory } from '../core/memory.ts'
import type { TransmitResult, TxDescriptor } from '../link/device.ts'
import type { IpAddress } from './address.ts'
import type { InterfaceCounters } from './counters.ts'
import type { IcmpErrorIn, IcmpErrorKind, PacketIn } from './packet-in.ts'

/** What transports and paths may know of an interface. */
export interface NetworkInterface {
  /** From 1 on; also the zone of link-local addresses. */
  readonly index: number
  readonly name: string
  readonly mtu: number
  /** False once the device has gone. */
  readonly up: boolean
  /** The device completes transport checksums. */
  readonly txChecksum: boolean
  readonly counters: InterfaceCounters
}

/**
 * How to reach one remote address from one local address: what a route lookup found, kept by whoever sends there
 * again and again. Connections to the same peer share one.
 */
export interface Path {
  readonly local: IpAddress
  readonly remote: IpAddress
  readonly iface: NetworkInterface
  /** The largest IP packet towards the peer now, in bytes: the link's MTU or a smaller one that ICMP told. */
  readonly mtu: number
  /** Bytes of the IP header without options: 20 or 40. */
  readonly headerLength: number
  /** The largest transport payload (header included) of one super-frame, or 0 when the link cannot segment. */
  readonly maxSuperPayload: number
  /** The pseudo-header's sum over the addresses (RFC 9293 section 3.1), to which protocol and length are added. */
  readonly pseudoSum: number
  /** Whether the peer's on a directly connected prefix. */
  readonly onLink: boolean
  /** The remote address is a broadcast of the link, the directed one included. */
  readonly broadcast: boolean
  /** Adopts a smaller path MTU that a transport has validated (RFC 1191, 8201, 5927); never grows it. */
  reduceMtu(mtu: number): void
  /** Hint from a transport that the peer answers (RFC 4861 section 7.3.1). One store. */
  confirm(): void
  /** Negative advice (RFC 1122 section 4.2.3.5, R1): the next hop may be dead. */
  suspect(): void
}

/** Why there is no path. */
export type PathError =
  | 'EINVAL'
  | 'ENETUNREACH'
  | 'EADDRNOTAVAIL'
  | 'EHOSTUNREACH'
  | 'ENETDOWN'
  | 'EAFNOSUPPORT'

/** How IP is to send one packet. */
export interface SendOptions {
  /** TTL or hop limit, 1 to 255 (IP-12, IP-13). */
  ttl: number
  /** TOS or traffic class byte (IP-14). */
  tos: number
  /** IPv4: set DF and never fragment. (IPv6 sources may fragment either way.) */
  dontFragment: boolean
}

/**
 * The port under the transports: all that TCP and UDP know of IP, whichever its version.
 * The transport fills `descriptor` (its header ends at `headEnd`, payload pieces are set, checksum is complete or
 * partial) and hands it over; IP and the link prepend their headers.
 */
export interface Network {
  readonly memory: Memory
  /** The one outgoing record, shared by all layers of a stack. */
  readonly descriptor: TxDescriptor
  /** Where transport headers are to end in the shared header area: enough room for all lower headers is before it. */
  readonly headEnd: number
  /**
   * Finds the way to `remote`. @param local the source to use, or null to let the rules of RFC 6724 choose
   */
  path(remote: IpAddress, local: IpAddress | null): Path | PathError
  /** Sends what `descriptor` holds. `Refused`: no way there any more. */
  send(path: Path, protocol: number, options: SendOptions): TransmitResult
  /** Whether `address` is one of this stack's own unicast addresses and may be used. */
  isLocal(address: IpAddress): boolean
  /** Answers a packet with an ICMP error, within the rules of RFC 1122 and RFC 4443 and their rate limits. */
  sendError(packet: PacketIn, kind: IcmpErrorKind): void
}

/** The port above IP: a transport that is handed packets and errors. Registered per protocol number. */
export interface Transport {
  onPacket(packet: PacketIn): void
  onIcmpError(error: IcmpErrorIn): void
  /** An interface went away, or an address was removed: whatever used it fails. */
  onInterfaceDown(iface: NetworkInterface): void
  /** There is room again on a device that was full. */
  onWritable(): void
  /** End of a burst: tell applications, then send what is owed. @returns whether it did anything */
  onBurstEnd(): boolean
}
