import type { Engine } from '../core/engine.ts'
import { randomUnit } from '../core/random.ts'
import { type Micros, SECOND } from '../core/timer.ts'
import { AddressState, type ConflictDetection } from '../ip/link-port.ts'
import type { AddressSettled } from './conflict-detection.ts'
import type { EthernetCounters } from './counters.ts'
import { macBytes } from './mac.ts'
import type { NdpSender } from './ndp-sender.ts'
import { DetectionPhase, type OwnAddress } from './own-addresses.ts'

/** SL-02: DupAddrDetectTransmits and RetransTimer (RFC 4862 section 5.1). */
const TRANSMITS = 1
const RETRANS_TIMER = SECOND
/** MAX_RTR_SOLICITATION_DELAY (RFC 4861 section 10). */
const MAX_START_DELAY = SECOND

/** Duplicate address detection for IPv6 (RFC 4862 section 5.4), in its optimistic form too (RFC 4429). */
export class DuplicateAddressDetector {
  readonly #engine: Engine
  readonly #sender: NdpSender
  readonly #mode: ConflictDetection
  readonly #counters: EthernetCounters
  readonly #settled: AddressSettled

  constructor(
    engine: Engine,
    sender: NdpSender,
    mode: ConflictDetection,
    counters: EthernetCounters,
    settled: AddressSettled,
  ) {
    this.#engine = engine
    this.#sender = sender
    this.#mode = mode
    this.#counters = counters
    this.#settled = settled
  }

  /** SL-01: every unicast address, whoever configured it. The groups have been joined. */
  start(own: OwnAddress): void {
    const now = this.#engine.now
    if (this.#mode === 'off') {
      own.address.state = AddressState.Preferred
      this.#sender.announce(own.ip)
      this.#settled(own, AddressState.Preferred, null)
      return
    }
    own.phase = DetectionPhase.Probing
    own.remaining = TRANSMITS
    if (this.#mode === 'strict') {
      own.address.state = AddressState.Tentative
      const delay = Math.floor(randomUnit(this.#engine.random) * MAX_START_DELAY)
      this.#engine.timers.set(own.timer, now + delay)
      return
    }
    // RFC 4429 section 3.3: the address may be used once the first solicitation is out, so out it goes.
    own.address.state = AddressState.Optimistic
    this.expired(own, now)
  }

  /** The address's timer. */
  expired(own: OwnAddress, now: Micros): void {
    if (own.remaining > 0) {
      own.remaining--
      this.#sender.probe(own.ip)
      this.#engine.timers.set(own.timer, now + RETRANS_TIMER)
      return
    }
    own.phase = DetectionPhase.Done
    this.#settled(own, AddressState.Preferred, null)
  }

  /** SL-03 (RFC 4862 section 5.4.3): another node checks the same address. Our own probes never come this far. */
  onProbe(own: OwnAddress, high: number, low: number): void {
    this.#conflict(own, high, low)
  }

  /** SL-04 (RFC 4862 section 5.4.4): another node has it. */
  onAdvertisement(own: OwnAddress, high: number, low: number): void {
    this.#conflict(own, high, low)
  }

  #conflict(own: OwnAddress, high: number, low: number): void {
    this.#counters.addressConflicts++
    // Once checked, an address is kept: giving it up now would let anybody take it away.
    if (!own.unchecked) return
    this.#counters.addressesLost++
    this.#engine.timers.clear(own.timer)
    own.phase = DetectionPhase.Done
    this.#settled(own, AddressState.Duplicate, macBytes(high, low))
  }
}
