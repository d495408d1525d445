import type { Engine } from '../core/engine.ts'
import { randomUnit } from '../core/random.ts'
import { type Micros, SECOND } from '../core/timer.ts'
import { AddressState, type ConflictDetection } from '../ip/link-port.ts'
import type { ArpSender } from './arp-sender.ts'
import type { EthernetCounters } from './counters.ts'
import { macBytes } from './mac.ts'
import { DetectionPhase, type OwnAddress, type OwnAddresses } from './own-addresses.ts'

/** ACD-03: the constants of RFC 5227 section 1.1. */
const PROBE_WAIT = SECOND
const PROBE_NUM = 3
const PROBE_MIN = SECOND
const PROBE_MAX = 2 * SECOND
const ANNOUNCE_WAIT = 2 * SECOND
const ANNOUNCE_NUM = 2
const ANNOUNCE_INTERVAL = 2 * SECOND
const MAX_CONFLICTS = 10
const RATE_LIMIT_INTERVAL = 60 * SECOND
const DEFEND_INTERVAL = 10 * SECOND

/** Detection is over for an address, or it was lost later: `holder` is who else has it. */
export type AddressSettled = (own: OwnAddress, state: AddressState, holder: Uint8Array | null) => void

/**
 * IPv4 address conflict detection (RFC 5227): probe, announce, defend. There is no periodic probing afterwards
 * (ACD-08): conflicts are noticed in the ARP packets that pass by.
 */
export class ConflictDetector {
  readonly #engine: Engine
  readonly #sender: ArpSender
  readonly #own: OwnAddresses
  readonly #mode: ConflictDetection
  readonly #counters: EthernetCounters
  readonly #settled: AddressSettled
  /** Addresses lost since the last one that was found free (ACD-05). */
  #conflicts = 0
  #attemptAt: Micros = Number.NEGATIVE_INFINITY

  constructor(
    engine: Engine,
    sender: ArpSender,
    own: OwnAddresses,
    mode: ConflictDetection,
    counters: EthernetCounters,
    settled: AddressSettled,
  ) {
    this.#engine = engine
    this.#sender = sender
    this.#own = own
    this.#mode = mode
    this.#counters = counters
    this.#settled = settled
  }

  /** A new address: probes it (ACD-01), or with 'off' only announces it. */
  start(own: OwnAddress): void {
    const now = this.#engine.now
    if (this.#mode === 'off') {
      this.#announceFirst(own, now)
      return
    }
    let first = now + this.#between(0, PROBE_WAIT)
    own.address.state = this.#mode === 'strict' ? AddressState.Tentative : AddressState.Optimistic
    if (this.#conflicts >= MAX_CONFLICTS) {
      // ACD-05 (RFC 5227 section 2.1.1): something here is configured wrongly; no storm, and no use before the check.
      first = Math.max(first, this.#attemptAt + RATE_LIMIT_INTERVAL)
      own.address.state = AddressState.Tentative
    }
    own.phase = DetectionPhase.Probing
    own.remaining = PROBE_NUM
    this.#engine.timers.set(own.timer, first)
  }

  /** The address's timer. */
  expired(own: OwnAddress, now: Micros): void {
    if (own.phase === DetectionPhase.Announcing) {
      this.#announce(own, now)
    } else if (own.remaining === 0) {
      this.#conflicts = 0
      this.#announceFirst(own, now)
    } else if (own.remaining === PROBE_NUM && this.#tooSoon(now)) {
      this.#engine.timers.set(own.timer, this.#attemptAt + RATE_LIMIT_INTERVAL)
    } else {
      // What counts is the attempt that is made: an address that was removed before it holds nobody back.
      if (own.remaining === PROBE_NUM) this.#attemptAt = now
      own.remaining--
      this.#sender.probe(own.ip.a3)
      const pause = own.remaining > 0 ? this.#between(PROBE_MIN, PROBE_MAX) : ANNOUNCE_WAIT
      this.#engine.timers.set(own.timer, now + pause)
    }
  }

  /** ACD-05: another address was tried less than a minute ago. */
  #tooSoon(now: Micros): boolean {
    return this.#conflicts >= MAX_CONFLICTS && now < this.#attemptAt + RATE_LIMIT_INTERVAL
  }

  /**
   * Looks at any ARP packet for somebody who uses, or is about to use, an address of ours.
   * @returns whether it did, in which case nothing else is to be learned from it
   */
  onArp(isRequest: boolean, sender: number, target: number, high: number, low: number): boolean {
    const used = sender === 0 ? null : this.#own.findV4(sender)
    if (used !== null) {
      this.#conflict(used, high, low)
      return true
    }
    // ACD-04: another host probes what we are probing. Once it is ours, the probe gets an answer instead.
    if (sender !== 0 || !isRequest) return false
    const probed = this.#own.findV4(target)
    if (probed === null || !probed.unchecked) return false
    this.#conflict(probed, high, low)
    return true
  }

  #conflict(own: OwnAddress, high: number, low: number): void {
    this.#counters.addressConflicts++
    const now = this.#engine.now
    const recent = now - own.conflictAt < DEFEND_INTERVAL
    own.conflictAt = now
    if (own.unchecked) this.#lose(own, high, low)
    else if (!recent) this.#defend(own)
    // ACD-07 (RFC 5227 section 2.4): (b) give up after a second one; 'off' asked for (c), never to give up.
    else if (this.#mode !== 'off') this.#lose(own, high, low)
  }

  #defend(own: OwnAddress): void {
    this.#counters.addressesDefended++
    this.#sender.announce(own.ip.a3)
  }

  #lose(own: OwnAddress, high: number, low: number): void {
    this.#conflicts++
    this.#counters.addressesLost++
    this.#engine.timers.clear(own.timer)
    own.phase = DetectionPhase.Done
    this.#settled(own, AddressState.Duplicate, macBytes(high, low))
  }

  #announceFirst(own: OwnAddress, now: Micros): void {
    own.phase = DetectionPhase.Announcing
    own.remaining = ANNOUNCE_NUM
    this.#announce(own, now)
    this.#settled(own, AddressState.Preferred, null)
  }

  /** ACD-06 (RFC 5227 section 2.3) */
  #announce(own: OwnAddress, now: Micros): void {
    this.#sender.announce(own.ip.a3)
    own.remaining--
    if (own.remaining > 0) this.#engine.timers.set(own.timer, now + ANNOUNCE_INTERVAL)
    else own.phase = DetectionPhase.Done
  }

  #between(low: Micros, high: Micros): Micros {
    return low + Math.floor(randomUnit(this.#engine.random) * (high - low))
  }
}
