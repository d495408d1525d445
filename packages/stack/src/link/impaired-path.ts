import type { Alarm, Clock } from '../core/clock.ts'
import { hostThrow } from '../core/host.ts'
import type { Memory } from '../core/memory.ts'
import { SeededRandom } from '../core/random.ts'
import { type Micros, NEVER } from '../core/timer.ts'
import { flipBits, flipLastBit } from './bit-flips.ts'
import { Bottleneck } from './bottleneck.ts'
import { CeMark, markCongestion } from './ce-mark.ts'
import { happens } from './chance.ts'
import { DelayLine } from './delay-line.ts'
import { ETHERNET_HEADER, type LinkDevice } from './device.ts'
import type { FateListener, FrameFate } from './frame-fate.ts'
import { BURST } from './frame-outlet.ts'
import { FrameStore } from './frame-store.ts'
import { BurstLoss } from './gilbert-elliott.ts'
import { doesNothing, NO_IMPAIRMENT, type ResolvedImpairment } from './impair-check.ts'
import type { Direction, FrameFilter } from './impair-options.ts'
import { type ImpairStats, newImpairStats } from './impair-stats.ts'
import { Latency } from './latency.ts'
import { Policer } from './policer.ts'
import { ScriptPlayer } from './scripted.ts'

/** Bytes one direction may keep, and the part of the stack's memory that is never exceeded. */
const MOST_BYTES = 32 * 1024 * 1024
const MOST_OF_MEMORY = 1 / 8

/** The device around this path. */
export interface PathOwner {
  readonly medium: LinkDevice['medium']
  /** Hands a frame on. @returns false when there is no room now */
  forward(direction: Direction, offset: number, length: number): boolean
  /** Called by the clock when frames may be due: has to call `run`. */
  due(direction: Direction): void
  /** A frame is dropped because it is larger than the path's MTU: whoever sent it may be told. */
  tooBig(direction: Direction, offset: number, length: number, mtu: number): void
}

/**
 * One direction of an impaired link: decides each frame's fate, then keeps it in the bandwidth's queue and on the
 * delay line until it is due. Each kind of fate has its own random sequence, so that changing one leaves the
 * others as they were.
 */
export class ImpairedPath {
  #impairment: ResolvedImpairment = NO_IMPAIRMENT
  /** The impairment does nothing. */
  #clean = true
  readonly stats: ImpairStats = newImpairStats()
  /** Frames are due that the next device had no room for. */
  blocked = false
  readonly #direction: Direction
  readonly #clock: Clock
  readonly #alarm: Alarm
  readonly #owner: PathOwner
  readonly #longest: number
  readonly #loss: SeededRandom
  readonly #duplicate: SeededRandom
  readonly #corrupt: SeededRandom
  readonly #mark: SeededRandom
  readonly #latency: Latency
  readonly #leave = (slot: number, at: Micros): void => this.#delay(slot, at)
  readonly #listener: FateListener | null
  #store: FrameStore | null = null
  #bottleneck: Bottleneck | null = null
  #burstLoss: BurstLoss | null = null
  #policer: Policer | null = null
  #script: ScriptPlayer | null = null
  readonly #line = new DelayLine()
  #running = false
  #alarmAt: Micros = NEVER

