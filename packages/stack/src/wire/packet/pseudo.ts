import { sumBytes } from '../../core/checksum.ts'
import { pseudoHeaderSum } from '../pseudo-header.ts'
import { viewOf } from './bytes.ts'

/** Source and destination, both of 4 or both of 16 bytes: what a pseudo-header needs of an IP packet. */
export interface IpAddresses {
  source: Uint8Array
  destination: Uint8Array
}

/** The pseudo-header's running sum. */
export function pseudoSum(ip: IpAddresses, protocol: number, length: number): number {
  const addresses =
    sumBytes(viewOf(ip.source), 0, ip.source.length) +
    sumBytes(viewOf(ip.destination), 0, ip.destination.length)
  return pseudoHeaderSum(addresses, protocol, length)
}
