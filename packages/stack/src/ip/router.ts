import type { Engine } from '../core/engine.ts'
import { type Micros, SECOND } from '../core/timer.ts'
import type { Limits } from '../limits.ts'
import { BROADCAST_V4, type IpAddress, LOOPBACK_V4, LOOPBACK_V6 } from './address.ts'
import type { IpCounters } from './counters.ts'
import { sortDestinations } from './destination-selection.ts'
import type { Interface } from './interface.ts'
import type { InterfaceAddress } from './link-port.ts'
import type { PathError } from './network.ts'
import { PathTable } from './path-table.ts'
import { RoutedPath, type Way } from './routed-path.ts'
import type { Route, RouteTable } from './routes.ts'
import { selectSource } from './source-selection.ts'
import { isMartianDestinationV4 } from './special-prefixes.ts'

/** How long a gateway that did not answer is passed over while there is another one. */
const GATEWAY_REST: Micros = 60 * SECOND

interface RestingGateway {
  readonly iface: Interface
  readonly address: IpAddress
  until: Micros
}

/**
 * Finds paths: which interface, next hop and source address lead to a destination. Strong host model (RFC 1122
 * section 3.3.4.2; IP-23): a packet leaves only through the interface that has its source address.
 */
export class Router {
  /** Counts every change of routes or addresses; paths found before are looked up again when next used. */
  generation = 1
  acceptRedirects = true
  loopback!: Interface
  readonly paths: PathTable
  readonly #engine: Engine
  readonly #counters: IpCounters
  readonly #routes: RouteTable
  readonly #interfaces: readonly Interface[]
  readonly #resting: RestingGateway[] = []
  readonly #way: Way
  readonly #isAlive = (iface: Interface, gateway: IpAddress): boolean =>
    this.#restingEntry(iface, gateway) === null

  constructor(
    engine: Engine,
    limits: Limits,
    counters: IpCounters,
    routes: RouteTable,
    interfaces: readonly Interface[],
  ) {
    this.#engine = engine
    this.#counters = counters
    this.#routes = routes
    this.#interfaces = interfaces
    this.paths = new PathTable(limits.paths, { k0: engine.random.uint32(), k1: engine.random.uint32() })
    this.#way = { iface: this.loopback, nextHop: LOOPBACK_V4, onLink: true }
  }

  changed(): void {
    this.generation++
  }

  path(remote: IpAddress, local: IpAddress | null): RoutedPath | PathError {
    const newest = this.paths.newest
    if (newest !== null && local !== null && this.#leadsAgain(newest, remote, local)) return newest
    // Connecting to the unspecified address means this host, as everywhere.
    const target = remote.isUnspecified ? (remote.isV4 ? LOOPBACK_V4 : LOOPBACK_V6) : remote
    const wanted = local === null || local.isUnspecified ? null : local
    const way = this.#way
    const failure = this.#findWay(target, wanted, way)
    if (failure !== null) return failure
    const source = wanted ?? this.#sourceFor(target, way)
    if (source === null) return 'EADDRNOTAVAIL'
    const hash = this.paths.hashOf(source, target, way.iface.index)
    return this.paths.find(hash, source, target, way.iface) ?? this.#newPath(hash, source, target, way)
  }

  /** Most packets that begin something come from where the last one came from. */
  #leadsAgain(path: RoutedPath, remote: IpAddress, local: IpAddress): boolean {
    return (
      path.generation === this.generation &&
      path.usable &&
      this.#resting.length === 0 &&
      path.remote.equals(remote) &&
      path.local.equals(local)
    )
  }

  #newPath(hash: number, source: IpAddress, target: IpAddress, way: Way): RoutedPath {
    const broadcast = target.isV4 && way.iface.isBroadcast4(target.a3)
    const path = new RoutedPath(this.#engine, this.#counters, source, target, broadcast, way, this.generation)
    this.paths.add(hash, path)
    this.#counters.pathsEvicted = this.paths.evicted
    return path
  }

