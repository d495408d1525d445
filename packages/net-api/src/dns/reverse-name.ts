import type { IpAddress } from '@tapwire/stack'
import { formatAddress } from '@tapwire/stack'

/** The name under which the names of an address are looked up: RFC 1035 section 3.5, RFC 3596 section 2.5. */
export function reverseName(address: IpAddress): string {
  if (address.isV4) return `${formatAddress(address).split('.').reverse().join('.')}.in-addr.arpa`
  const nibbles = [...Buffer.from(address.toBytes()).toString('hex')]
  return `${nibbles.reverse().join('.')}.ip6.arpa`
}
