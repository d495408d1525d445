import { IPV6_HEADER_LENGTH, ipv6NextHeader } from '../wire/ipv6.ts'
import { IPV6_FRAGMENT_LENGTH, Ipv6NextHeader, ipv6FragmentOffset } from '../wire/ipv6-extension.ts'

/** Extension headers looked past. */
const MAX_HEADERS = 8

/** What a packet that may be cut off, or broken, carries in the end. */
export class UpperLayer6 {
  protocol = 0
  offset = 0
}

/**
 * Finds the upper layer of an IPv6 packet without judging the headers before it: for packets that errors are about.
 * @param end behind what is there of it
 * @param atLeast bytes of the upper layer that must be there
 * @returns false when it is not there, or in a later fragment only
 */
export function findUpperLayer6(
  view: DataView,
  packet: number,
  end: number,
  atLeast: number,
  found: UpperLayer6,
): boolean {
  found.protocol = 0
  let next = ipv6NextHeader(view, packet)
  let at = packet + IPV6_HEADER_LENGTH
  for (let i = 0; i <= MAX_HEADERS; i++) {
    if (!isExtension(next)) {
      found.protocol = next
      found.offset = at
      return at + atLeast <= end
    }
    if (at + 8 > end) return false
    if (next === Ipv6NextHeader.Fragment) {
      if (ipv6FragmentOffset(view, at) !== 0) return false
      next = view.getUint8(at)
      at += IPV6_FRAGMENT_LENGTH
    } else {
      next = view.getUint8(at)
      at += (view.getUint8(at + 1) + 1) << 3
    }
  }
  return false
}

function isExtension(next: number): boolean {
  return (
    next === Ipv6NextHeader.HopByHop ||
    next === Ipv6NextHeader.Routing ||
    next === Ipv6NextHeader.Fragment ||
    next === Ipv6NextHeader.DestinationOptions
  )
}
