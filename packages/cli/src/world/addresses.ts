import { formatAddress, IpAddress, requirePrefix } from '@tapwire/stack'
import { usageFailure } from '../failure.ts'
import type { WorldOptions } from './options.ts'

/** Both ends of a wire, with prefix lengths, and the way out. */
export interface Addresses {
  readonly own: readonly string[]
  readonly far: readonly string[]
  readonly gateways: readonly string[]
}

/** IPv6 needs so many bytes (RFC 8200 section 5). */
const SMALLEST_V6_MTU = 1280

/** What was asked for, or the usual addresses. @throws Failure, or TapwireError for text that is no address */
export function chooseAddresses(
  options: Pick<WorldOptions, 'addresses' | 'hostAddresses' | 'gateways' | 'mtu'>,
): Addresses {
  const v6 = (options.mtu ?? 1500) >= SMALLEST_V6_MTU
  const own = options.addresses ?? (v6 ? ['10.77.0.2/24', 'fd77::2/64'] : ['10.77.0.2/24'])
  const far = options.hostAddresses ?? own.map(neighbourOf)
  return {
    own,
    far,
    gateways: options.gateways ?? (options.addresses === null ? far.map(withoutLength) : []),
  }
}

/** '10.77.0.2' of '10.77.0.2/24'. */
export function withoutLength(prefix: string): string {
  return prefix.split('/')[0]
}

/** The first host of a network, or the second where that is the given one. */
function neighbourOf(text: string): string {
  const { address, length } = requirePrefix(text)
  const own = address.toBytes()
  const host = own.length * 8 - length
  if (host < 2)
    throw usageFailure(`in the network of ${text} there is no room for the other side: give --host-address`)
  const bytes = own.map((byte, at) => byte & (0xff << Math.min(8, Math.max(0, 8 * (at + 1) - length))))
  bytes[bytes.length - 1] |= 1
  if (bytes.every((byte, at) => byte === own[at])) bytes[bytes.length - 1] ^= 3
  return `${formatAddress(IpAddress.fromBytes(bytes))}/${length}`
}
