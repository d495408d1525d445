import { ANY_V6, type IpAddress } from '../ip/address.ts'
import { ALL_NODES_V6, solicitedNodeWord } from '../ip/groups.ts'
import { EtherType } from '../wire/ethernet.ts'
import { ICMPV6_PROTOCOL, writeIcmpv6Checksum } from '../wire/icmpv6.ts'
import { IPV6_HEADER_LENGTH, ipv6AddressSum, writeIpv6Header } from '../wire/ipv6.ts'
import {
  NDP_HOP_LIMIT,
  NdpOption,
  NEIGHBOUR_MESSAGE_LENGTH,
  writeLinkAddressOption,
  writeNeighbourAdvertisement,
  writeNeighbourSolicitation,
} from '../wire/ndp.ts'
import type { EthernetCounters } from './counters.ts'
import type { FrameOutput } from './frame-output.ts'

const LINK_OPTION_LENGTH = 8

/** The neighbour discovery messages a host sends, built as whole frames. */
export class NdpSender {
  readonly #output: FrameOutput
  readonly #counters: EthernetCounters

  constructor(output: FrameOutput, counters: EthernetCounters) {
    this.#output = output
    this.#counters = counters
  }

  /** ND-07 (RFC 4861 section 7.2.2): asks the target's solicited-node group, naming our MAC for the answer. */
  solicit(source: IpAddress, target: IpAddress): void {
    const group = solicitedNodeWord(target.a3)
    this.#solicit(source, 0xff020000, 0, 1, group, target, 0x3333, group, true)
  }

  /** ND-12 (RFC 4861 section 7.3.3): asks a neighbour at its known MAC. */
  probeNeighbour(source: IpAddress, target: IpAddress, high: number, low: number): void {
    const { a0, a1, a2, a3 } = target
    this.#solicit(source, a0, a1, a2, a3, target, high, low, true)
  }

  /** SL-02 (RFC 4862 section 5.4.2): from the unspecified address, and so without our MAC. */
  probe(candidate: IpAddress): void {
    const group = solicitedNodeWord(candidate.a3)
    this.#solicit(ANY_V6, 0xff020000, 0, 1, group, candidate, 0x3333, group, false)
  }

  /** An unsolicited advertisement to everybody (RFC 4861 section 7.2.6): replaces what they have cached. */
  announce(address: IpAddress): void {
    this.advertise(
      address,
      ALL_NODES_V6.a0,
      ALL_NODES_V6.a1,
      ALL_NODES_V6.a2,
      ALL_NODES_V6.a3,
      0x3333,
      1,
      0x20000000,
    )
  }

  /** ND-09 (RFC 4861 section 7.2.4): `address` is at our MAC. @param flags of `NaFlag` */
  advertise(
    address: IpAddress,
    destination0: number,
    destination1: number,
    destination2: number,
    destination3: number,
    high: number,
    low: number,
    flags: number,
  ): void {
    const { a0, a1, a2, a3 } = address
    const output = this.#output
    const at = output.begin(high, low, EtherType.Ipv6)
    const length = NEIGHBOUR_MESSAGE_LENGTH + LINK_OPTION_LENGTH
    this.#header(at, length, address, destination0, destination1, destination2, destination3)
    const message = at + IPV6_HEADER_LENGTH
    const options = writeNeighbourAdvertisement(output.view, message, flags, a0, a1, a2, a3)
    const kind = NdpOption.TargetLinkAddress
    writeLinkAddressOption(output.view, options, kind, output.macHigh, output.macLow)
    this.#send(at, length)
    this.#counters.ndAdvertsOut++
  }

  #solicit(
    source: IpAddress,
    destination0: number,
    destination1: number,
    destination2: number,
    destination3: number,
    target: IpAddress,
    high: number,
    low: number,
    withMac: boolean,
  ): void {
    const { a0, a1, a2, a3 } = target
    const output = this.#output
    const at = output.begin(high, low, EtherType.Ipv6)
    const length = NEIGHBOUR_MESSAGE_LENGTH + (withMac ? LINK_OPTION_LENGTH : 0)
    this.#header(at, length, source, destination0, destination1, destination2, destination3)
    const options = writeNeighbourSolicitation(output.view, at + IPV6_HEADER_LENGTH, a0, a1, a2, a3)
    const kind = NdpOption.SourceLinkAddress
    if (withMac) writeLinkAddressOption(output.view, options, kind, output.macHigh, output.macLow)
    this.#send(at, length)
    this.#counters.ndSolicitsOut++
  }

  #header(
    at: number,
    length: number,
    source: IpAddress,
    d0: number,
    d1: number,
    d2: number,
    d3: number,
  ): void {
    const { a0, a1, a2, a3 } = source
    const view = this.#output.view
    writeIpv6Header(view, at, length, ICMPV6_PROTOCOL, NDP_HOP_LIMIT, a0, a1, a2, a3, d0, d1, d2, d3, 0, 0)
  }

  #send(at: number, length: number): void {
    const view = this.#output.view
    writeIcmpv6Checksum(view, at + IPV6_HEADER_LENGTH, length, ipv6AddressSum(view, at))
    this.#output.finish(IPV6_HEADER_LENGTH + length)
  }
}
