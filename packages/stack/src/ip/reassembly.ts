import type { Audit } from '../core/audit.ts'
import type { Engine } from '../core/engine.ts'
import { Memory } from '../core/memory.ts'
import { HalfSipHash } from '../core/siphash.ts'
import { type Micros, SECOND, Timer } from '../core/timer.ts'
import type { Limits } from '../limits.ts'
import type { IpCounters } from './counters.ts'
import { Datagram, DatagramState, HEAD_ROOM } from './datagram.ts'
import type { PacketIn } from './packet-in.ts'

/** From the first fragment to arrive: RFC 8200 section 4.5 (V6F-06), and within RFC 1122's 60 to 120 s (FRG-03). */
const REASSEMBLY_TIMEOUT: Micros = 60 * SECOND

/** What became of a fragment. */
export const FragmentResult = {
  /** Kept; more are missing. */
  Waiting: 0,
  /** The datagram is whole, and described by the packet record; `release` it after use. */
  Complete: 1,
  /** Not kept, and counted. */
  Dropped: 2,
} as const
export type FragmentResult = (typeof FragmentResult)[keyof typeof FragmentResult]

/** What a fragment's own header says, beyond the packet record. Reused. */
export class FragmentInfo {
  /** Identification: 16 bits for IPv4, 32 for IPv6. */
  id = 0
  /** Where the data belongs in the datagram, in bytes. */
  at = 0
  more = false
  /** Bytes from `packet.headerOffset` to the data: kept for quoting when `at` is 0. */
  headLength = 0
  /** IPv4's protocol is part of the key (FRG-02); IPv6's Next Header is not (V6F-10), and 0 stands here. */
  keyProtocol = 0
}

/** Slots a datagram may stand in, from its hash on. */
const PROBES = 4

/**
 * Puts datagrams together from fragments (FRG-01, V6-10), both versions, in any order (RFC 815's problem, solved with sorted
 * ranges). Data lies in the stack's memory, each datagram in one growing block. Everything is bounded: datagrams, datagrams
 * per source, bytes, fragments of one datagram (FRG-07, V6F-12); the oldest makes room.
 */
export class Reassembler {
  /** Bytes of memory all datagrams hold. */
  bytes = 0
  readonly #engine: Engine
  readonly #limits: Limits
  readonly #counters: IpCounters
  readonly #hash: HalfSipHash
  /** By hash of the key; insertion order is age, and so the order of expiry. */
  readonly #waiting = new Map<number, Datagram>()
  readonly #perSource = new Map<number, number>()
  readonly #timer: Timer
  readonly #onTimeout: (datagram: Datagram) => void
  #current: Datagram | null = null

  /** @param onTimeout told of each datagram whose time is up, before its memory goes */
  constructor(engine: Engine, limits: Limits, counters: IpCounters, onTimeout: (datagram: Datagram) => void) {
    this.#engine = engine
    this.#limits = limits
    this.#counters = counters
    this.#onTimeout = onTimeout
    this.#hash = new HalfSipHash({ k0: engine.random.uint32(), k1: engine.random.uint32() })
    this.#timer = new Timer((now) => this.#expire(now))
  }

  get size(): number {
    return this.#waiting.size
  }

  /**
   * Takes one fragment: `packet` describes it, its data at `offset`. The caller has checked that `at + length` stays
   * within 65,535 and that all but the last are multiples of 8.
   */
  add(packet: PacketIn, info: FragmentInfo): FragmentResult {
    this.#counters.fragmentsIn++
    const datagram = this.#find(packet, info) ?? this.#open(packet, info)
    if (datagram === null) return FragmentResult.Dropped
    if (datagram.state === DatagramState.Poisoned) {
      this.#counters.reassemblyOverlaps++
      return FragmentResult.Dropped
    }
    return this.#insert(datagram, packet, info)
  }

