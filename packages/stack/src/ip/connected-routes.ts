import type { Interface } from './interface.ts'
import type { InterfaceAddress } from './link-port.ts'
import { networkOf, type RouteTable } from './routes.ts'

/** The prefix of an address that an interface has got is on its link. @throws ENOBUFS when the table is full */
export function addConnectedRoute(routes: RouteTable, iface: Interface, own: InterfaceAddress): void {
  const { address, prefixLength } = own
  const isHostRoute = prefixLength === (address.isV4 ? 32 : 128)
  // Link-local prefixes exist on every link: they are reached by zone, not by route (V6-18).
  if (isHostRoute || iface.loopback || (!address.isV4 && address.isLinkLocal)) return
  const destination = networkOf(address, prefixLength)
  routes.add({ destination, prefixLength, gateway: null, iface, metric: 0, connected: true })
}

/** An address is gone, and the route to its prefix with it, unless another address of the interface is in the same. */
export function removeConnectedRoute(routes: RouteTable, iface: Interface, own: InterfaceAddress): void {
  const { address, prefixLength } = own
  const destination = networkOf(address, prefixLength)
  const stillHeld = iface.addresses.some(
    (other) => other.prefixLength === prefixLength && other.address.matches(destination, prefixLength),
  )
  if (stillHeld) return
  routes.remove(
    (route) =>
      route.connected &&
      route.iface === iface &&
      route.prefixLength === prefixLength &&
      route.destination.equals(destination),
  )
}
