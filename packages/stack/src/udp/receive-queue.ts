import type { Audit } from '../core/audit.ts'
import { Memory } from '../core/memory.ts'
import { WorkQueue } from '../core/work-queue.ts'
import { ANY_V4, IpAddress } from '../ip/address.ts'
import type { NetworkInterface } from '../ip/network.ts'
import type { PacketIn } from '../ip/packet-in.ts'
import type { UdpMessage } from './api.ts'

/** A datagram that waits: its bytes in a block of memory, and who sent it. Used again for another when it has been read. */
class Waiting {
  block = 0
  length = 0
  remotePort = 0
  remoteAddress: IpAddress = ANY_V4
  localAddress: IpAddress = ANY_V4
  iface: NetworkInterface
  ttl = 0
  tos = 0

  constructor(iface: NetworkInterface) {
    this.iface = iface
  }

  fill(block: number, length: number, remotePort: number, packet: PacketIn): void {
    this.block = block
    this.length = length
    this.remotePort = remotePort
    this.iface = packet.iface
    this.ttl = packet.ttl
    this.tos = packet.tos
    const { src0, src1, src2, src3, dst0, dst1, dst2, dst3 } = packet
    if (!this.localAddress.hasWords(dst0, dst1, dst2, dst3)) {
      this.localAddress = new IpAddress(dst0, dst1, dst2, dst3)
    }
    const { zone } = this.remoteAddress
    if (this.remoteAddress.hasWords(src0, src1, src2, src3) && (zone === 0 || zone === packet.iface.index))
      return
    const remote = new IpAddress(src0, src1, src2, src3)
    // V6-18: a link-local peer means one only together with its link.
    this.remoteAddress = remote.isLinkLocal && !remote.isV4 ? remote.withZone(packet.iface.index) : remote
  }
}

export const QueueResult = { Queued: 0, Full: 1, NoMemory: 2 } as const
export type QueueResult = (typeof QueueResult)[keyof typeof QueueResult]

/** The datagrams of one socket between their arrival and the end of the burst, or until it is no longer paused. */
export class ReceiveQueue {
  /** Bytes of memory held, whole blocks counted. */
  bytes = 0
  readonly #memory: Memory
  /** The most that `bytes` may be. */
  limit: number
  readonly #waiting = new WorkQueue<Waiting>()
  readonly #free = new WorkQueue<Waiting>()

  constructor(memory: Memory, limit: number) {
    this.#memory = memory
    this.limit = limit
  }

  get size(): number {
    return this.#waiting.size
  }

  /** Copies a payload in. */
  push(packet: PacketIn, remotePort: number, offset: number, length: number): QueueResult {
    const size = Memory.blockSize(length)
    if (this.bytes + size > this.limit) return QueueResult.Full
    const block = this.#memory.allocate(length)
    if (block < 0) return QueueResult.NoMemory
    this.#memory.move(block, offset, length)
    this.bytes += size
    const waiting = this.#free.shift() ?? new Waiting(packet.iface)
    waiting.fill(block, length, remotePort, packet)
    this.#waiting.push(waiting)
    return QueueResult.Queued
  }

  /** Describes the oldest in `message`, which then owns its memory until `release`. @returns false when empty */
  shift(message: UdpMessage): boolean {
    const waiting = this.#waiting.shift()
    if (waiting === null) return false
    message.offset = waiting.block
    message.length = waiting.length
    message.remoteAddress = waiting.remoteAddress
    message.remotePort = waiting.remotePort
    message.localAddress = waiting.localAddress
    message.iface = waiting.iface
    message.ttl = waiting.ttl
    message.tos = waiting.tos
    this.#free.push(waiting)
    return true
  }

  audit(audit: Audit): void {
    let bytes = 0
    this.#waiting.each((waiting) => {
      const size = Memory.blockSize(waiting.length)
      audit.owns(waiting.block, size, 'a datagram that waits')
      bytes += size
    })
    audit.check(bytes === this.bytes, 'bytes counted, and bytes of datagrams', this.bytes, bytes)
  }

  release(message: UdpMessage): void {
    this.#memory.free(message.offset)
    this.bytes -= Memory.blockSize(message.length)
  }

  clear(): void {
    for (let waiting = this.#waiting.shift(); waiting !== null; waiting = this.#waiting.shift()) {
      this.#memory.free(waiting.block)
    }
    this.bytes = 0
  }
}
