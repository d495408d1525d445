import type { Audit } from '../core/audit.ts'
import type { Engine } from '../core/engine.ts'
import { randomUnit } from '../core/random.ts'
import { type Micros, SECOND } from '../core/timer.ts'
import { WorkQueue } from '../core/work-queue.ts'
import type { IpAddress } from '../ip/address.ts'
import type { Limits } from '../limits.ts'
import { TransmitResult, type TxDescriptor } from '../link/device.ts'
import type { EthernetCounters } from './counters.ts'
import { type Neighbour, NeighbourState } from './neighbour.ts'
import { NeighbourCache } from './neighbour-cache.ts'
import { WaitingPackets } from './waiting-packets.ts'

/** The constants of RFC 4861 section 10, in microseconds. ARP uses the same (ARP-05: configurable). */
export interface NeighbourTiming {
  /** How long a confirmation holds, on average: 30 s, drawn between half and one and a half times that. */
  readonly reachableTime: Micros
  /** Between solicitations of one neighbour: 1 s. */
  readonly retransTimer: Micros
  /** How long transports get to confirm a stale neighbour before it is asked: 5 s. */
  readonly delayFirstProbe: Micros
}

export const DEFAULT_TIMING: NeighbourTiming = {
  reachableTime: 30 * SECOND,
  retransTimer: SECOND,
  delayFirstProbe: 5 * SECOND,
}

/** MAX_MULTICAST_SOLICIT and MAX_UNICAST_SOLICIT (RFC 4861 section 10). */
const MAX_SOLICITS = 3
/** BACKOFF_MULTIPLE and MAX_RETRANS_TIMER (RFC 7048 section 3). */
const BACKOFF_MULTIPLE = 3
const MAX_BACKOFF = 60 * SECOND
/** RFC 4861 section 6.3.2: a new random reachable time every few hours. */
const REDRAW_INTERVAL = 3600 * SECOND

/** What the resolver needs of the link. */
export interface ResolverPort {
  /**
   * Sends an ARP request or a neighbour solicitation: to the known MAC, or to everybody it may concern.
   * @returns false when no address of ours may ask yet
   */
  solicit(neighbour: Neighbour, unicast: boolean): boolean
  transmit(descriptor: TxDescriptor, neighbour: Neighbour): TransmitResult
  onUnresolved(offset: number, length: number, nextHop: IpAddress): void
}

/**
 * Address resolution and neighbour unreachability detection (RFC 4861 sections 7.2 and 7.3, RFC 7048), the same for
 * ARP and NDP: one state machine, of which the two protocols are the mouth (`ResolverPort.solicit`) and the ears
 * (`onSolicited`, `onTold`, `onAdvertised`).
 */
export class Resolver {
  readonly cache: NeighbourCache
  readonly #engine: Engine
  readonly #port: ResolverPort
  readonly #timing: NeighbourTiming
  readonly #counters: EthernetCounters
  readonly #waiting: WaitingPackets
  /** For packets that waited. */
  readonly #descriptor: TxDescriptor
  /** Neighbours whose packets wait for room on the device. */
  readonly #blocked = new WorkQueue<Neighbour>()
  #reachableTime: Micros = 0
  #redrawAt: Micros = Number.NEGATIVE_INFINITY

