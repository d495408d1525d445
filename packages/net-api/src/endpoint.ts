import { formatAddress, type IpAddress, parseAddress } from '@tapwire/stack'

/** What Node's `address()` gives for one end of a connection. */
export interface Endpoint {
  address: string
  family: 'IPv4' | 'IPv6'
  port: number
}

/** The interfaces of a stack: what stands behind the % of a link-local address (RFC 4007 section 11). */
export type Zones = readonly { readonly index: number; readonly name: string }[]

const LOOPBACK_V4 = parseAddress('127.0.0.1') as IpAddress
const LOOPBACK_V6 = parseAddress('::1') as IpAddress

/** An address as applications write it, with the name or the number of an interface after a %. Null when it is none. */
export function readAddress(text: string, zones: Zones): IpAddress | null {
  return parseAddress(
    text,
    (zone) => zones.find(({ index, name }) => name === zone || String(index) === zone)?.index ?? null,
  )
}

/** Where a connection to `text` goes: the unspecified address means this host. Null when it is not an address. */
export function destination(text: string, zones: Zones): IpAddress | null {
  const address = readAddress(text, zones)
  if (address === null || !address.isUnspecified) return address
  return address.isV4 ? LOOPBACK_V4 : LOOPBACK_V6
}

/**
 * One end in Node's words. @param family that of the socket: an IPv4 peer of a dual-stack `::` socket shows as
 * `::ffff:10.0.0.1` (NS-10)
 */
export function endpoint(address: IpAddress, port: number, family: 4 | 6, zones: Zones): Endpoint {
  const text = formatAddress(address)
  if (family === 4) return { address: text, family: 'IPv4', port }
  if (address.isV4) return { address: `::ffff:${text}`, family: 'IPv6', port }
  const zone = address.isLinkLocal ? zones.find(({ index }) => index === address.zone) : undefined
  return { address: zone === undefined ? text : `${text}%${zone.name}`, family: 'IPv6', port }
}
