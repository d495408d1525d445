import { Fragmenter, type FragmentHeaders } from '../ip/fragmenter.ts'
import type { Internet } from '../ip/internet.ts'
import type { SendOptions } from '../ip/network.ts'
import { Protocol } from '../ip/packet-in.ts'
import type { RoutedPath } from '../ip/routed-path.ts'
import { Gso, TransmitResult, type TxDescriptor } from '../link/device.ts'
import {
  IPV6_DESTINATION,
  IPV6_HEADER_LENGTH,
  IPV6_SOURCE,
  writeAddress6,
  writeIpv6Fields,
} from '../wire/ipv6.ts'
import { IPV6_FRAGMENT_LENGTH, Ipv6NextHeader, writeIpv6Fragment } from '../wire/ipv6-extension.ts'

const MAX_PAYLOAD = 65_535

/** Puts the IPv6 header before what transports send, and cuts what does not fit. */
export class Ipv6Output implements FragmentHeaders {
  readonly #internet: Internet
  readonly #fragmenter: Fragmenter

  constructor(internet: Internet) {
    this.#internet = internet
    this.#fragmenter = new Fragmenter(internet, this)
  }

  send(path: RoutedPath, protocol: number, options: SendOptions): TransmitResult {
    const { descriptor, counters } = this.#internet
    const payload = descriptor.length
    const length = IPV6_HEADER_LENGTH + payload
    if (payload > MAX_PAYLOAD) return this.#tooBig()
    if (length > path.mtu && descriptor.gso === Gso.None) {
      if (!options.dontFragment) return this.#sendFragments(path, protocol, options)
      if (length > path.iface.mtu) return this.#tooBig()
    }
    this.#writeHeader(descriptor, path, protocol, options, this.#flowLabel(path, protocol))
    counters.packetsOut++
    path.iface.counters.ip.packetsOut++
    if (path.iface.loopback) counters.loopedBack++
    return path.iface.link.send(descriptor, path.nextHop)
  }

  #tooBig(): TransmitResult {
    this.#internet.counters.outTooBig++
    return TransmitResult.Refused
  }

  /** V6-15: one label per 5-tuple; the ports are the first four bytes of both transports that have them. */
  #flowLabel(path: RoutedPath, protocol: number): number {
    const { descriptor } = this.#internet
    const hasPorts = (protocol === Protocol.Tcp || protocol === Protocol.Udp) && descriptor.headLength >= 4
    return path.flowLabel((hasPorts ? descriptor.memory.view.getInt32(descriptor.headOffset) : 0) ^ protocol)
  }

  #writeHeader(
    descriptor: TxDescriptor,
    path: RoutedPath,
    nextHeader: number,
    options: SendOptions,
    flowLabel: number,
  ): void {
    const { view } = descriptor.memory
    const payload = descriptor.length
    const at = descriptor.prepend(IPV6_HEADER_LENGTH)
    const { local, remote } = path
    writeIpv6Fields(view, at, payload, nextHeader, options.ttl, options.tos, flowLabel)
    writeAddress6(view, at + IPV6_SOURCE, local.a0, local.a1, local.a2, local.a3)
    writeAddress6(view, at + IPV6_DESTINATION, remote.a0, remote.a1, remote.a2, remote.a3)
  }

  /** V6F-01. The path's MTU never falls below 1,280, so that no fragment is made of what is whole (V6F-03). */
  #sendFragments(path: RoutedPath, protocol: number, options: SendOptions): TransmitResult {
    const step = (path.mtu - IPV6_HEADER_LENGTH - IPV6_FRAGMENT_LENGTH) & ~7
    return this.#fragmenter.send(path, protocol, options, path.takeId(), step)
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
    const header = descriptor.prepend(IPV6_FRAGMENT_LENGTH)
    writeIpv6Fragment(descriptor.memory.view, header, protocol, at, more, id)
    // The label of the whole datagram, whose ports only its first fragment has.
    this.#writeHeader(descriptor, path, Ipv6NextHeader.Fragment, options, this.#flowLabel(path, protocol))
  }
}
