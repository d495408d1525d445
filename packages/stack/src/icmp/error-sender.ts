import { finishChecksum, sumBytes } from '../core/checksum.ts'
import { IpAddress } from '../ip/address.ts'
import type { Internet } from '../ip/internet.ts'
import type { Path, SendOptions } from '../ip/network.ts'
import { IcmpErrorKind, type PacketIn, Protocol } from '../ip/packet-in.ts'
import { isMartianSourceV4 } from '../ip/special-prefixes.ts'
import { TransmitResult } from '../link/device.ts'
import { ICMPV4_HEADER_LENGTH, Icmpv4Type, Icmpv4Unreachable, isIcmpv4Error } from '../wire/icmpv4.ts'
import {
  ICMPV6_CHECKSUM,
  Icmpv6ParameterProblem,
  Icmpv6Type,
  Icmpv6Unreachable,
  isIcmpv6Error,
} from '../wire/icmpv6.ts'
import { IPV6_MIN_MTU } from '../wire/ipv6.ts'
import { pseudoHeaderSum } from '../wire/pseudo-header.ts'
import type { IcmpCounters } from './counters.ts'
import { TokenBucket } from './token-bucket.ts'
import { findUpperLayer6, UpperLayer6 } from './upper-layer6.ts'

/** A whole IPv4 error message, quote included (RFC 1812 section 4.3.2.3; ICMP-02). */
const MAX_ERROR_V4 = 576
const CHECKSUM_AT = 2

/** Errors in the words of each version: type and code by `IcmpErrorKind`; 0 is none there. */
const V4_TYPES: readonly (readonly [number, number])[] = [
  [Icmpv4Type.DestinationUnreachable, Icmpv4Unreachable.Net],
  [Icmpv4Type.DestinationUnreachable, Icmpv4Unreachable.Host],
  [Icmpv4Type.DestinationUnreachable, Icmpv4Unreachable.Protocol],
  [Icmpv4Type.DestinationUnreachable, Icmpv4Unreachable.Port],
  [Icmpv4Type.DestinationUnreachable, Icmpv4Unreachable.FragmentationNeeded],
  [Icmpv4Type.DestinationUnreachable, Icmpv4Unreachable.Prohibited],
  [Icmpv4Type.TimeExceeded, 0],
  [Icmpv4Type.ParameterProblem, 0],
]
const V6_TYPES: readonly (readonly [number, number])[] = [
  [Icmpv6Type.DestinationUnreachable, Icmpv6Unreachable.NoRoute],
  [Icmpv6Type.DestinationUnreachable, Icmpv6Unreachable.Address],
  [Icmpv6Type.ParameterProblem, Icmpv6ParameterProblem.NextHeader],
  [Icmpv6Type.DestinationUnreachable, Icmpv6Unreachable.Port],
  [Icmpv6Type.PacketTooBig, 0],
  [Icmpv6Type.DestinationUnreachable, Icmpv6Unreachable.Prohibited],
  [Icmpv6Type.TimeExceeded, 0],
  [Icmpv6Type.ParameterProblem, 0],
]

/** Answers packets with ICMP errors: who may get one, how much of the packet it quotes, and how often. */
export class IcmpErrorSender {
  readonly #internet: Internet
  readonly #counters: IcmpCounters
  readonly #bucket: TokenBucket
  readonly #upper = new UpperLayer6()
  /** ICMP-14: errors go out with TOS 0. */
  readonly #options: SendOptions = { ttl: 64, tos: 0, dontFragment: false }

  constructor(internet: Internet, counters: IcmpCounters) {
    this.#internet = internet
    this.#counters = counters
    this.#bucket = new TokenBucket(internet.engine, internet.limits.icmpErrorsPerSecond)
  }

  /** See `ErrorSender`. */
  report(packet: PacketIn, kind: IcmpErrorKind, code: number, pointer: number): void {
    if (!this.#isAllowed(packet, kind, code)) {
      this.#counters.errorsForbidden++
      return
    }
    if (!this.#bucket.take()) {
      this.#counters.errorsLimited++
      return
    }
    const path = this.#pathBack(packet)
    if (typeof path === 'string' || this.#send(path, packet, kind, code, pointer) !== TransmitResult.Sent) {
      this.#counters.errorsLost++
    } else this.#counters.errorsOut++
  }

  // ---- who may be told -------------------------------------------------------------------------------------