  /** The addresses of one name, best first (SEL-02). */
  sortDestinations(addresses: readonly IpAddress[]): IpAddress[] {
    return sortDestinations(addresses.map((address) => ({ address, source: this.#ownTowards(address) })))
  }

  /** The address of ours that packets there would have, or null. */
  #ownTowards(remote: IpAddress): InterfaceAddress | null {
    const way = this.#way
    if (this.#findWay(remote, null, way) !== null) return null
    const source = this.#sourceFor(remote, way)
    if (source === null) return null
    for (const iface of this.#interfaces) {
      const own = iface.find(source)
      if (own !== null) return own
    }
    return null
  }

  /** Looks a path up again after routes or addresses have changed. */
  refresh(path: RoutedPath): void {
    path.generation = this.generation
    const way = this.#way
    path.usable = this.#findWay(path.remote, path.local, way) === null
    if (!path.usable) return
    if (way.iface !== path.iface) {
      const wasKept = this.paths.remove(path)
      path.moveTo(way)
      if (wasKept) this.paths.add(this.paths.hashOf(path.local, path.remote, way.iface.index), path)
    } else path.moveTo(way)
  }

  // ---- ways ------------------------------------------------------------------------------------------------

  #findWay(target: IpAddress, local: IpAddress | null, way: Way): PathError | null {
    if (local !== null) {
      if (local.isV4 !== target.isV4) return 'EAFNOSUPPORT'
      // SEL-04, IP-04: a source that is not one of ours is refused.
      if (!this.isLocal(local)) return 'EADDRNOTAVAIL'
    }
    // IP-25, IP-07: own addresses and all of 127/8 are reached inside.
    if (this.isLocal(target)) return this.#set(way, this.loopback, target, true)
    if (target.isLoopback) return 'ENETUNREACH'
    if (target.isMulticast || target.isLimitedBroadcast) return this.#findGroupWay(target, local, way)
    if (!target.isV4 && target.isLinkLocal) return this.#findLinkLocalWay(target, local, way)
    if (target.isV4 && isMartianDestinationV4(target.a3)) return 'ENETUNREACH'
    return this.#findRoute(target, local, way)
  }

  #findRoute(target: IpAddress, local: IpAddress | null, way: Way): PathError | null {
    for (const iface of this.#interfaces) {
      if (local !== null && !owns(iface, local)) continue
      const route = this.#routes.lookup(target, local === null ? null : iface, this.#isAlive)
      if (route !== null) {
        // A directed broadcast goes out as the link's broadcast (IP-11).
        const onLinkHop = target.isV4 && route.iface.isDirectedBroadcast4(target.a3) ? BROADCAST_V4 : target
        return this.#set(way, route.iface, route.gateway ?? onLinkHop, route.gateway === null)
      }
      if (local === null) break
    }
    return 'ENETUNREACH'
  }

  /** Groups and the limited broadcast: no route leads there, only an interface. */
  #findGroupWay(target: IpAddress, local: IpAddress | null, way: Way): PathError | null {
    const iface = this.#groupInterface(target, local)
    return iface === null ? 'ENETUNREACH' : this.#set(way, iface, target, true)
  }

  #groupInterface(target: IpAddress, local: IpAddress | null): Interface | null {
    if (target.zone !== 0) return this.#interfaces.find((iface) => iface.index === target.zone) ?? null
    if (local !== null) return this.#interfaces.find((iface) => owns(iface, local)) ?? null
    // The interface of the default route, else the first that speaks this version.
    for (const route of this.#routes.list()) {
      if (route.prefixLength === 0 && route.destination.isV4 === target.isV4) return route.iface
    }
    for (const iface of this.#interfaces) {
      if (iface.loopback) continue
      if (iface.addresses.some((own) => own.usable && own.address.isV4 === target.isV4)) return iface
    }
    return null
  }

