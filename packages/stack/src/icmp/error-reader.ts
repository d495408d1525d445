import { IpAddress, V4_MAPPED } from '../ip/address.ts'
import type { Internet } from '../ip/internet.ts'
import { IcmpErrorIn, IcmpErrorKind, type PacketIn } from '../ip/packet-in.ts'
import { Icmpv4Type, Icmpv4Unreachable, icmpv4NextHopMtu } from '../wire/icmpv4.ts'
import { Icmpv6Type, Icmpv6Unreachable, icmpv6Mtu } from '../wire/icmpv6.ts'
import {
  IPV4_HEADER_LENGTH,
  ipv4Destination,
  ipv4FragmentOffset,
  ipv4HeaderLength,
  ipv4Protocol,
  ipv4Source,
  ipv4Version,
} from '../wire/ipv4.ts'
import { IPV6_HEADER_LENGTH, ipv6DestinationWord, ipv6SourceWord, ipv6Version } from '../wire/ipv6.ts'
import { findUpperLayer6, UpperLayer6 } from './upper-layer6.ts'

/** Bytes of the transport's header that an error must quote: the ports, and TCP's sequence number. */
const MIN_QUOTE = 8

/**
 * Reads the packet that an ICMP error quotes, and puts the error into the one vocabulary transports know. What is
 * quoted is only believed as far as it could be ours: the source must be our own address.
 */
export class IcmpErrorReader {
  readonly error = new IcmpErrorIn()
  readonly #internet: Internet
  readonly #upper = new UpperLayer6()

  constructor(internet: Internet) {
    this.#internet = internet
  }

  /** Fills `error` from an ICMPv4 message. @returns false when it is of no use to any transport */
  read4(packet: PacketIn): boolean {
    const { view } = this.#internet.memory
    const type = view.getUint8(packet.offset)
    const code = view.getUint8(packet.offset + 1)
    const kind = kind4(type, code)
    if (kind < 0) return false
    const { error } = this
    error.kind = kind as IcmpErrorKind
    error.mtu = kind === IcmpErrorKind.PacketTooBig ? icmpv4NextHopMtu(view, packet.offset) : 0
    this.#setOrigin(packet, type, code)
    return this.readQuote4(packet.offset + 8, packet.length - 8)
  }

  /** As `read4`, for ICMPv6. */
  read6(packet: PacketIn): boolean {
    const { view } = this.#internet.memory
    const type = view.getUint8(packet.offset)
    const code = view.getUint8(packet.offset + 1)
    const kind = kind6(type, code)
    if (kind < 0) return false
    const { error } = this
    error.kind = kind as IcmpErrorKind
    error.mtu = kind === IcmpErrorKind.PacketTooBig ? Math.min(icmpv6Mtu(view, packet.offset), 0x7fffffff) : 0
    this.#setOrigin(packet, type, code)
    return this.readQuote6(packet.offset + 8, packet.length - 8)
  }

  /** Prepares `error` for a packet of ours that found no neighbour. */
  startLocal(version: 4 | 6): void {
    const { error } = this
    error.kind = IcmpErrorKind.HostUnreachable
    error.version = version
    error.mtu = 0
    error.locallyGenerated = true
    error.type = 0
    error.code = 0
    error.from0 = 0
    error.from1 = 0
    error.from2 = 0
    error.from3 = 0
  }

