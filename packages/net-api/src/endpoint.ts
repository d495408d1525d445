import { formatAddress, type IpAddress, parseAddress } from '@tapwire/stack'

/** What Node's `address()` gives for one end of a connection. */
export interface Endpoint {
  address: string
  family: 'IPv4' | 'IPv6'
  port: number
}

const LOOPBACK_V4 = parseAddress('127.0.0.1') as IpAddress
const LOOPBACK_V6 = parseAddress('::1') as IpAddress

/**
 * One end in Node's words. @param family that of the socket: an IPv4 peer of a dual-stack `::` socket shows as
 * `::ffff:10.0.0.1` (NS-10)
 */
export function endpoint(address: IpAddress, port: number, family: 4 | 6): Endpoint {
  const text = formatAddress(address)
  if (family === 4) return { address: text, family: 'IPv4', port }
  return { address: address.isV4 ? `::ffff:${text}` : text, family: 'IPv6', port }
}

/** Where a connection to `text` goes: the unspecified address means this host. Null when it is not an address. */
export function destination(text: string): IpAddress | null {
  const address = parseAddress(text)
  if (address === null || !address.isUnspecified) return address
  return address.isV4 ? LOOPBACK_V4 : LOOPBACK_V6
}
