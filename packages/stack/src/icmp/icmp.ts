import { finishChecksum, sumBytes } from '../core/checksum.ts'
import { IpAddress } from '../ip/address.ts'
import type { Interface } from '../ip/interface.ts'
import type { Internet } from '../ip/internet.ts'
import type { ErrorSender } from '../ip/ip-version.ts'
import type { SendOptions, Transport } from '../ip/network.ts'
import { type IcmpErrorIn, type IcmpErrorKind, type PacketIn, Protocol } from '../ip/packet-in.ts'
import { RxChecksum, TransmitResult } from '../link/device.ts'
import { checkIcmpv4, Icmpv4Check, Icmpv4Type, icmpv4Gateway, isIcmpv4Error } from '../wire/icmpv4.ts'
import { Icmpv6Type, isIcmpv6Error, isListenerDiscovery, isNeighbourDiscovery } from '../wire/icmpv6.ts'
import { addressSum6, pseudoHeaderSum, transportChecksumValid } from '../wire/pseudo-header.ts'
import { IcmpCounters } from './counters.ts'
import { IcmpErrorReader } from './error-reader.ts'
import { IcmpErrorSender } from './error-sender.ts'
import { GroupReporter } from './group-reporter.ts'
import { Pinger, type PingOptions, type PingResult } from './pinger.ts'

const ECHO_HEADER = 8

/** ICMP and ICMPv6 of one stack: answers echoes, sends errors and takes them to the transports they are about. */
export class Icmp implements Transport, ErrorSender {
  readonly counters = new IcmpCounters()
  readonly #internet: Internet
  readonly #sender: IcmpErrorSender
  readonly #reader: IcmpErrorReader
  readonly #pinger: Pinger
  readonly #groups: GroupReporter
  readonly #replyOptions: SendOptions = { ttl: 64, tos: 0, dontFragment: false }

  constructor(internet: Internet) {
    this.#internet = internet
    this.#sender = new IcmpErrorSender(internet, this.counters)
    this.#reader = new IcmpErrorReader(internet)
    this.#pinger = new Pinger(internet, this.counters)
    this.#groups = new GroupReporter(internet, this.counters)
    internet.errors = this
    internet.registerTransport(Protocol.Icmp, this)
    internet.registerTransport(Protocol.Icmpv6, this)
  }

  // ---- for applications ------------------------------------------------------------------------------------

  /**
   * Sends one echo request; `onResult` is called once, at the end of a burst.
   * @throws ENETUNREACH, EADDRNOTAVAIL, EINVAL, ENOBUFS, EMSGSIZE, ERR_OUT_OF_RANGE at once
   */
  ping(address: IpAddress, options: PingOptions, onResult: (result: PingResult) => void): void {
    this.#internet.engine.run(() => this.#pinger.ping(address, options, onResult))
  }

  /** As `ping`, for those who wait; it rejects with what `ping` would throw. */
  pingOnce(address: IpAddress, options: PingOptions = {}): Promise<PingResult> {
    return new Promise((resolve) => this.ping(address, options, resolve))
  }

  /** Pings that wait for a reply. */
  get pending(): number {
    return this.#pinger.pending
  }

  /** The stack closes: whoever waits for a ping hears that there is no network any more. */
  close(): void {
    this.#internet.engine.run(() => this.#pinger.close())
  }

  // ---- messages in -----------------------------------------------------------------------------------------

  onPacket(packet: PacketIn): void {
    this.counters.messagesIn++
    if (packet.protocol === Protocol.Icmp) this.#onPacket4(packet)
    else this.#onPacket6(packet)
  }