  /** @param longest bytes of the device's longest frame @param listener is told of each frame's fate */
  constructor(
    direction: Direction,
    clock: Clock,
    seed: number,
    longest: number,
    owner: PathOwner,
    listener: FateListener | null = null,
  ) {
    this.#listener = listener
    this.#direction = direction
    this.#clock = clock
    this.#longest = longest
    this.#owner = owner
    this.#alarm = clock.alarm(() => {
      this.#alarmAt = NEVER
      owner.due(direction)
    })
    const base = Math.imul(seed | 0, 16) + (direction === 'out' ? 0 : 8)
    this.#loss = new SeededRandom(base)
    this.#duplicate = new SeededRandom(base + 1)
    this.#corrupt = new SeededRandom(base + 2)
    this.#latency = new Latency(new SeededRandom(base + 3), new SeededRandom(base + 4))
    this.#mark = new SeededRandom(base + 5)
  }

  /** Frames are kept in this memory from now on. */
  open(memory: Memory): void {
    const store = new FrameStore(memory, Math.min(MOST_BYTES, memory.size * MOST_OF_MEMORY))
    this.#store = store
    this.#bottleneck = new Bottleneck(
      store,
      this.#impairment,
      this.stats,
      this.#owner.medium,
      this.#longest,
      this.#leave,
      this.#listener === null ? null : (slot, fate, at) => this.#tell(slot, fate, at),
    )
  }

  /** Drops everything on the way and frees it. */
  close(): void {
    this.#alarm.set(NEVER)
    this.#alarmAt = NEVER
    this.#bottleneck = null
    this.#line.clear()
    this.#store?.clear()
    this.#store = null
    this.blocked = false
  }

  /** Nothing is on the way. */
  get idle(): boolean {
    return this.#store === null || this.#store.count === 0
  }

  /** Frames on the way: waiting, being sent, or delayed. */
  get framesOnTheWay(): number {
    return this.#store?.count ?? 0
  }

  /** Bytes that wait for bandwidth, besides the frame being sent. */
  get waitingBytes(): number {
    this.#bottleneck?.advance(this.#clock.now())
    return this.#bottleneck?.waitingBytes ?? 0
  }

  /** Nothing would happen to a frame: it may be handed on where it lies. */
  get transparent(): boolean {
    return this.#clean && this.idle
  }

  get impairment(): ResolvedImpairment {
    return this.#impairment
  }

  /** From now on; frames on the delay line keep their time, the one being sent goes on at the new bandwidth. */
  change(to: ResolvedImpairment): void {
    const was = this.#impairment
    const now = this.#clock.now()
    // What has left by now left under the old rules: without a bandwidth that is everything.
    this.#bottleneck?.advance(now)
    this.#impairment = to
    this.#clean = doesNothing(to)
    if (to.burstLoss !== was.burstLoss) {
      this.#burstLoss = to.burstLoss === null ? null : new BurstLoss(to.burstLoss)
    }
    if (to.policer !== was.policer) this.#policer = to.policer === null ? null : new Policer(to.policer, now)
    if (to.script !== was.script) {
      this.#script =
        to.script === null ? null : new ScriptPlayer(to.script, this.#owner.medium, this.#direction)
    }
    this.#latency.change(to)
    if (this.#bottleneck === null) return
    this.#bottleneck.change(to, now)
    this.#setAlarm()
  }

  /** Counts a frame that was handed on where it lay. */
  passed(length: number): void {
    this.stats.frames++
    this.stats.bytes += length
    this.stats.delivered++
    this.#listener?.(this.#direction, this.stats.frames - 1, 'delivered', this.#clock.now())
  }

  /**
   * Makes room for a frame, which the caller writes to `offsetOf(slot)` and then gives to `admit`.
   * @returns the slot, or -1: the frame is dropped and counted
   */
  take(length: number): number {
    this.stats.frames++
    this.stats.bytes += length
    return this.#takeSlot(length, this.stats.frames - 1)
  }

  /**
   * Makes room for a frame that comes from the link itself, to be given to `inject`.
   * @returns the slot, or -1: the frame is dropped and counted
   */
  takeOwn(length: number): number {
    this.stats.injected++
    return this.#takeSlot(length, -1)
  }

  offsetOf(slot: number): number {
    return (this.#store as FrameStore).offset[slot]
  }

  /** Decides what happens to a frame. What is due at once leaves with the next `run`. */
  admit(slot: number): void {
    const store = this.#store as FrameStore
    const to = this.#impairment
    if (to.filter !== null && !this.#passes(to.filter, store, slot)) {
      this.stats.filtered++
      this.#end(store, slot, 'filtered')
      return
    }
    if (this.#script !== null) this.#play(this.#script, store, slot)
    else this.#meetChance(store, slot)
  }

  /** A frame from `takeOwn` takes the link's latency and nothing else, and leaves not before the clock's next turn. */
  inject(slot: number): void {
    this.#line.push(slot, this.#latency.arrival(this.#clock.now()))
    this.#setAlarm()
  }

  /** Hands on what is due, a burst at most; the rest follows at once. @returns how many frames left */
  run(): number {
    if (this.#store === null || this.#bottleneck === null || this.#running) return 0
    const now = this.#clock.now()
    this.#bottleneck.advance(now)
    this.#running = true
    const forwarded = this.#forwardDue(this.#store, now)
    this.#running = false
    if (this.#store !== null) this.#setAlarm()
    return forwarded
  }

  #forwardDue(store: FrameStore, now: Micros): number {
    const line = this.#line
    const incoming = this.#direction === 'in'
    let forwarded = 0
    this.blocked = false
    while (line.count > 0 && line.earliest <= now && forwarded < BURST) {
      const slot = line.front
      // Whoever receives a frame knows what it is; whoever sends one may be told later that there was no room.
      if (incoming) this.#tell(slot, 'delivered', now)
      const refused = this.stats.refused
      if (!this.#owner.forward(this.#direction, store.offset[slot], store.length[slot])) {
        this.blocked = true
        break
      }
      if (!incoming) this.#tell(slot, this.stats.refused > refused ? 'refused' : 'delivered', now)
      forwarded++
      this.stats.delivered++
      // Whoever got the frame may have closed this path, which frees everything.
      if (this.#store === null) break
      line.pop()
      store.release(slot)
    }
    return forwarded
  }

  #play(script: ScriptPlayer, store: FrameStore, slot: number): void {
    const { medium } = this.#owner
    const { memory } = store
    const offset = store.offset[slot]
    const length = store.length[slot]
    const fate = script.next(memory, offset, length, this.stats.frames - 1)
    if (fate !== null) {
      this.stats.scripted++
      if (fate.do === 'drop') {
        this.stats.scriptDropped++
        this.#end(store, slot, 'scriptDropped')
        return
      }
      if (fate.do === 'mark') this.#markFrame(store, slot)
      else if (fate.do === 'corrupt') {
        this.#corrupted(slot)
        flipLastBit(memory, offset, length, medium)
      } else if (fate.do === 'delay') store.extraDelay[slot] = fate.delay * 1000
    }
    const copy = fate?.do === 'duplicate' ? this.#copyOf(store, slot) : -1
    this.#meetChance(store, slot)
    if (copy >= 0) this.#meetChance(store, copy)
  }

  #meetChance(store: FrameStore, slot: number): void {
    const stats = this.stats
    const to = this.#impairment
    if (to.pathMtu !== Number.POSITIVE_INFINITY && !this.#fitsPath(store, slot)) {
      stats.tooBig++
      this.#end(store, slot, 'tooBig')
      return
    }
    // Both are drawn for every frame: a frame that is lost takes no number away from the next one's fate.
    const lost = this.#burstLoss === null ? happens(this.#loss, to.loss) : this.#burstLoss.next(this.#loss)
    const twice = happens(this.#duplicate, to.duplicate)
    if (lost) stats.lost++
    const copy = twice ? this.#copyOf(store, slot) : -1
    if (lost) this.#end(store, slot, 'lost')
    else this.#enqueue(store, slot)
    if (copy >= 0) this.#enqueue(store, copy)
  }

  #enqueue(store: FrameStore, slot: number): void {
    const to = this.#impairment
    const now = this.#clock.now()
    if (happens(this.#corrupt, to.corrupt)) {
      this.#corrupted(slot)
      flipBits(store.memory, store.offset[slot], store.length[slot], to.corruptBits, this.#corrupt)
    }
    if (this.#policer !== null && !this.#policer.conforms(store.length[slot], now)) {
      this.stats.policed++
      this.#end(store, slot, 'policed')
      return
    }
    if (happens(this.#mark, to.mark)) this.#markFrame(store, slot)
    this.#bottleneck?.admit(slot, now)
  }

  /** Puts a frame that left the bottleneck at `left` on the delay line. */
  #delay(slot: number, left: Micros): void {
    const latency = this.#latency
    let due: Micros
    const extra = (this.#store as FrameStore).extraDelay[slot]
    if (extra > 0) due = latency.arrivalOutOfOrder(left) + extra
    else if (latency.reorders()) {
      this.stats.reordered++
      this.#tell(slot, 'reordered', left)
      due = latency.reorderedArrival(left)
    } else due = latency.arrival(left)
    this.#line.push(slot, due)
  }

  #fitsPath(store: FrameStore, slot: number): boolean {
    const { pathMtu, tooBig } = this.#impairment
    const length = store.length[slot]
    const link = this.#owner.medium === 'ethernet' ? ETHERNET_HEADER : 0
    if (length - link <= pathMtu) return true
    if (tooBig === 'icmp') this.#owner.tooBig(this.#direction, store.offset[slot], length, pathMtu)
    return false
  }

  #markFrame(store: FrameStore, slot: number): void {
    const { view } = store.memory
    const result = markCongestion(view, store.offset[slot], store.length[slot], this.#owner.medium)
    if (result !== CeMark.Marked) return
    this.stats.marked++
    this.#tell(slot, 'marked', this.#clock.now())
  }

  /** @param serial the frame's number, for the listener */
  #takeSlot(length: number, serial: number): number {
    const slot = this.#store === null ? -1 : this.#store.take(length)
    if (slot >= 0) (this.#store as FrameStore).serial[slot] = serial
    else {
      this.stats.overflowed++
      this.#listener?.(this.#direction, serial, 'overflowed', this.#clock.now())
    }
    return slot
  }

  #copyOf(store: FrameStore, slot: number): number {
    const copy = this.#takeSlot(store.length[slot], store.serial[slot])
    if (copy < 0) return -1
    this.stats.duplicated++
    this.#tell(copy, 'duplicated', this.#clock.now())
    store.memory.move(store.offset[copy], store.offset[slot], store.length[slot])
    return copy
  }

  #tell(slot: number, fate: FrameFate, at: Micros): void {
    const listener = this.#listener
    if (listener !== null) listener(this.#direction, (this.#store as FrameStore).serial[slot], fate, at)
  }

  #end(store: FrameStore, slot: number, fate: FrameFate): void {
    this.#tell(slot, fate, this.#clock.now())
    store.release(slot)
  }

  #corrupted(slot: number): void {
    this.stats.corrupted++
    this.#tell(slot, 'corrupted', this.#clock.now())
  }

  #passes(filter: FrameFilter, store: FrameStore, slot: number): boolean {
    const start = store.offset[slot]
    const bytes = store.memory.u8.subarray(start, start + store.length[slot])
    try {
      return filter(bytes, this.#direction, this.stats.frames - 1) === 'pass'
    } catch (error) {
      hostThrow(error)
      return false
    }
  }

  #setAlarm(): void {
    let at = this.blocked ? NEVER : this.#line.earliest
    const sent = this.#bottleneck?.due ?? NEVER
    if (sent < at) at = sent
    at = Math.ceil(at)
    if (at === this.#alarmAt) return
    this.#alarmAt = at
    this.#alarm.set(at)
  }
}