  /** ICMP-03, MCAST-03 (RFC 1122 section 3.2.2) and IC6-03 (RFC 4443 section 2.4(e)). */
  #isAllowed(packet: PacketIn, kind: IcmpErrorKind, code: number): boolean {
    if (this.#isAboutError(packet)) return false
    if (packet.version === 4) {
      if (packet.multicast || packet.linkMulticast) return false
      return this.#isAnswerable4(packet)
    }
    // The one error about multicast a host sends: an option that asks for it (V6-05).
    const mayBeGroup =
      kind === IcmpErrorKind.ParameterProblem && code === Icmpv6ParameterProblem.Option && packet.multicast
    if ((packet.multicast || packet.linkMulticast) && !mayBeGroup) return false
    const isUnspecified = (packet.src0 | packet.src1 | packet.src2 | packet.src3) === 0
    return !isUnspecified && packet.src0 >>> 24 !== 0xff
  }

  /** A source that is one host's, and not our own from outside. */
  #isAnswerable4(packet: PacketIn): boolean {
    const source = packet.src3
    if (packet.iface.index === this.#internet.loopback.index) return true
    return source >>> 24 !== 0 && !isMartianSourceV4(source)
  }

  /** Whatever stands before it: extension headers do not make an error less of one. */
  #isAboutError(packet: PacketIn): boolean {
    const { view } = this.#internet.memory
    if (packet.version === 4) {
      if (packet.protocol !== Protocol.Icmp) return false
      return packet.length < 1 || isIcmpv4Error(view.getUint8(packet.offset))
    }
    const upper = this.#upper
    const end = packet.headerOffset + packet.totalLength
    const isThere = findUpperLayer6(view, packet.headerOffset, end, 1, upper)
    if (upper.protocol !== Protocol.Icmpv6) return false
    if (!isThere) return true
    const type = view.getUint8(upper.offset)
    return isIcmpv6Error(type) || type === Icmpv6Type.Redirect
  }

  // ---- what they are told ----------------------------------------------------------------------------------

  /** IP-24, IC6-05: from the address that was asked; for a group from one of the interface's own. */
  #pathBack(packet: PacketIn): Path | string {
    const zone = packet.version === 6 && packet.src0 >>> 22 === 0xfe80 >>> 6 ? packet.iface.index : 0
    const remote = new IpAddress(packet.src0, packet.src1, packet.src2, packet.src3, zone)
    if (packet.multicast) return this.#internet.path(remote, null)
    const local = new IpAddress(packet.dst0, packet.dst1, packet.dst2, packet.dst3)
    return this.#internet.path(remote, local)
  }

  #send(path: Path, packet: PacketIn, kind: IcmpErrorKind, code: number, pointer: number): TransmitResult {
    const { descriptor, headEnd, memory } = this.#internet
    const isV4 = packet.version === 4
    const [type, fixedCode] = (isV4 ? V4_TYPES : V6_TYPES)[kind]
    const withCode = kind === IcmpErrorKind.TimeExceeded || kind === IcmpErrorKind.ParameterProblem
    const largest = isV4 ? MAX_ERROR_V4 : IPV6_MIN_MTU
    descriptor.reset(headEnd)
    descriptor.payloadOffset = packet.headerOffset
    // IC6-02: as much of the packet as fits.
    const room = largest - path.headerLength - ICMPV4_HEADER_LENGTH
    descriptor.payloadLength = Math.min(packet.totalLength, room)
    const at = descriptor.prepend(ICMPV4_HEADER_LENGTH)
    memory.view.setInt32(at, (type << 24) | ((withCode ? code : fixedCode) << 16))
    // RFC 792 has an 8-bit pointer, RFC 4443 a 32-bit one.
    memory.view.setInt32(at + 4, isV4 ? pointer << 24 : pointer)
    let sum = sumBytes(memory.view, at, ICMPV4_HEADER_LENGTH)
    sum = sumBytes(memory.view, descriptor.payloadOffset, descriptor.payloadLength, sum)
    if (!isV4) sum = pseudoHeaderSum(sum + path.pseudoSum, Protocol.Icmpv6, descriptor.length)
    memory.view.setUint16(at + (isV4 ? CHECKSUM_AT : ICMPV6_CHECKSUM), finishChecksum(sum))
    return this.#internet.send(path, isV4 ? Protocol.Icmp : Protocol.Icmpv6, this.#options)
  }
}
