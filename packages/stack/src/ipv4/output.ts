import { Fragmenter, type FragmentHeaders } from '../ip/fragmenter.ts'
import type { Internet } from '../ip/internet.ts'
import type { SendOptions } from '../ip/network.ts'
import type { RoutedPath } from '../ip/routed-path.ts'
import { Gso, TransmitResult, type TxDescriptor } from '../link/device.ts'
import {
  IPV4_DONT_FRAGMENT,
  IPV4_HEADER_LENGTH,
  IPV4_MAX_TOTAL_LENGTH,
  IPV4_MORE_FRAGMENTS,
  writeIpv4Header,
} from '../wire/ipv4.ts'

/** Puts the IPv4 header before what transports send, and cuts what does not fit. */
export class Ipv4Output implements FragmentHeaders {
  readonly #internet: Internet
  readonly #fragmenter: Fragmenter

  constructor(internet: Internet) {
    this.#internet = internet
    this.#fragmenter = new Fragmenter(internet, this)
  }

  send(path: RoutedPath, protocol: number, options: SendOptions): TransmitResult {
    const { descriptor, counters } = this.#internet
    const length = IPV4_HEADER_LENGTH + descriptor.length
    if (length > IPV4_MAX_TOTAL_LENGTH) return this.#tooBig()
    const isSuper = descriptor.gso !== Gso.None
    if (length > path.mtu && !isSuper) {
      if (!options.dontFragment) return this.#sendFragments(path, protocol, options)
      // A transport may probe the link's own MTU with DF (RFC 4821); beyond that nothing can leave.
      if (length > path.iface.mtu) return this.#tooBig()
    }
    let id = 0
    let flags: number = IPV4_DONT_FRAGMENT
    // ID-01: with DF no identification is needed; R1191-01: below the floor, routers cut.
    if (!options.dontFragment || path.noDf) {
      id = path.takeId()
      // ID-02: when all are in use, the packet goes out atomic instead.
      if (id >= 0) flags = 0
      else id = 0
    }
    this.#writeHeader(descriptor, path, protocol, options, id, flags)
    counters.packetsOut++
    path.iface.counters.ip.packetsOut++
    if (path.iface.loopback) counters.loopedBack++
    return path.iface.link.send(descriptor, path.nextHop)
  }

  #tooBig(): TransmitResult {
    this.#internet.counters.outTooBig++
    return TransmitResult.Refused
  }

  #writeHeader(
    descriptor: TxDescriptor,
    path: RoutedPath,
    protocol: number,
    options: SendOptions,
    id: number,
    flagsFragment: number,
  ): void {
    const at = descriptor.prepend(IPV4_HEADER_LENGTH)
    writeIpv4Header(
      descriptor.memory.view,
      at,
      descriptor.length,
      id,
      flagsFragment,
      options.ttl,
      protocol,
      path.local.a3,
      path.remote.a3,
      options.tos,
    )
  }

  /** FRG-09. All fragments share a fresh identification (ID-03). */
  #sendFragments(path: RoutedPath, protocol: number, options: SendOptions): TransmitResult {
    const id = path.takeId()
    if (id < 0) {
      this.#internet.counters.outIdsExhausted++
      return TransmitResult.Refused
    }
    return this.#fragmenter.send(path, protocol, options, id, (path.mtu - IPV4_HEADER_LENGTH) & ~7)
  }

  prependFragment(
    descriptor: TxDescriptor,
    path: RoutedPath,
    protocol: number,
    options: SendOptions,
    id: number,
    at: number,
    more: boolean,
  ): void {
    const flags = more ? IPV4_MORE_FRAGMENTS : 0
    this.#writeHeader(descriptor, path, protocol, options, id, (at >>> 3) | flags)
  }
}