  #insert(datagram: Datagram, packet: PacketIn, info: FragmentInfo): FragmentResult {
    const end = info.at + packet.length
    if (!this.#makeRoom(datagram, end, !info.more)) {
      this.#counters.reassemblyNoMemory++
      this.#discard(datagram)
      return FragmentResult.Dropped
    }
    const isDuplicate = datagram.hasExactly(info.at, end)
    if (
      isDuplicate ? !datagram.sameBytes(this.#engine.memory, packet, info.at) : !datagram.accepts(info, end)
    ) {
      // RFC 5722 section 4 (V6F-05), for IPv4 by choice (FRG-06, FRG-08): the whole datagram goes, and what still comes.
      this.#counters.reassemblyOverlaps++
      this.#poison(datagram)
      return FragmentResult.Dropped
    }
    if (isDuplicate) return FragmentResult.Waiting
    if (datagram.fragments >= this.#limits.fragmentsPerDatagram) {
      this.#counters.reassemblyEvicted++
      this.#poison(datagram)
      return FragmentResult.Dropped
    }
    datagram.store(this.#engine.memory, packet, info, end)
    return datagram.isComplete ? this.#complete(datagram, packet) : FragmentResult.Waiting
  }

  #complete(datagram: Datagram, packet: PacketIn): FragmentResult {
    this.#unlink(datagram)
    if (datagram.sawCongestion && datagram.sawNotEct) {
      // FRG-12, R3168-11: such a packet may neither lose its mark nor carry one.
      this.#counters.reassemblyEcn++
      this.#free(datagram)
      return FragmentResult.Dropped
    }
    this.#counters.reassembled++
    datagram.describe(packet)
    this.#current = datagram
    return FragmentResult.Complete
  }

  /** Gives back the memory of the datagram that `add` completed. */
  release(): void {
    if (this.#current !== null) this.#free(this.#current)
    this.#current = null
  }

  /** The Next Header field of the completed datagram's fragments (IPv6). */
  get completedNextHeader(): number {
    return this.#current === null ? 0 : this.#current.nextHeader
  }

  // ---- the table -------------------------------------------------------------------------------------------

  #find(packet: PacketIn, info: FragmentInfo): Datagram | null {
    const hash = this.#keyHash(packet, info)
    for (let i = 0; i < PROBES; i++) {
      const datagram = this.#waiting.get((hash + i) | 0)
      if (datagram?.isFor(packet, info)) return datagram
    }
    return null
  }

  #open(packet: PacketIn, info: FragmentInfo): Datagram | null {
    const sourceHash = this.#sourceHash(packet)
    const { reassemblies, reassembliesPerSource } = this.#limits
    if ((this.#perSource.get(sourceHash) ?? 0) >= reassembliesPerSource) this.#evictOldest(sourceHash)
    if (this.#waiting.size >= reassemblies) this.#evictOldest(null)
    const hash = this.#keyHash(packet, info)
    for (let i = 0; i < PROBES; i++) {
      const slot = (hash + i) | 0
      if (this.#waiting.has(slot)) continue
      const deadline = this.#engine.now + REASSEMBLY_TIMEOUT
      const datagram = new Datagram(slot, sourceHash, deadline, packet, info)
      this.#waiting.set(slot, datagram)
      this.#perSource.set(sourceHash, (this.#perSource.get(sourceHash) ?? 0) + 1)
      this.#engine.timers.setEarlier(this.#timer, deadline)
      return datagram
    }
    this.#counters.reassemblyNoMemory++
    return null
  }

  /** Map order is age: the first match is the oldest. */
  #evictOldest(sourceHash: number | null): void {
    for (const datagram of this.#waiting.values()) {
      if (sourceHash !== null && datagram.sourceHash !== sourceHash) continue
      this.#counters.reassemblyEvicted++
      this.#discard(datagram)
      return
    }
  }

  #keyHash(packet: PacketIn, info: FragmentInfo): number {
    this.#startHash(packet)
    return this.#hash
      .word(packet.dst0)
      .word(packet.dst1)
      .word(packet.dst2)
      .word(packet.dst3)
      .word(info.id)
      .word((packet.iface.index << 8) | info.keyProtocol)
      .end()
  }

  #sourceHash(packet: PacketIn): number {
    this.#startHash(packet)
    return this.#hash.end()
  }

