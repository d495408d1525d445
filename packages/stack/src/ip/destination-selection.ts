import type { IpAddress } from './address.ts'
import { AddressState, type InterfaceAddress } from './link-port.ts'
import { labelOf, precedenceOf, scopeOf, sharedBits } from './source-selection.ts'

/** An address of somebody with several, and what would be our end towards it. */
export interface Destination {
  readonly address: IpAddress
  /** Null: there is no way there, or no address of ours that could be the source. */
  readonly source: InterfaceAddress | null
}

/**
 * Puts the addresses of one name in the order in which they are worth trying (SEL-02, N8504-06): RFC 6724 section 6. Rules 4
 * (home addresses) and 7 (tunnels) have nothing to choose from here; rule 10 is that sorting keeps the order of equals.
 */
export function sortDestinations(destinations: readonly Destination[]): IpAddress[] {
  return [...destinations].sort(compare).map(({ address }) => address)
}

function compare(a: Destination, b: Destination): number {
  // Rule 1: avoid unusable destinations.
  if (a.source === null || b.source === null) return flag(a.source === null) - flag(b.source === null)
  return (
    // Rule 2: prefer matching scope.
    flag(scopeOf(b.address) === scopeOf(b.source.address)) -
      flag(scopeOf(a.address) === scopeOf(a.source.address)) ||
    // Rule 3: avoid deprecated addresses; those being checked count as such (RFC 4429 section 3.1).
    flag(a.source.state !== AddressState.Preferred) - flag(b.source.state !== AddressState.Preferred) ||
    // Rule 5: prefer matching label.
    flag(labelOf(b.address) === labelOf(b.source.address)) -
      flag(labelOf(a.address) === labelOf(a.source.address)) ||
    // Rule 6: prefer higher precedence.
    precedenceOf(b.address) - precedenceOf(a.address) ||
    // Rule 8: prefer smaller scope.
    scopeOf(a.address) - scopeOf(b.address) ||
    // Rule 9: use longest matching prefix, within one family.
    (a.address.isV4 === b.address.isV4
      ? sharedBits(b.source, b.address) - sharedBits(a.source, a.address)
      : 0)
  )
}

function flag(value: boolean): number {
  return value ? 1 : 0
}
