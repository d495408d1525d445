import type { Memory } from '../core/memory.ts'
import { IpAddress, V4_MAPPED } from '../ip/address.ts'
import {
  ArpCheck,
  ArpOperation,
  arpOperation,
  arpSenderIp,
  arpSenderMacHigh,
  arpSenderMacLow,
  arpTargetIp,
  checkArp,
} from '../wire/arp.ts'
import { ipv4Source } from '../wire/ipv4.ts'
import type { ArpSender } from './arp-sender.ts'
import type { ConflictDetector } from './conflict-detection.ts'
import type { EthernetCounters } from './counters.ts'
import type { FrameOutput } from './frame-output.ts'
import { type Neighbour, NeighbourState } from './neighbour.ts'
import type { OwnAddresses } from './own-addresses.ts'
import type { Resolver } from './resolver.ts'

/** ARP for IPv4 (RFC 826, RFC 1122 section 2.3.2, RFC 5227): what is learned from it, and what is answered. */
export class Arp {
  readonly #memory: Memory
  readonly #output: FrameOutput
  readonly #sender: ArpSender
  readonly #own: OwnAddresses
  readonly #resolver: Resolver
  readonly #conflicts: ConflictDetector
  readonly #counters: EthernetCounters

  constructor(
    memory: Memory,
    output: FrameOutput,
    sender: ArpSender,
    own: OwnAddresses,
    resolver: Resolver,
    conflicts: ConflictDetector,
    counters: EthernetCounters,
  ) {
    this.#memory = memory
    this.#output = output
    this.#sender = sender
    this.#own = own
    this.#resolver = resolver
    this.#conflicts = conflicts
    this.#counters = counters
  }

  /**
   * RFC 826 "Packet Reception", with the guards of later years.
   * @param sourceHigh the frame's source, with `sourceLow`
   * @param linkMulticast it came as a broadcast, so that it answers no question of ours
   */
  onPacket(
    offset: number,
    length: number,
    sourceHigh: number,
    sourceLow: number,
    linkMulticast: boolean,
  ): void {
    const view = this.#memory.view
    const check = checkArp(view, offset, length)
    if (check !== ArpCheck.Ok) {
      if (check === ArpCheck.GroupSender) this.#counters.dropArpBadHardware++
      else this.#counters.dropArpMalformed++
      return
    }
    const high = arpSenderMacHigh(view, offset)
    const low = arpSenderMacLow(view, offset)
    if ((high === 0 && low === 0) || (high === this.#output.macHigh && low === this.#output.macLow)) {
      this.#counters.dropArpBadHardware++
      return
    }
    // ARP-10: proxies and bonded links do this rightly.
    if (high !== sourceHigh || low !== sourceLow) this.#counters.arpSourceMismatch++

    const operation = arpOperation(view, offset)
    const sender = arpSenderIp(view, offset)
    const target = arpTargetIp(view, offset)
    const isRequest = operation === ArpOperation.Request
    if (isRequest) this.#counters.arpRequestsIn++
    else this.#counters.arpRepliesIn++

    if (this.#conflicts.onArp(isRequest, sender, target, high, low)) return
    const own = this.#own.findV4(target)
    const usable = own?.address.usable === true
    // A probe (RFC 5227) comes from 0.0.0.0: nothing to learn, but it wants its answer.
    if (sender !== 0) {
      if (!this.#mayLearn(sender)) {
        this.#counters.dropArpBadSender++
        return
      }
      this.#merge(sender, high, low, usable, !isRequest && usable && !linkMulticast)
    }
    // ARP-04, ACD-09: only for addresses that are ours by now.
    if (isRequest && usable) this.#sender.reply(target, sender, high, low)
  }

  /** Asks for a neighbour. @returns false when no address of ours may ask yet */
  solicit(neighbour: Neighbour, unicast: boolean): boolean {
    const source = this.#sourceFor(neighbour)
    if (source === null) return false
    const target = neighbour.address.a3
    if (unicast) this.#sender.probeNeighbour(source.a3, target, neighbour.macHigh, neighbour.macLow)
    else this.#sender.request(source.a3, target)
    return true
  }

  /** ARP-02, ARP-03: known senders are updated by anything, unknown ones learned when they speak to us. */
  #merge(sender: number, high: number, low: number, forUs: boolean, answer: boolean): void {
    const neighbour = this.#resolver.cache.find(0, 0, V4_MAPPED, sender)
    if (neighbour === null) {
      if (forUs) this.#resolver.learn(IpAddress.v4(sender), high, low)
      return
    }
    // A reply proves that we were heard only if we had asked; else it is an announcement (ND-13).
    const asked =
      neighbour.state === NeighbourState.Incomplete ||
      neighbour.state === NeighbourState.Probe ||
      neighbour.state === NeighbourState.Unreachable
    this.#resolver.onAdvertised(neighbour, true, high, low, answer && asked, true)
  }

  /** ARP-09: no cache entry for addresses that no host can have; our own are conflicts and came no further. */
  #mayLearn(word: number): boolean {
    const top = word >>> 24
    return top !== 0 && top !== 127 && top < 224 && !this.#own.isBroadcastV4(word)
  }

  /** The source of the packet that asks, if that is ours; for probes, whichever address suits the target. */
  #sourceFor(neighbour: Neighbour): IpAddress | null {
    const waiting = neighbour.firstWaiting
    if (waiting !== null) {
      const own = this.#own.findV4(ipv4Source(this.#memory.view, waiting.offset))
      if (own?.address.usable === true) return own.ip
    }
    return this.#own.sourceFor(neighbour.address)
  }
}
