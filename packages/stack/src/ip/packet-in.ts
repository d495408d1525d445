import type { NetworkInterface } from './network.ts'

/**
 * What the IP layer says of a packet it delivers upwards. One record per stack, overwritten by the next packet;
 * addresses are words as in `IpAddress`, so that nothing is allocated.
 */
export class PacketIn {
  /** Where it came in. */
  iface!: NetworkInterface
  version: 4 | 6 = 4
  /** The upper-layer protocol number (6 TCP, 17 UDP, 1 ICMP, 58 ICMPv6). */
  protocol = 0
  src0 = 0
  src1 = 0
  src2 = 0
  src3 = 0
  dst0 = 0
  dst1 = 0
  dst2 = 0
  dst3 = 0
  /** The upper-layer payload in the stack's memory. */
  offset = 0
  length = 0
  /** Where the IP header starts: what an ICMP error quotes. */
  headerOffset = 0
  /** The whole packet from `headerOffset` on, in bytes. */
  totalLength = 0
  /** TTL or hop limit. */
  ttl = 0
  /** The whole TOS or traffic class byte: DSCP in the high six bits, ECN in the low two. */
  tos = 0
  /** 'RxChecksum' of the transport: see the device. */
  checksum: 0 | 1 | 2 = 0
  /** Bytes per original segment of a super-frame, or 0. */
  gsoSize = 0
  /** Sent to an IP broadcast or multicast address. */
  multicast = false
  /** Came in a link-layer broadcast or multicast frame (ETH-04). */
  linkMulticast = false
  /** Was put together from fragments. */
  reassembled = false
}

/** Upper-layer protocol numbers (IANA). */
export const Protocol = { Icmp: 1, Igmp: 2, Tcp: 6, Udp: 17, Icmpv6: 58 } as const

/** What an ICMP or ICMPv6 error says, in one vocabulary for both versions. */
export const IcmpErrorKind = {
  NetUnreachable: 0,
  HostUnreachable: 1,
  ProtocolUnreachable: 2,
  PortUnreachable: 3,
  /** Fragmentation needed, or packet too big; `mtu` holds the next hop's. */
  PacketTooBig: 4,
  /** Forbidden by policy. */
  Prohibited: 5,
  TimeExceeded: 6,
  ParameterProblem: 7,
  /** An error of ICMPv6 whose type nobody here knows (IC6-01). */
  Unknown: 8,
} as const
export type IcmpErrorKind = (typeof IcmpErrorKind)[keyof typeof IcmpErrorKind]

/**
 * An ICMP error about a packet of ours, already matched to a protocol: the addresses are those of the quoted
 * packet (`local` = its source, `remote` = its destination). Reused record.
 */
export class IcmpErrorIn {
  kind: IcmpErrorKind = IcmpErrorKind.NetUnreachable
  version: 4 | 6 = 4
  /** For PacketTooBig: the next hop's MTU, 0 when the router did not say (RFC 1191 section 5). */
  mtu = 0
  protocol = 0
  local0 = 0
  local1 = 0
  local2 = 0
  local3 = 0
  remote0 = 0
  remote1 = 0
  remote2 = 0
  remote3 = 0
  /** The quoted transport header in the stack's memory: at least 8 bytes, but less than asked for is possible. */
  offset = 0
  length = 0
  /** ICMP's own type and code, and who sent it; 0 when made here. */
  type = 0
  code = 0
  from0 = 0
  from1 = 0
  from2 = 0
  from3 = 0
  /** Made by this stack itself (neighbour resolution failed), not by somebody on the network. */
  locallyGenerated = false
}