  #onPacket4(packet: PacketIn): void {
    // ICMPv6 in an IPv4 packet, or the reverse, is nobody's.
    if (packet.version !== 4) {
      this.#dropType()
      return
    }
    const { view } = this.#internet.memory
    const check = checkIcmpv4(view, packet.offset, packet.length)
    if (check !== Icmpv4Check.Ok) {
      this.#dropBad(check === Icmpv4Check.Short)
      return
    }
    const type = view.getUint8(packet.offset)
    if (type === Icmpv4Type.Echo) this.#onEcho4(packet)
    else if (type === Icmpv4Type.EchoReply) this.#onEchoReply(packet)
    else if (type === Icmpv4Type.Redirect) this.#onRedirect(packet)
    else if (isIcmpv4Error(type)) this.#onError(this.#reader.read4(packet))
    // ICMP-01, ICMP-07, ICMP-12: unknown, obsolete and optional ones get no answer.
    else this.#dropType()
  }

  #onPacket6(packet: PacketIn): void {
    if (packet.version !== 6) {
      this.#dropType()
      return
    }
    if (packet.length < ECHO_HEADER) {
      this.#dropBad(true)
      return
    }
    if (!this.#hasGoodChecksum6(packet)) {
      this.#dropBad(false)
      return
    }
    const { view } = this.#internet.memory
    const type = view.getUint8(packet.offset)
    if (isNeighbourDiscovery(type)) this.#onNeighbourDiscovery(packet)
    else if (type === Icmpv6Type.EchoRequest) this.#onEcho6(packet)
    else if (type === Icmpv6Type.EchoReply) this.#onEchoReply(packet)
    else if (isIcmpv6Error(type)) this.#onError(this.#reader.read6(packet))
    else if (isListenerDiscovery(type)) {
      this.counters.listenerDiscoveryIn++
      this.#groups.onMld(packet)
    } else this.#dropType()
  }

  /** IC6-09 */
  #hasGoodChecksum6(packet: PacketIn): boolean {
    if (packet.checksum === RxChecksum.Valid) return true
    const { view } = this.#internet.memory
    const { src0, src1, src2, src3, dst0, dst1, dst2, dst3 } = packet
    const addresses = addressSum6(src0, src1, src2, src3, dst0, dst1, dst2, dst3)
    return transportChecksumValid(view, packet.offset, packet.length, addresses, Protocol.Icmpv6)
  }

  #dropType(): void {
    this.counters.droppedType++
  }

  #dropBad(isShort: boolean): void {
    if (isShort) this.counters.droppedShort++
    else this.counters.droppedChecksum++
  }

  #onNeighbourDiscovery(packet: PacketIn): void {
    // The record says which interface; this stack made it.
    const iface = packet.iface as Interface
    // V6F-11: not even as an atomic fragment.
    if (packet.reassembled) {
      this.#dropType()
      return
    }
    this.counters.neighbourDiscoveryIn++
    iface.link.onNeighbourDiscovery(packet)
  }

  // ---- echo ------------------------------------------------------------------------------------------------

  #onEcho4(packet: PacketIn): void {
    this.counters.echoRequestsIn++
    if (packet.multicast) {
      // ICMP-11
      this.counters.droppedBroadcastEcho++
      return
    }
    this.#reply(packet, Icmpv4Type.EchoReply)
  }

  #onEcho6(packet: PacketIn): void {
    // A request from :: has nobody to be answered.
    if ((packet.src0 | packet.src1 | packet.src2 | packet.src3) === 0) {
      this.#dropType()
      return
    }
    this.counters.echoRequestsIn++
    this.#reply(packet, Icmpv6Type.EchoReply)
  }

  /**
   * ICMP-10, IC6-06: the same identifier, sequence number and data, straight from where they arrived; but not the extension
   * headers before them (V6-14).
   */
  #reply(packet: PacketIn, type: number): void {
    const { view } = this.#internet.memory
    const { descriptor, headEnd } = this.#internet
    const remote = new IpAddress(packet.src0, packet.src1, packet.src2, packet.src3, packet.iface.index)
    // IP-24, IC6-05: from the address that was asked; a group is answered for by one of our own.
    const local = packet.multicast ? null : new IpAddress(packet.dst0, packet.dst1, packet.dst2, packet.dst3)
    const path = this.#internet.path(remote, local)
    if (typeof path === 'string') {
      this.counters.echoRepliesLost++
      return
    }
    descriptor.reset(headEnd)
    descriptor.payloadOffset = packet.offset + ECHO_HEADER
    descriptor.payloadLength = packet.length - ECHO_HEADER
    const at = descriptor.prepend(ECHO_HEADER)
    view.setInt32(at, type << 24)
    view.setInt32(at + 4, view.getInt32(packet.offset + 4))
    let sum = sumBytes(view, descriptor.payloadOffset, descriptor.payloadLength)
    sum = sumBytes(view, at, ECHO_HEADER, sum)
    if (packet.version === 6) sum = pseudoHeaderSum(sum + path.pseudoSum, Protocol.Icmpv6, descriptor.length)
    view.setUint16(at + 2, finishChecksum(sum))
    // ICMP-14: the reply has the request's TOS.
    this.#replyOptions.tos = packet.tos & 0xfc
    if (this.#internet.send(path, packet.protocol, this.#replyOptions) === TransmitResult.Sent) {
      this.counters.echoRepliesOut++
    } else this.counters.echoRepliesLost++
  }

  #onEchoReply(packet: PacketIn): void {
    this.counters.echoRepliesIn++
    if (!this.#pinger.onReply(packet)) this.counters.echoRepliesUnexpected++
  }

  // ---- errors in -------------------------------------------------------------------------------------------

  /** ICMP-05, IC6-08: to the transport that sent what is quoted. */
  #onError(isReadable: boolean): void {
    this.counters.errorsIn++
    const { error } = this.#reader
    const transport = isReadable ? this.#internet.transportOf(error.protocol) : null
    if (transport === null) this.counters.errorsInUnmatched++
    else transport.onIcmpError(error)
  }

  /** An error about one of our own messages. */
  onIcmpError(error: IcmpErrorIn): void {
    if (!this.#pinger.onError(error)) this.counters.errorsInUnmatched++
  }

  /** ICMP-06: host and network redirects alike. */
  #onRedirect(packet: PacketIn): void {
    this.counters.redirectsIn++
    const { view } = this.#internet.memory
    if (!this.#reader.readQuote4(packet.offset + 8, packet.length - 8)) {
      this.counters.errorsInUnmatched++
      return
    }
    const from = new IpAddress(packet.src0, packet.src1, packet.src2, packet.src3)
    const gateway = IpAddress.v4(icmpv4Gateway(view, packet.offset))
    const { local, remote } = this.#reader
    this.#internet.router.redirect(packet.iface as Interface, from, local, remote, gateway)
  }

  // ---- errors out ------------------------------------------------------------------------------------------

  report(packet: PacketIn, kind: IcmpErrorKind, code: number, pointer: number): void {
    this.#sender.report(packet, kind, code, pointer)
  }

  onUnresolved(version: 4 | 6, offset: number, length: number): void {
    this.#reader.startLocal(version)
    const isReadable =
      version === 4 ? this.#reader.readQuote4(offset, length) : this.#reader.readQuote6(offset, length)
    if (!isReadable) return
    this.#internet.transportOf(this.#reader.error.protocol)?.onIcmpError(this.#reader.error)
  }

  // ---- the rest of a transport's duties --------------------------------------------------------------------

  onInterfaceDown(): void {}

  onWritable(): void {}

  onBurstEnd(): boolean {
    return this.#pinger.tell()
  }
}