  constructor(
    engine: Engine,
    limits: Limits,
    timing: NeighbourTiming,
    counters: EthernetCounters,
    descriptor: TxDescriptor,
    port: ResolverPort,
  ) {
    this.#engine = engine
    this.#port = port
    this.#timing = timing
    this.#counters = counters
    this.#descriptor = descriptor
    this.#waiting = new WaitingPackets(
      engine.memory,
      limits.neighbourQueue,
      limits.neighbourQueueBytes,
      counters,
    )
    this.cache = new NeighbourCache(
      limits.neighbours,
      { k0: engine.random.uint32(), k1: engine.random.uint32() },
      counters,
      (neighbour, now) => this.#expired(neighbour, now),
      (neighbour) => engine.timers.clear(neighbour.timer),
    )
  }

  audit(audit: Audit): void {
    const { timers } = this.#engine
    let bytes = 0
    this.cache.audit(audit, (neighbour) => {
      bytes += this.#waiting.audit(neighbour, audit)
      const asked = neighbour.state !== NeighbourState.Incomplete || timers.holds(neighbour.timer)
      audit.check(asked, 'a neighbour is being resolved without a timer')
    })
    this.#waiting.auditSum(bytes, audit)
  }

  /** Bytes of memory that waiting packets take. */
  get waitingBytes(): number {
    return this.#waiting.bytes
  }

  /** The first packet to an unknown neighbour: it waits, and the question goes out. */
  resolve(nextHop: IpAddress, descriptor: TxDescriptor): void {
    const now = this.#engine.now
    const neighbour = this.cache.addResolving(nextHop, now)
    if (neighbour === null) {
      this.#counters.dropNoNeighbour++
      return
    }
    // The packet first: the question's source is taken from it (ND-08).
    this.#waiting.add(neighbour, descriptor, this.cache)
    this.#solicit(neighbour, false, now)
  }

  /** A packet to a neighbour that is anything but freshly confirmed. */
  send(neighbour: Neighbour, descriptor: TxDescriptor): TransmitResult {
    if (neighbour.state === NeighbourState.Incomplete) {
      this.#waiting.add(neighbour, descriptor, this.cache)
      return TransmitResult.Sent
    }
    if (neighbour.waiting > 0) {
      // What waited goes first.
      this.#flush(neighbour)
      if (neighbour.waiting > 0) return TransmitResult.Full
    }
    this.#used(neighbour)
    this.cache.touch(neighbour)
    return this.#port.transmit(descriptor, neighbour)
  }

  /** Room on the device: the packets that waited for it go on, before any transport's. */
  onWritable(): void {
    for (let turns = this.#blocked.size; turns > 0; turns--) {
      const neighbour = this.#blocked.shift()
      if (neighbour === null) return
      neighbour.flushPending = false
      this.#flush(neighbour)
      if (neighbour.waiting > 0) return
    }
  }

  /** ND-12 (RFC 4861 section 7.3.1): a transport saw progress. */
  confirm(neighbour: Neighbour): void {
    if (neighbour.state !== NeighbourState.Incomplete) this.#reachable(neighbour)
  }

  /** RFC 1122 section 3.3.1.4: a transport lost faith; asking at once is cheaper than waiting for the timers. */
  suspect(neighbour: Neighbour): void {
    const state = neighbour.state
    if (
      state === NeighbourState.Reachable ||
      state === NeighbourState.Stale ||
      state === NeighbourState.Delay
    ) {
      this.#probe(neighbour, this.#engine.now)
    }
  }

  /**
   * A neighbour named its MAC in a question or an announcement of its own: worth a STALE entry at most (ND-10,
   * ND-13), since nothing shows that it hears us.
   */
  onTold(neighbour: Neighbour, high: number, low: number): void {
    const resolving = neighbour.state === NeighbourState.Incomplete
    if (!resolving && neighbour.hasMac(high, low)) return
    this.#adopt(neighbour, high, low)
    this.#stale(neighbour)
    if (resolving) this.#resolved(neighbour)
  }

  /** An unknown station named its MAC: a STALE entry, if there is room. */
  learn(address: IpAddress, high: number, low: number): Neighbour | null {
    const neighbour = this.cache.addLearned(address, this.#engine.now)
    if (neighbour !== null) this.#adopt(neighbour, high, low)
    return neighbour
  }

  /**
   * An answer or an announcement, in the terms of a Neighbour Advertisement. ND-11 (RFC 4861 section 7.2.5).
   * @param hasMac it names a MAC, in `high` and `low`
   */
  onAdvertised(
    neighbour: Neighbour,
    hasMac: boolean,
    high: number,
    low: number,
    solicited: boolean,
    override: boolean,
  ): void {
    if (neighbour.state === NeighbourState.Incomplete) {
      if (!hasMac) return
      this.#adopt(neighbour, high, low)
      if (solicited) this.#reachable(neighbour)
      else this.#stale(neighbour)
      this.#resolved(neighbour)
      return
    }
    const differs = hasMac && !neighbour.hasMac(high, low)
    if (differs && !override) {
      if (neighbour.state === NeighbourState.Reachable) this.#stale(neighbour)
      return
    }
    if (differs) this.#adopt(neighbour, high, low)
    if (solicited) this.#reachable(neighbour)
    else if (differs) this.#stale(neighbour)
  }

  /** An address of ours may ask from now on: questions that had to wait for one go out. */
  onSourceAvailable(): void {
    const now = this.#engine.now
    for (let neighbour = this.cache.oldestResolving; neighbour !== null; neighbour = neighbour.newer) {
      if (neighbour.solicitedAt !== Number.NEGATIVE_INFINITY) continue
      neighbour.attempts = 0
      this.#solicit(neighbour, false, now)
    }
  }

  /** Forgets an address: it has become our own. */
  forget(neighbour: Neighbour): void {
    this.#engine.timers.clear(neighbour.timer)
    this.#waiting.clear(neighbour)
    this.cache.remove(neighbour)
  }

  close(): void {
    this.cache.forEach((neighbour) => {
      this.forget(neighbour)
    })
    while (this.#blocked.size > 0) this.#blocked.shift()
  }

  /** A packet is about to go to the neighbour's known MAC. */
  #used(neighbour: Neighbour): void {
    const now = this.#engine.now
    switch (neighbour.state) {
      case NeighbourState.Reachable:
        if (neighbour.reachableUntil >= now) return
        this.#delay(neighbour, now)
        return
      case NeighbourState.Stale:
        this.#delay(neighbour, now)
        return
      case NeighbourState.Unreachable:
        // ND-15 (RFC 7048 section 3): asked only while somebody sends, ever more rarely, without a timer.
        if (now - neighbour.solicitedAt < neighbour.backoff) return
        if (this.#ask(neighbour, false, now)) {
          neighbour.backoff = Math.min(neighbour.backoff * BACKOFF_MULTIPLE, MAX_BACKOFF)
        }
    }
  }

  #expired(neighbour: Neighbour, now: Micros): void {
    switch (neighbour.state) {
      case NeighbourState.Incomplete:
        if (neighbour.attempts < MAX_SOLICITS) this.#solicit(neighbour, false, now)
        else this.#failed(neighbour)
        return
      case NeighbourState.Delay:
        this.#probe(neighbour, now)
        return
      case NeighbourState.Probe:
        if (neighbour.attempts < MAX_SOLICITS) this.#solicit(neighbour, true, now)
        else this.#unreachable(neighbour, now)
    }
  }

  #delay(neighbour: Neighbour, now: Micros): void {
    neighbour.state = NeighbourState.Delay
    this.#engine.timers.set(neighbour.timer, now + this.#timing.delayFirstProbe)
  }

  #probe(neighbour: Neighbour, now: Micros): void {
    neighbour.state = NeighbourState.Probe
    neighbour.attempts = 0
    this.#solicit(neighbour, true, now)
  }

  #unreachable(neighbour: Neighbour, now: Micros): void {
    neighbour.state = NeighbourState.Unreachable
    neighbour.backoff = this.#timing.retransTimer * BACKOFF_MULTIPLE
    this.#counters.neighboursUnreachable++
    this.#ask(neighbour, false, now)
  }

  #reachable(neighbour: Neighbour): void {
    const now = this.#engine.now
    if (now >= this.#redrawAt) this.#drawReachableTime(now)
    neighbour.state = NeighbourState.Reachable
    neighbour.reachableUntil = now + this.#reachableTime
    this.#engine.timers.clear(neighbour.timer)
  }

  /** ND-12: between half and one and a half of the base, so that stations do not fall into step. */
  #drawReachableTime(now: Micros): void {
    this.#redrawAt = now + REDRAW_INTERVAL
    this.#reachableTime = Math.round(this.#timing.reachableTime * (0.5 + randomUnit(this.#engine.random)))
  }

  #stale(neighbour: Neighbour): void {
    neighbour.state = NeighbourState.Stale
    this.#engine.timers.clear(neighbour.timer)
  }

  #adopt(neighbour: Neighbour, high: number, low: number): void {
    neighbour.macHigh = high
    neighbour.macLow = low
  }

  /** An Incomplete neighbour has a MAC and a new state: its packets go. */
  #resolved(neighbour: Neighbour): void {
    this.cache.resolved(neighbour)
    this.#flush(neighbour)
  }

  /** ARP-08, ND-07: nobody answered. Only now is anybody told that the destination cannot be reached. */
  #failed(neighbour: Neighbour): void {
    this.#counters.neighboursFailed++
    this.cache.remove(neighbour)
    for (;;) {
      const packet = this.#waiting.shift(neighbour)
      if (packet === null) return
      this.#port.onUnresolved(packet.offset, packet.headLength + packet.payloadLength, neighbour.address)
      this.#waiting.release(packet)
    }
  }

  #flush(neighbour: Neighbour): void {
    while (neighbour.firstWaiting !== null) {
      this.#waiting.describe(neighbour.firstWaiting, this.#descriptor)
      this.#used(neighbour)
      const result = this.#port.transmit(this.#descriptor, neighbour)
      if (result === TransmitResult.Full) {
        if (!neighbour.flushPending) this.#blocked.push(neighbour)
        neighbour.flushPending = true
        return
      }
      if (result === TransmitResult.Refused) this.#counters.dropQueueRefused++
      const packet = this.#waiting.shift(neighbour)
      if (packet !== null) this.#waiting.release(packet)
    }
  }

  /** Asks, and comes back after the retransmission time; ND-14 and ARP-06: no sooner than that after the last time. */
  #solicit(neighbour: Neighbour, unicast: boolean, now: Micros): void {
    const earliest = neighbour.solicitedAt + this.#timing.retransTimer
    if (now < earliest) {
      this.#engine.timers.set(neighbour.timer, earliest)
      return
    }
    neighbour.attempts++
    this.#ask(neighbour, unicast, now)
    this.#engine.timers.set(neighbour.timer, now + this.#timing.retransTimer)
  }

  #ask(neighbour: Neighbour, unicast: boolean, now: Micros): boolean {
    const asked = this.#port.solicit(neighbour, unicast)
    if (asked) neighbour.solicitedAt = now
    return asked
  }
}
