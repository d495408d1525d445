import { finishChecksum, sumBytes } from '../core/checksum.ts'
import { TapwireError } from '../core/errors.ts'
import { MILLISECOND, type Micros, Timer } from '../core/timer.ts'
import { IpAddress } from '../ip/address.ts'
import { formatAddress } from '../ip/address-text.ts'
import type { Internet } from '../ip/internet.ts'
import type { Path } from '../ip/network.ts'
import { type IcmpErrorIn, IcmpErrorKind, type PacketIn, Protocol } from '../ip/packet-in.ts'
import { plateauBelow } from '../ip/path-mtu.ts'
import { TransmitResult } from '../link/device.ts'
import { Icmpv4Type } from '../wire/icmpv4.ts'
import { Icmpv6Type } from '../wire/icmpv6.ts'
import { pseudoHeaderSum } from '../wire/pseudo-header.ts'
import type { IcmpCounters } from './counters.ts'

const ECHO_HEADER = 8

export interface PingOptions {
  /** What the echo carries. Default: 56 bytes. */
  readonly payload?: Uint8Array
  /** Milliseconds to wait for the reply, 1 to 2^31 - 1; default 5,000. */
  readonly timeout?: number
  /** The source address; null (default) lets the routes choose. */
  readonly localAddress?: IpAddress | null
  /** TTL or hop limit, 1 to 255; default 64. */
  readonly ttl?: number
  /** TOS or traffic class byte, 0 to 255; default 0. */
  readonly tos?: number
  /** Refuse to fragment. Default false. */
  readonly dontFragment?: boolean
}

/** How a ping ended. */
export type PingResult =
  | {
      readonly kind: 'reply'
      readonly from: IpAddress
      /** Microseconds from sending to the reply's burst. */
      readonly rtt: Micros
      /** The payload that came back. */
      readonly bytes: number
      /** Whether it is what was sent. */
      readonly intact: boolean
      readonly ttl: number
    }
  | { readonly kind: 'timeout' }
  | {
      readonly kind: 'error'
      /** An `IcmpErrorKind`. */
      readonly error: IcmpErrorKind
      /** Who said so, or null: nobody answered for the next hop. */
      readonly from: IpAddress | null
      /** For PacketTooBig: the MTU to use. */
      readonly mtu: number
    }

class Pending {
  readonly path: Path
  readonly sum: number
  readonly length: number
  readonly sentAt: Micros
  readonly timer: Timer
  readonly onResult: (result: PingResult) => void

  constructor(
    path: Path,
    sum: number,
    length: number,
    sentAt: Micros,
    timer: Timer,
    onResult: (result: PingResult) => void,
  ) {
    this.path = path
    this.sum = sum
    this.length = length
    this.sentAt = sentAt
    this.timer = timer
    this.onResult = onResult
  }
}

/** Echo requests of our own, each matched to its reply by a random identifier and a sequence number. */
export class Pinger {
  readonly #internet: Internet
  readonly #counters: IcmpCounters
  readonly #pending = new Map<number, Pending>()
  readonly #identifier: number
  #sequence = 0
  /** Results wait for the end of the burst: applications are never called from inside a packet's handling. */
  readonly #results: (() => void)[] = []

  constructor(internet: Internet, counters: IcmpCounters) {
    this.#internet = internet
    this.#counters = counters
    this.#identifier = internet.engine.random.uint32() & 0xffff
  }

  get pending(): number {
    return this.#pending.size
  }