  #setOrigin(packet: PacketIn, type: number, code: number): void {
    const { error } = this
    error.version = packet.version
    error.locallyGenerated = false
    error.type = type
    error.code = code
    error.from0 = packet.src0
    error.from1 = packet.src1
    error.from2 = packet.src2
    error.from3 = packet.src3
  }

  /** The quoted IPv4 header at `offset`, of which `length` bytes are there. */
  readQuote4(offset: number, length: number): boolean {
    const { view } = this.#internet.memory
    if (length < IPV4_HEADER_LENGTH || ipv4Version(view, offset) !== 4) return false
    const headerLength = ipv4HeaderLength(view, offset)
    if (headerLength < IPV4_HEADER_LENGTH || length < headerLength + MIN_QUOTE) return false
    // Only a first fragment holds the transport's header.
    if (ipv4FragmentOffset(view, offset) !== 0) return false
    const { error } = this
    error.protocol = ipv4Protocol(view, offset)
    error.local0 = 0
    error.local1 = 0
    error.local2 = V4_MAPPED
    error.local3 = ipv4Source(view, offset)
    error.remote0 = 0
    error.remote1 = 0
    error.remote2 = V4_MAPPED
    error.remote3 = ipv4Destination(view, offset)
    error.offset = offset + headerLength
    error.length = length - headerLength
    return this.#internet.router.ownsAnywhere4(error.local3)
  }

  /** As `readQuote4`, past the extension headers a packet of ours could have. */
  readQuote6(offset: number, length: number): boolean {
    const { view } = this.#internet.memory
    if (length < IPV6_HEADER_LENGTH || ipv6Version(view, offset) !== 6) return false
    const { error } = this
    error.local0 = ipv6SourceWord(view, offset, 0)
    error.local1 = ipv6SourceWord(view, offset, 1)
    error.local2 = ipv6SourceWord(view, offset, 2)
    error.local3 = ipv6SourceWord(view, offset, 3)
    error.remote0 = ipv6DestinationWord(view, offset, 0)
    error.remote1 = ipv6DestinationWord(view, offset, 1)
    error.remote2 = ipv6DestinationWord(view, offset, 2)
    error.remote3 = ipv6DestinationWord(view, offset, 3)
    const upper = this.#upper
    if (!findUpperLayer6(view, offset, offset + length, MIN_QUOTE, upper)) return false
    error.protocol = upper.protocol
    error.offset = upper.offset
    error.length = offset + length - upper.offset
    const { local0, local1, local2, local3 } = error
    return this.#internet.router.ownsAnywhere6(local0, local1, local2, local3)
  }

  /** The quoted packet's addresses, for the few who need them as objects. */
  get local(): IpAddress {
    const { local0, local1, local2, local3 } = this.error
    return new IpAddress(local0, local1, local2, local3)
  }

  get remote(): IpAddress {
    const { remote0, remote1, remote2, remote3 } = this.error
    return new IpAddress(remote0, remote1, remote2, remote3)
  }
}

/**
 * RFC 1122 section 3.2.2.1: codes 6 to 12 mean the same as their elders. Parameter problems are passed up too (ICMP-09).
 * @returns -1 for what is no error to anybody, source quench among them (MUST-55, R5927-03)
 */
function kind4(type: number, code: number): IcmpErrorKind | -1 {
  if (type === Icmpv4Type.TimeExceeded) return IcmpErrorKind.TimeExceeded
  if (type === Icmpv4Type.ParameterProblem) return IcmpErrorKind.ParameterProblem
  if (type !== Icmpv4Type.DestinationUnreachable) return -1
  switch (code) {
    case Icmpv4Unreachable.Net:
    case Icmpv4Unreachable.SourceRouteFailed:
    case Icmpv4Unreachable.NetUnknown:
    case Icmpv4Unreachable.NetTos:
      return IcmpErrorKind.NetUnreachable
    case Icmpv4Unreachable.Host:
    case Icmpv4Unreachable.HostUnknown:
    case Icmpv4Unreachable.HostTos:
    case 8:
      return IcmpErrorKind.HostUnreachable
    case Icmpv4Unreachable.Protocol:
      return IcmpErrorKind.ProtocolUnreachable
    case Icmpv4Unreachable.Port:
      return IcmpErrorKind.PortUnreachable
    case Icmpv4Unreachable.FragmentationNeeded:
      return IcmpErrorKind.PacketTooBig
    case Icmpv4Unreachable.NetProhibited:
    case Icmpv4Unreachable.HostProhibited:
    case Icmpv4Unreachable.Prohibited:
    case 14:
    case 15:
      return IcmpErrorKind.Prohibited
    default:
      return -1
  }
}

/** RFC 4443 sections 3.1 to 3.4. */
function kind6(type: number, code: number): IcmpErrorKind | -1 {
  if (type === Icmpv6Type.PacketTooBig) return IcmpErrorKind.PacketTooBig
  if (type === Icmpv6Type.TimeExceeded) return IcmpErrorKind.TimeExceeded
  if (type === Icmpv6Type.ParameterProblem) return IcmpErrorKind.ParameterProblem
  // IC6-01 (RFC 4443 section 2.4(a)): its owner hears of it all the same.
  if (type !== Icmpv6Type.DestinationUnreachable) return IcmpErrorKind.Unknown
  switch (code) {
    case Icmpv6Unreachable.NoRoute:
    case Icmpv6Unreachable.BeyondScope:
      return IcmpErrorKind.NetUnreachable
    case Icmpv6Unreachable.Address:
      return IcmpErrorKind.HostUnreachable
    case Icmpv6Unreachable.Port:
      return IcmpErrorKind.PortUnreachable
    case Icmpv6Unreachable.Prohibited:
    case Icmpv6Unreachable.SourcePolicy:
    case Icmpv6Unreachable.RejectRoute:
      return IcmpErrorKind.Prohibited
    default:
      return -1
  }
}
