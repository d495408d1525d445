import type { Memory } from '../core/memory.ts'
import type { Micros } from '../core/timer.ts'
import type { NetworkInterface } from './network.ts'
import type { PacketIn } from './packet-in.ts'
import type { FragmentInfo } from './reassembly.ts'

/** Bytes kept before a datagram's data for the headers of its first fragment; longer ones are not quoted. */
export const HEAD_ROOM = 128

export const DatagramState = {
  Waiting: 0,
  /** Its fragments contradicted each other: it only stands there to refuse the rest of them. */
  Poisoned: 1,
} as const
export type DatagramState = (typeof DatagramState)[keyof typeof DatagramState]

const UNKNOWN = -1

/** One datagram on its way to being whole. */
export class Datagram {
  readonly slot: number
  readonly sourceHash: number
  readonly deadline: Micros
  readonly iface: NetworkInterface
  readonly version: 4 | 6
  readonly src0: number
  readonly src1: number
  readonly src2: number
  readonly src3: number
  readonly dst0: number
  readonly dst1: number
  readonly dst2: number
  readonly dst3: number
  readonly id: number
  readonly keyProtocol: number
  readonly multicast: boolean
  state: DatagramState = DatagramState.Waiting
  linkMulticast = false
  block = -1
  blockSize = 0
  /** Bytes of the headers before the first fragment's data; 0 until it is here, or when they were too long. */
  headLength = 0
  firstLength = 0
  hasFirst = false
  nextHeader = 0
  protocol = 0
  ttl = 0
  tos = 0
  sawCongestion = false
  sawNotEct = false
  #total = UNKNOWN
  #received = 0
  /** Sorted, disjoint: where each fragment starts and ends. */
  readonly #starts: number[] = []
  readonly #ends: number[] = []

  constructor(slot: number, sourceHash: number, deadline: Micros, packet: PacketIn, info: FragmentInfo) {
    this.slot = slot
    this.sourceHash = sourceHash
    this.deadline = deadline
    this.iface = packet.iface
    this.version = packet.version
    this.src0 = packet.src0
    this.src1 = packet.src1
    this.src2 = packet.src2
    this.src3 = packet.src3
    this.dst0 = packet.dst0
    this.dst1 = packet.dst1
    this.dst2 = packet.dst2
    this.dst3 = packet.dst3
    this.id = info.id
    this.keyProtocol = info.keyProtocol
    this.multicast = packet.multicast
  }

  get capacity(): number {
    return this.blockSize - HEAD_ROOM
  }

  get fragments(): number {
    return this.#starts.length
  }

  /** For `debugInvariants`. */
  isSound(): boolean {
    let edge = 0
    let bytes = 0
    for (const [i, start] of this.#starts.entries()) {
      if (start < edge || this.#ends[i] < start) return false
      edge = this.#ends[i]
      bytes += edge - start
    }
    return bytes === this.#received && (this.block < 0 || edge <= this.capacity)
  }

  get isComplete(): boolean {
    return this.#received === this.#total
  }

  isFor(packet: PacketIn, info: FragmentInfo): boolean {
    return (
      this.id === info.id &&
      this.keyProtocol === info.keyProtocol &&
      this.version === packet.version &&
      this.iface === packet.iface &&
      this.src3 === packet.src3 &&
      this.dst3 === packet.dst3 &&
      this.src0 === packet.src0 &&
      this.src1 === packet.src1 &&
      this.src2 === packet.src2 &&
      this.dst0 === packet.dst0 &&
      this.dst1 === packet.dst1 &&
      this.dst2 === packet.dst2
    )
  }

  /** How many of the kept fragments start before `position`. */
  #rank(position: number): number {
    let low = 0
    let high = this.#starts.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#starts[middle] < position) low = middle + 1
      else high = middle
    }
    return low
  }

  hasExactly(start: number, end: number): boolean {
    const at = this.#rank(start)
    return at < this.#starts.length && this.#starts[at] === start && this.#ends[at] === end
  }

  sameBytes(memory: Memory, packet: PacketIn, start: number): boolean {
    const { u8 } = memory
    const kept = this.block + HEAD_ROOM + start
    for (let i = 0; i < packet.length; i++) if (u8[kept + i] !== u8[packet.offset + i]) return false
    return true
  }

  /** Neither overlaps what is there, nor reaches past the end, nor claims another one (FRG-06, FRG-08). */
  accepts(info: FragmentInfo, end: number): boolean {
    const at = this.#rank(info.at)
    if (at > 0 && this.#ends[at - 1] > info.at) return false
    if (at < this.#starts.length && this.#starts[at] < end) return false
    if (this.#total !== UNKNOWN) return info.more ? end <= this.#total : end === this.#total
    const last = this.#ends.length - 1
    return info.more || last < 0 || this.#ends[last] <= end
  }

  store(memory: Memory, packet: PacketIn, info: FragmentInfo, end: number): void {
    memory.move(this.block + HEAD_ROOM + info.at, packet.offset, packet.length)
    const at = this.#rank(info.at)
    this.#starts.splice(at, 0, info.at)
    this.#ends.splice(at, 0, end)
    this.#received += packet.length
    if (!info.more) this.#total = end
    if (info.at === 0) this.#storeHead(memory, packet, info)
    if (packet.linkMulticast) this.linkMulticast = true
    // R3168-11: what the fragments' ECN fields say together.
    const ecn = packet.tos & 3
    if (ecn === 3) this.sawCongestion = true
    else if (ecn === 0) this.sawNotEct = true
  }

  #storeHead(memory: Memory, packet: PacketIn, info: FragmentInfo): void {
    this.hasFirst = true
    this.firstLength = packet.length
    this.nextHeader = packet.protocol
    this.protocol = packet.protocol
    this.ttl = packet.ttl
    this.tos = packet.tos
    if (info.headLength > HEAD_ROOM) return
    this.headLength = info.headLength
    memory.move(this.block + HEAD_ROOM - info.headLength, packet.headerOffset, info.headLength)
  }

  /** Makes the record speak of the whole datagram. The header before it is still the first fragment's. */
  describe(packet: PacketIn): void {
    this.#fill(packet)
    packet.length = this.#total
    packet.totalLength = this.headLength + this.#total
    packet.reassembled = true
    if (this.sawCongestion) packet.tos |= 3
  }

  /** Makes the record speak of the first fragment, as it came: for quoting. Only with `headLength > 0`. */
  describeFirst(packet: PacketIn): void {
    this.#fill(packet)
    packet.length = this.firstLength
    packet.totalLength = this.headLength + this.firstLength
    packet.reassembled = false
  }

  #fill(packet: PacketIn): void {
    packet.iface = this.iface
    packet.version = this.version
    packet.protocol = this.protocol
    packet.src0 = this.src0
    packet.src1 = this.src1
    packet.src2 = this.src2
    packet.src3 = this.src3
    packet.dst0 = this.dst0
    packet.dst1 = this.dst1
    packet.dst2 = this.dst2
    packet.dst3 = this.dst3
    packet.offset = this.block + HEAD_ROOM
    packet.headerOffset = this.block + HEAD_ROOM - this.headLength
    packet.ttl = this.ttl
    packet.tos = this.tos
    packet.checksum = 0
    packet.gsoSize = 0
    packet.multicast = this.multicast
    packet.linkMulticast = this.linkMulticast
  }
}