  /** See `Icmp.ping`. */
  ping(address: IpAddress, options: PingOptions, onResult: (result: PingResult) => void): void {
    const { payload = new Uint8Array(56), timeout = 5000, ttl = 64, tos = 0, dontFragment = false } = options
    checkRange('timeout', timeout, 1, 0x7fffffff)
    checkRange('ttl', ttl, 1, 255)
    checkRange('tos', tos, 0, 255)
    if (this.#pending.size >= this.#internet.limits.pings) {
      this.#counters.pingsRefused++
      throw new TapwireError(
        'ENOBUFS',
        `limits.pings (${this.#internet.limits.pings}) are waiting for replies already`,
      )
    }
    const path = this.#internet.path(address, options.localAddress ?? null)
    if (typeof path === 'string') throw new TapwireError(path, `There is no way to ${formatAddress(address)}`)
    if (payload.length > 65_535 - ECHO_HEADER - (path.remote.isV4 ? 20 : 0)) {
      throw new TapwireError('EMSGSIZE', `${payload.length} bytes do not fit into one IP packet`)
    }
    if (dontFragment && payload.length + ECHO_HEADER + path.headerLength > path.mtu) {
      throw new TapwireError(
        'EMSGSIZE',
        `${payload.length} bytes do not fit into the path's MTU of ${path.mtu}`,
      )
    }
    const key = this.#freeKey()
    const sum = this.#transmit(path, key, payload, { ttl, tos, dontFragment })
    const { engine } = this.#internet
    const timer = new Timer(() => this.#finish(key, { kind: 'timeout' }))
    engine.timers.set(timer, engine.now + timeout * MILLISECOND)
    this.#pending.set(key, new Pending(path, sum, payload.length, engine.now, timer, onResult))
    engine.hold()
    this.#counters.pingsOut++
  }

  /** A sequence number that no ping waits with, under the one identifier. */
  #freeKey(): number {
    do this.#sequence = (this.#sequence + 1) & 0xffff
    while (this.#pending.has(this.#sequence))
    return this.#sequence
  }

  /** @returns the payload's sum, by which the reply is compared */
  #transmit(
    path: Path,
    sequence: number,
    payload: Uint8Array,
    options: { ttl: number; tos: number; dontFragment: boolean },
  ): number {
    const { memory, descriptor, headEnd } = this.#internet
    const block = memory.allocate(Math.max(1, payload.length))
    if (block < 0) throw new TapwireError('ENOBUFS', 'The memory of the stack is used up')
    memory.copyIn(block, payload)
    const isV4 = path.remote.isV4
    descriptor.reset(headEnd)
    descriptor.payloadOffset = block
    descriptor.payloadLength = payload.length
    const at = descriptor.prepend(ECHO_HEADER)
    memory.view.setInt32(at, (isV4 ? Icmpv4Type.Echo : Icmpv6Type.EchoRequest) << 24)
    memory.view.setInt32(at + 4, (this.#identifier << 16) | sequence)
    const payloadSum = sumBytes(memory.view, block, payload.length)
    let sum = sumBytes(memory.view, at, ECHO_HEADER, payloadSum)
    if (!isV4) sum = pseudoHeaderSum(sum + path.pseudoSum, Protocol.Icmpv6, descriptor.length)
    memory.view.setUint16(at + 2, finishChecksum(sum))
    const result = this.#internet.send(path, isV4 ? Protocol.Icmp : Protocol.Icmpv6, options)
    memory.free(block)
    if (result === TransmitResult.Sent) return payloadSum
    throw new TapwireError(
      result === TransmitResult.Full ? 'ENOBUFS' : 'ENETUNREACH',
      'The echo could not be sent',
    )
  }

  /** An echo reply whose checksum was verified. @returns whether somebody waited for it */
  onReply(packet: PacketIn): boolean {
    const { view } = this.#internet.memory
    if (view.getUint16(packet.offset + 4) !== this.#identifier) return false
    const key = view.getUint16(packet.offset + 6)
    const pending = this.#pending.get(key)
    if (pending === undefined || !isFrom(packet, pending)) return false
    const bytes = packet.length - ECHO_HEADER
    this.#finish(key, {
      kind: 'reply',
      from: senderOf(packet),
      rtt: this.#internet.engine.now - pending.sentAt,
      bytes,
      intact: bytes === pending.length && sumBytes(view, packet.offset + ECHO_HEADER, bytes) === pending.sum,
      ttl: packet.ttl,
    })
    return true
  }

  /** An error about an echo of ours; the quote is ICMP's own header. */
  onError(error: IcmpErrorIn): boolean {
    const { view } = this.#internet.memory
    const type = view.getUint8(error.offset)
    if (type !== (error.version === 4 ? Icmpv4Type.Echo : Icmpv6Type.EchoRequest)) return false
    if (view.getUint16(error.offset + 4) !== this.#identifier) return false
    const key = view.getUint16(error.offset + 6)
    const pending = this.#pending.get(key)
    if (pending === undefined || pending.path.remote.a3 !== error.remote3) return false
    let mtu = error.mtu
    if (error.kind === IcmpErrorKind.PacketTooBig) {
      // IC6-12: the next ping is cut to what fits.
      if (mtu === 0) mtu = plateauBelow(pending.length + ECHO_HEADER + pending.path.headerLength)
      pending.path.reduceMtu(mtu)
    }
    const from = error.locallyGenerated
      ? null
      : new IpAddress(error.from0, error.from1, error.from2, error.from3)
    this.#finish(key, { kind: 'error', error: error.kind, from, mtu })
    return true
  }

  #finish(key: number, result: PingResult): void {
    const pending = this.#pending.get(key)
    if (pending === undefined) return
    this.#pending.delete(key)
    this.#internet.engine.timers.clear(pending.timer)
    this.#internet.engine.release()
    this.#results.push(() => pending.onResult(result))
  }

  /** Every ping ends now. */
  close(): void {
    const error = { kind: 'error', error: IcmpErrorKind.NetUnreachable, from: null, mtu: 0 } as const
    for (const key of [...this.#pending.keys()]) this.#finish(key, error)
  }

  /** Tells what has ended. @returns whether there was anything */
  tell(): boolean {
    if (this.#results.length === 0) return false
    for (const result of this.#results.splice(0)) this.#internet.engine.callOut(result)
    return true
  }
}

/** With its zone where it needs one (V6-18). */
function senderOf(packet: PacketIn): IpAddress {
  const sender = new IpAddress(packet.src0, packet.src1, packet.src2, packet.src3)
  return sender.isLinkLocal && !sender.isV4 ? sender.withZone(packet.iface.index) : sender
}

/** From where the echo went; a group's members answer with addresses of their own. */
function isFrom(packet: PacketIn, pending: Pending): boolean {
  const { remote } = pending.path
  if (remote.isMulticast || remote.isLimitedBroadcast) return true
  return (
    packet.src3 === remote.a3 &&
    packet.src2 === remote.a2 &&
    packet.src1 === remote.a1 &&
    packet.src0 === remote.a0
  )
}

function checkRange(name: string, value: number, low: number, high: number): void {
  if (!Number.isInteger(value) || value < low || value > high) {
    throw new TapwireError(
      'ERR_OUT_OF_RANGE',
      `'${name}' must be an integer from ${low} to ${high}. Received ${value}`,
    )
  }
}
