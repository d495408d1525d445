import { ARP_LENGTH, ArpOperation, writeArp } from '../wire/arp.ts'
import { EtherType, MAC_BROADCAST_HIGH, MAC_BROADCAST_LOW } from '../wire/ethernet.ts'
import type { EthernetCounters } from './counters.ts'
import type { FrameOutput } from './frame-output.ts'

/** The ARP packets a host sends. IP addresses are words in network order. */
export class ArpSender {
  readonly #output: FrameOutput
  readonly #counters: EthernetCounters

  constructor(output: FrameOutput, counters: EthernetCounters) {
    this.#output = output
    this.#counters = counters
  }

  /** Asks everybody who has `target`. */
  request(sender: number, target: number): void {
    this.#request(sender, target, MAC_BROADCAST_HIGH, MAC_BROADCAST_LOW)
  }

  /** Asks a neighbour at the MAC it had whether it is still there, as kernels do (RFC 1122 section 2.3.2.1 (2)). */
  probeNeighbour(sender: number, target: number, high: number, low: number): void {
    this.#request(sender, target, high, low)
  }

  /** ACD-02 (RFC 5227 section 2.1.1): a request from nobody, so that no cache learns what is not ours yet. */
  probe(candidate: number): void {
    this.request(0, candidate)
  }

  /** ACD-06 (RFC 5227 section 2.3): a request for our own address, from it. */
  announce(address: number): void {
    this.request(address, address)
  }

  /** ARP-04: the request turned around. */
  reply(sender: number, target: number, high: number, low: number): void {
    const at = this.#output.begin(high, low, EtherType.Arp)
    const { view, macHigh, macLow } = this.#output
    writeArp(view, at, ArpOperation.Reply, macHigh, macLow, sender, high, low, target)
    this.#output.finish(ARP_LENGTH)
    this.#counters.arpRepliesOut++
  }

  #request(sender: number, target: number, high: number, low: number): void {
    const at = this.#output.begin(high, low, EtherType.Arp)
    const { view, macHigh, macLow } = this.#output
    // ar$tha says nothing in a request: zero, as RFC 5227 section 1.1 wants it in probes.
    writeArp(view, at, ArpOperation.Request, macHigh, macLow, sender, 0, 0, target)
    this.#output.finish(ARP_LENGTH)
    this.#counters.arpRequestsOut++
  }
}