  /** V6-18: the zone says which link; without one it must be clear from the source, or from there being only one. */
  #findLinkLocalWay(target: IpAddress, local: IpAddress | null, way: Way): PathError | null {
    const zone = target.zone !== 0 ? target.zone : (local?.zone ?? 0)
    let found: Interface | null = null
    for (const iface of this.#interfaces) {
      if (iface.loopback || (zone !== 0 && iface.index !== zone)) continue
      if (local !== null && !owns(iface, local)) continue
      if (!iface.addresses.some((own) => own.usable && !own.address.isV4)) continue
      if (found !== null) return 'EINVAL'
      found = iface
    }
    return found === null ? 'ENETUNREACH' : this.#set(way, found, target, true)
  }

  #set(way: Way, iface: Interface, nextHop: IpAddress, onLink: boolean): null {
    way.iface = iface
    way.nextHop = nextHop
    way.onLink = onLink
    return null
  }

  #sourceFor(target: IpAddress, way: Way): IpAddress | null {
    if (way.iface !== this.loopback) return selectSource(way.iface.addresses, target, way.nextHop)
    // RFC 6724 rule 1: to an own address, the same one; to the rest of 127/8, and to groups on lo, the one lo has.
    if (target.isLoopback || target.isMulticast) return target.isV4 ? LOOPBACK_V4 : LOOPBACK_V6
    for (const iface of this.#interfaces) {
      const own = iface.find(target)
      if (own?.usable) return own.address
    }
    return null
  }

  /** Whether a gateway can be reached without another one: on a prefix of the interface, or link-local. */
  isOnLink(address: IpAddress, iface: Interface): boolean {
    if (address.isMulticast || address.isUnspecified || iface.find(address) !== null) return false
    if (!address.isV4 && address.isLinkLocal) return true
    // A link without neighbours (TUN) has nothing but its other end.
    if (iface.medium === 'ip') return true
    return iface.addresses.some(
      (own) => own.address.isV4 === address.isV4 && address.matches(own.address, own.prefixLength),
    )
  }

  // ---- own addresses ---------------------------------------------------------------------------------------

  isLocal(address: IpAddress): boolean {
    return address.isV4
      ? this.ownsAnywhere4(address.a3)
      : this.ownsAnywhere6(address.a0, address.a1, address.a2, address.a3)
  }

  /** Whether this is a usable address of any interface, or in 127/8. */
  ownsAnywhere4(word: number): boolean {
    if (word >>> 24 === 127) return this.loopback.up
    const interfaces = this.#interfaces
    for (let i = 0; i < interfaces.length; i++) if (interfaces[i].owns4(word)) return true
    return false
  }

  ownsAnywhere6(a0: number, a1: number, a2: number, a3: number): boolean {
    const interfaces = this.#interfaces
    for (let i = 0; i < interfaces.length; i++) if (interfaces[i].owns6(a0, a1, a2, a3)) return true
    return false
  }

  // ---- gateways --------------------------------------------------------------------------------------------

  /**
   * A next hop did not answer (IP-20, IP-21, ND-16). Only the link layer says so: what ICMP tells of networks and hosts
   * proves nothing about a gateway (IP-22), and goes to transports alone.
   * @returns true when it was a gateway and another one stands in
   */
  gatewayFailed(iface: Interface, address: IpAddress): boolean {
    const routes = this.#routes.list()
    const failed = routes.filter((route) => route.iface === iface && route.gateway?.equals(address) === true)
    if (failed.length === 0) return false
    const until = this.#engine.now + GATEWAY_REST
    const entry = this.#restingEntry(iface, address)
    if (entry !== null) entry.until = until
    else this.#resting.push({ iface, address, until })
    const replaced = failed.every((route) => {
      const other = this.#routes.lookup(route.destination, null, this.#isAlive)
      return other !== null && other.gateway !== null && this.#isAlive(other.iface, other.gateway)
    })
    if (!replaced) this.#wakeNext(iface, address, failed)
    this.changed()
    return replaced
  }

  /** ND-16 (RFC 4861 section 6.3.6): when all are dead they are tried in turn, the one that failed longest ago first. */
  #wakeNext(iface: Interface, address: IpAddress, failed: readonly Route[]): void {
    const stands = (entry: RestingGateway): boolean =>
      this.#routes
        .list()
        .some(
          ({ iface: on, gateway, destination, prefixLength }) =>
            on === entry.iface &&
            gateway?.equals(entry.address) === true &&
            failed.some((lost) => lost.prefixLength === prefixLength && lost.destination.equals(destination)),
        )
    let next: RestingGateway | null = null
    for (const entry of this.#resting) {
      if ((entry.iface === iface && entry.address.equals(address)) || !stands(entry)) continue
      if (next === null || entry.until < next.until) next = entry
    }
    if (next !== null) next.until = this.#engine.now
  }

  #restingEntry(iface: Interface, address: IpAddress): RestingGateway | null {
    const resting = this.#resting
    for (let i = resting.length - 1; i >= 0; i--) {
      if (resting[i].until <= this.#engine.now || !resting[i].iface.up) resting.splice(i, 1)
      else if (resting[i].iface === iface && resting[i].address.equals(address)) return resting[i]
    }
    return null
  }

  /**
   * A redirect for a packet from `local` to `remote` (ICMP-06): followed when it comes from the gateway now in use and
   * names another router on the same link. A path at a time; forgotten when routes change.
   * @returns whether it was followed
   */
  redirect(
    iface: Interface,
    from: IpAddress,
    local: IpAddress,
    remote: IpAddress,
    gateway: IpAddress,
  ): boolean {
    const path = this.paths.find(this.paths.hashOf(local, remote, iface.index), local, remote, iface)
    const follow =
      this.acceptRedirects &&
      path?.nextHop.equals(from) === true &&
      !path.nextHop.equals(gateway) &&
      this.isOnLink(gateway, iface) &&
      !this.isLocal(gateway)
    if (!follow) {
      this.#counters.redirectsIgnored++
      return false
    }
    this.#counters.redirectsAccepted++
    path.nextHop = gateway
    path.onLink = gateway.equals(remote)
    return true
  }
}

function owns(iface: Interface, address: IpAddress): boolean {
  if (!address.isV4) return iface.owns6(address.a0, address.a1, address.a2, address.a3)
  return iface.owns4(address.a3) || (iface.loopback && address.isLoopback)
}
