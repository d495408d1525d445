import { Memory } from '../core/memory.ts'
import { WorkQueue } from '../core/work-queue.ts'
import { IpAddress } from '../ip/address.ts'
import type { NetworkInterface } from '../ip/network.ts'
import type { PacketIn } from '../ip/packet-in.ts'
import type { UdpMessage } from './api.ts'

/** A datagram that waits: its bytes in a block of memory, and who sent it. */
class Waiting {
  readonly block: number
  readonly length: number
  readonly remotePort: number
  readonly remoteAddress: IpAddress
  readonly localAddress: IpAddress
  readonly iface: NetworkInterface
  readonly ttl: number
  readonly tos: number

  constructor(block: number, length: number, remotePort: number, packet: PacketIn) {
    this.block = block
    this.length = length
    this.remotePort = remotePort
    this.iface = packet.iface
    this.ttl = packet.ttl
    this.tos = packet.tos
    const remote = new IpAddress(packet.src0, packet.src1, packet.src2, packet.src3)
    // V6-18: a link-local peer means one only together with its link.
    this.remoteAddress = remote.isLinkLocal && !remote.isV4 ? remote.withZone(packet.iface.index) : remote
    this.localAddress = new IpAddress(packet.dst0, packet.dst1, packet.dst2, packet.dst3)
  }
}

export const QueueResult = { Queued: 0, Full: 1, NoMemory: 2 } as const
export type QueueResult = (typeof QueueResult)[keyof typeof QueueResult]

/** The datagrams of one socket between their arrival and the end of the burst, or until it is no longer paused. */
export class ReceiveQueue {
  /** Bytes of memory held, whole blocks counted. */
  bytes = 0
  readonly #memory: Memory
  readonly #limit: number
  readonly #waiting = new WorkQueue<Waiting>()

  constructor(memory: Memory, limit: number) {
    this.#memory = memory
    this.#limit = limit
  }

  get size(): number {
    return this.#waiting.size
  }

  /** Copies a payload in. */
  push(packet: PacketIn, remotePort: number, offset: number, length: number): QueueResult {
    const size = Memory.blockSize(length)
    if (this.bytes + size > this.#limit) return QueueResult.Full
    const block = this.#memory.allocate(length)
    if (block < 0) return QueueResult.NoMemory
    this.#memory.move(block, offset, length)
    this.bytes += size
    this.#waiting.push(new Waiting(block, length, remotePort, packet))
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
    return true
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
