import type { Audit } from '../core/audit.ts'
import { Memory } from '../core/memory.ts'
import { ETHERNET_HEADER, Gso, TX_HEADROOM, type TxDescriptor } from '../link/device.ts'
import type { EthernetCounters } from './counters.ts'
import type { Neighbour } from './neighbour.ts'
import type { NeighbourCache } from './neighbour-cache.ts'

/** Bytes kept free before a waiting packet: for the Ethernet header, and the device's own. */
const LEAD = TX_HEADROOM + ETHERNET_HEADER

/** A copy of an IP packet, and what its descriptor said, so that a super-frame stays one. */
export class WaitingPacket {
  block = 0
  /** At the IP header. */
  offset = 0
  headLength = 0
  payloadLength = 0
  /** As in `TxDescriptor`, from the IP header. */
  checksumStart = -1
  checksumOffset = 0
  gso: Gso = Gso.None
  gsoSize = 0
  next: WaitingPacket | null = null
  previous: WaitingPacket | null = null
}

/**
 * The packets of one link that wait for their neighbour (ARP-07, ND-07), copied into blocks of memory and bounded:
 * `neighbourQueue` packets each, `neighbourQueueBytes` (whole blocks) together. A neighbour's first packet is never
 * given up for a later one: it is the SYN or the echo request somebody waits for.
 */
export class WaitingPackets {
  /** Bytes of the blocks in use. */
  bytes = 0
  readonly #memory: Memory
  readonly #mostPackets: number
  readonly #mostBytes: number
  readonly #counters: EthernetCounters

  constructor(memory: Memory, mostPackets: number, mostBytes: number, counters: EthernetCounters) {
    this.#memory = memory
    this.#mostPackets = mostPackets
    this.#mostBytes = mostBytes
    this.#counters = counters
  }

  /** Copies what `descriptor` holds (its head starts at the IP header) to the end of the neighbour's queue. */
  add(neighbour: Neighbour, descriptor: TxDescriptor, cache: NeighbourCache): void {
    if (neighbour.waiting >= this.#mostPackets) {
      this.#counters.dropQueueFull++
      if (neighbour.waiting === 1) return
      this.#remove(neighbour, neighbour.lastWaiting as WaitingPacket)
    }
    const size = LEAD + descriptor.length
    const block = this.#hasRoom(neighbour, Memory.blockSize(size), cache) ? this.#memory.allocate(size) : -1
    if (block < 0) {
      this.#counters.dropQueueBytes++
      return
    }
    const packet = new WaitingPacket()
    packet.block = block
    packet.offset = block + LEAD
    packet.headLength = descriptor.headLength
    packet.payloadLength = descriptor.payloadLength + descriptor.payload2Length
    packet.checksumStart = descriptor.checksumStart
    packet.checksumOffset = descriptor.checksumOffset
    packet.gso = descriptor.gso
    packet.gsoSize = descriptor.gsoSize
    descriptor.copyTo(this.#memory, packet.offset)
    this.#append(neighbour, packet)
    this.bytes += Memory.blockSize(size)
    this.#counters.packetsQueued++
  }

  /** Makes `descriptor` describe a waiting packet, as IP handed it over. */
  describe(packet: WaitingPacket, descriptor: TxDescriptor): void {
    descriptor.reset(packet.offset)
    descriptor.headLength = packet.headLength
    descriptor.payloadOffset = packet.offset + packet.headLength
    descriptor.payloadLength = packet.payloadLength
    descriptor.checksumStart = packet.checksumStart
    descriptor.checksumOffset = packet.checksumOffset
    descriptor.gso = packet.gso
    descriptor.gsoSize = packet.gsoSize
  }

  /** Takes the oldest packet off the queue without freeing it: `release` follows. */
  shift(neighbour: Neighbour): WaitingPacket | null {
    const packet = neighbour.firstWaiting
    if (packet !== null) this.#unlink(neighbour, packet)
    return packet
  }

  /** Gives a packet's memory back. */
  release(packet: WaitingPacket): void {
    this.bytes -= Memory.blockSize(LEAD + packet.headLength + packet.payloadLength)
    this.#memory.free(packet.block)
  }

  /** Drops all packets of a neighbour, untold. */
  clear(neighbour: Neighbour): void {
    for (let packet = this.shift(neighbour); packet !== null; packet = this.shift(neighbour)) {
      this.release(packet)
    }
  }

  /** Looks at one neighbour's queue. @returns the bytes of its blocks */
  audit(neighbour: Neighbour, audit: Audit): number {
    let count = 0
    let bytes = 0
    let previous: WaitingPacket | null = null
    for (
      let packet = neighbour.firstWaiting;
      packet !== null && count <= neighbour.waiting;
      packet = packet.next
    ) {
      const size = Memory.blockSize(LEAD + packet.headLength + packet.payloadLength)
      audit.owns(packet.block, size, 'a packet that waits')
      audit.check(packet.previous === previous, 'the packets that wait for a neighbour are torn', count)
      previous = packet
      bytes += size
      count++
    }
    audit.check(
      count === neighbour.waiting,
      'packets counted, and packets that wait',
      neighbour.waiting,
      count,
    )
    audit.check(count <= this.#mostPackets, 'more packets wait for a neighbour than the limit', count)
    audit.check(neighbour.lastWaiting === previous, 'the last packet that waits is not the last')
    return bytes
  }

  /** All of them together, after each one's queue. */
  auditSum(bytes: number, audit: Audit): void {
    audit.check(bytes === this.bytes, 'bytes that wait, counted and real', this.bytes, bytes)
    audit.check(bytes <= this.#mostBytes, 'more bytes wait than the limit', bytes, this.#mostBytes)
  }

  /** Room for a block. A first packet takes it from the later packets of others. */
  #hasRoom(neighbour: Neighbour, size: number, cache: NeighbourCache): boolean {
    if (this.bytes + size <= this.#mostBytes) return true
    if (neighbour.waiting > 0) return false
    for (let other = cache.oldestResolving; other !== null; other = other.newer) {
      while (other.waiting > 1) {
        this.#remove(other, other.lastWaiting as WaitingPacket)
        this.#counters.dropQueueBytes++
        if (this.bytes + size <= this.#mostBytes) return true
      }
    }
    return false
  }

  #remove(neighbour: Neighbour, packet: WaitingPacket): void {
    this.#unlink(neighbour, packet)
    this.release(packet)
  }

  #append(neighbour: Neighbour, packet: WaitingPacket): void {
    packet.previous = neighbour.lastWaiting
    if (neighbour.lastWaiting === null) neighbour.firstWaiting = packet
    else neighbour.lastWaiting.next = packet
    neighbour.lastWaiting = packet
    neighbour.waiting++
  }

  #unlink(neighbour: Neighbour, packet: WaitingPacket): void {
    if (packet.previous === null) neighbour.firstWaiting = packet.next
    else packet.previous.next = packet.next
    if (packet.next === null) neighbour.lastWaiting = packet.previous
    else packet.next.previous = packet.previous
    packet.next = null
    packet.previous = null
    neighbour.waiting--
  }
}