  #startHash(packet: PacketIn): void {
    this.#hash.start().word(packet.src0).word(packet.src1).word(packet.src2).word(packet.src3)
  }

  // ---- memory ----------------------------------------------------------------------------------------------

  /** Sees to it that the datagram's block reaches to `end`; others give way, the oldest first. */
  #makeRoom(datagram: Datagram, end: number, isLast: boolean): boolean {
    if (end <= datagram.capacity) return true
    // Growing by doubling, except where the last fragment tells the size.
    const wanted = Memory.blockSize(HEAD_ROOM + (isLast ? end : Math.min(end * 2, 65_535)))
    const growth = wanted - datagram.blockSize
    while (this.bytes + growth > this.#limits.reassemblyBytes) {
      const oldest = this.#oldestBut(datagram)
      if (oldest === null) return false
      this.#counters.reassemblyEvicted++
      this.#discard(oldest)
    }
    const block = this.#engine.memory.allocate(wanted)
    if (block < 0) return false
    if (datagram.block >= 0) {
      this.#engine.memory.move(block, datagram.block, datagram.blockSize)
      this.#engine.memory.free(datagram.block)
    }
    datagram.block = block
    datagram.blockSize = wanted
    this.bytes += growth
    return true
  }

  #oldestBut(spared: Datagram): Datagram | null {
    for (const datagram of this.#waiting.values()) {
      if (datagram !== spared && datagram.block >= 0) return datagram
    }
    return null
  }

  /** Its memory goes, its place stays: whatever else comes of it is dropped as well (V6F-05). */
  #poison(datagram: Datagram): void {
    datagram.state = DatagramState.Poisoned
    this.#free(datagram)
  }

  #discard(datagram: Datagram): void {
    this.#unlink(datagram)
    this.#free(datagram)
  }

  #unlink(datagram: Datagram): void {
    this.#waiting.delete(datagram.slot)
    const left = (this.#perSource.get(datagram.sourceHash) ?? 1) - 1
    if (left > 0) this.#perSource.set(datagram.sourceHash, left)
    else this.#perSource.delete(datagram.sourceHash)
  }

  #free(datagram: Datagram): void {
    if (datagram.block < 0) return
    this.#engine.memory.free(datagram.block)
    this.bytes -= datagram.blockSize
    datagram.block = -1
    datagram.blockSize = 0
  }

  /** What is counted is there, within the limits; each datagram's fragments lie in its block, sorted and apart. */
  audit(audit: Audit): void {
    const { reassemblies, reassemblyBytes } = this.#limits
    audit.subject = 'the reassembly of fragments'
    let bytes = 0
    for (const [slot, datagram] of this.#waiting) {
      audit.check(slot === datagram.slot, 'a datagram stands in another slot')
      audit.check(datagram.isSound(), 'the fragments of a datagram overlap, or reach out of its block')
      const bare = datagram.block < 0
      audit.check(
        !bare || datagram.fragments === 0 || datagram.state === DatagramState.Poisoned,
        'fragments are kept nowhere',
      )
      if (bare) continue
      audit.owns(datagram.block, datagram.blockSize, 'a datagram')
      bytes += datagram.blockSize
    }
    if (this.#current !== null) bytes += this.#current.blockSize
    audit.check(bytes === this.bytes, 'bytes counted, and bytes of datagrams', this.bytes, bytes)
    audit.check(bytes <= reassemblyBytes, 'more bytes than the limit', bytes, reassemblyBytes)
    audit.check(this.size <= reassemblies, 'more datagrams than the limit', this.size, reassemblies)
    let sources = 0
    for (const count of this.#perSource.values()) sources += count
    audit.check(sources === this.size, 'datagrams counted by source, and datagrams', sources, this.size)
    const timed = this.size === 0 || this.#engine.timers.holds(this.#timer)
    audit.check(timed, 'datagrams wait without a timer', this.size)
  }

  /** Forgets everything, without a word to anybody: the stack closes. */
  clear(): void {
    for (const datagram of this.#waiting.values()) this.#discard(datagram)
    this.#engine.timers.clear(this.#timer)
  }

  #expire(now: Micros): void {
    for (const datagram of this.#waiting.values()) {
      if (datagram.deadline > now) {
        this.#engine.timers.set(this.#timer, datagram.deadline)
        return
      }
      if (datagram.state === DatagramState.Waiting) {
        this.#counters.reassemblyTimeouts++
        this.#onTimeout(datagram)
      }
      this.#discard(datagram)
    }
  }
}
