import { TapwireError } from '../core/errors.ts'
import { IpAddress, prefixMask } from './address.ts'
import type { Interface } from './interface.ts'

/** One way to a prefix. */
export interface Route {
  /** The prefix, its host bits zero. */
  readonly destination: IpAddress
  /** 0 (default route) to 32, or 128. */
  readonly prefixLength: number
  /** The router to hand packets to, or null: the destination is on the link itself. */
  readonly gateway: IpAddress | null
  readonly iface: Interface
  /** Among equal prefixes the lowest wins; then the one added first. */
  readonly metric: number
  /** Made by the stack from an interface's address, and removed with it. */
  readonly connected: boolean
}

/** Tells whether a gateway is worth trying now (IP-21). */
export type GatewayJudge = (iface: Interface, gateway: IpAddress) => boolean

/**
 * Routes by longest prefix, both versions (IP-19, IP-20). The list is kept sorted: longest first, then by metric, then
 * by age; so the first match is the answer, and the same table always gives the same one. Lookups are made once per
 * path, not per packet, which is why a list serves.
 */
export class RouteTable {
  /** Routes for which there was no room. */
  refused = 0
  readonly #limit: number
  #v4: Route[] = []
  #v6: Route[] = []

  constructor(limit: number) {
    this.#limit = limit
  }

  get size(): number {
    return this.#v4.length + this.#v6.length
  }

  /** @throws ENOBUFS when the table is full, ERR_INVALID_ARG_VALUE for a gateway of the other version */
  add(route: Route): void {
    if (this.size >= this.#limit) {
      this.refused++
      throw new TapwireError('ENOBUFS', `The routing table is full (limits.routes is ${this.#limit})`)
    }
    if (route.gateway !== null && route.gateway.isV4 !== route.destination.isV4) {
      throw new TapwireError('ERR_INVALID_ARG_VALUE', 'A route and its gateway must be of one IP version')
    }
    const list = route.destination.isV4 ? this.#v4 : this.#v6
    let at = 0
    while (at < list.length && !goesBefore(route, list[at])) at++
    list.splice(at, 0, route)
  }

  /** Takes off every route that `matches`. @returns how many */
  remove(matches: (route: Route) => boolean): number {
    const before = this.size
    this.#v4 = this.#v4.filter((route) => !matches(route))
    this.#v6 = this.#v6.filter((route) => !matches(route))
    return before - this.size
  }

  /** All routes in the order in which they are tried: IPv4 first. */
  list(): readonly Route[] {
    return [...this.#v4, ...this.#v6]
  }

  /**
   * The best route to `remote`. Among routes of the best prefix length one whose gateway `isAlive` wins; when all are
   * dead, the first of them is still the answer, for there is nothing better to try (ND-16).
   * @param iface only routes through this interface, or null for any (strong host model, IP-23)
   */
  lookup(remote: IpAddress, iface: Interface | null, isAlive: GatewayJudge): Route | null {
    const list = remote.isV4 ? this.#v4 : this.#v6
    let fallback: Route | null = null
    for (const route of list) {
      if (fallback !== null && route.prefixLength !== fallback.prefixLength) break
      if (!route.iface.up || (iface !== null && route.iface !== iface)) continue
      if (!remote.matches(route.destination, route.prefixLength)) continue
      if (route.gateway === null || isAlive(route.iface, route.gateway)) return route
      fallback ??= route
    }
    return fallback
  }
}

function goesBefore(a: Route, b: Route): boolean {
  if (a.prefixLength !== b.prefixLength) return a.prefixLength > b.prefixLength
  return a.metric < b.metric
}

/** An address with its host bits cleared. */
export function networkOf(address: IpAddress, prefixLength: number): IpAddress {
  if (address.isV4) return IpAddress.v4(address.a3 & prefixMask(prefixLength))
  return new IpAddress(
    address.a0 & prefixMask(prefixLength),
    address.a1 & prefixMask(prefixLength - 32),
    address.a2 & prefixMask(prefixLength - 64),
    address.a3 & prefixMask(prefixLength - 96),
  )
}
