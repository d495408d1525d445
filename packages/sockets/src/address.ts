import { formatAddress, IpAddress, parseAddress } from '@tapwire/stack'
import type { SocketAddress } from './api.ts'
import { AF_INET, AF_INET6 } from './constants.ts'
import { SocketError } from './errno.ts'

export const ANY_V4 = IpAddress.v4(0)
export const ANY_V6 = new IpAddress(0, 0, 0, 0)

/** Reads the address for a socket of this family: IPv4 goes to IPv6 sockets in its mapped form. @throws EAFNOSUPPORT, EINVAL */
export function readAddress(domain: number, given: SocketAddress): IpAddress {
  if (given.family !== domain) throw new SocketError('EAFNOSUPPORT')
  const zone = given.scopeId ?? 0
  if (!isPort(given.port) || typeof given.address !== 'string') throw new SocketError('EINVAL')
  const address = parseAddress(given.address)
  if (address === null) throw new SocketError('EINVAL')
  if (domain === AF_INET && !address.isV4) throw new SocketError('EINVAL')
  // 'a.b.c.d' for an IPv6 socket would be no sockaddr_in6.
  if (domain === AF_INET6 && address.isV4 && !given.address.includes(':')) throw new SocketError('EINVAL')
  return zone > 0 && address.isLinkLocal && !address.isV4 ? address.withZone(zone) : address
}

/** As the calls give addresses back, in the family of the socket. */
export function tellAddress(domain: number, address: IpAddress, port: number): SocketAddress {
  if (domain === AF_INET)
    return { family: AF_INET, address: formatAddress(address.isV4 ? address : ANY_V4), port }
  if (address.isV4) {
    const text = address.isUnspecified ? '::' : `::ffff:${formatAddress(address)}`
    return { family: AF_INET6, address: text, port, scopeId: 0 }
  }
  return { family: AF_INET6, address: formatAddress(address.withZone(0)), port, scopeId: address.zone }
}

function isPort(port: number): boolean {
  return Number.isInteger(port) && port >= 0 && port <= 65_535
}

export const LOOPBACK_V4 = IpAddress.v4(0x7f000001)
export const LOOPBACK_V6 = new IpAddress(0, 0, 0, 1)
