import { IPV4_HEADER_LENGTH, ipv4HeaderLength } from './ipv4.ts'
import { IPV6_HEADER_LENGTH, IPV6_NEXT_HEADER } from './ipv6.ts'
import { Ipv6NextHeader } from './ipv6-extension.ts'

/** The Router Alert option, "look at this though it is not for you": RFC 2113 (148) and RFC 2711 (5), value 0. */
const ALERT_4 = 148
const ALERT_6 = 5

export const ROUTER_ALERT4_LENGTH = 4
/** A Hop-by-Hop header that holds nothing else. */
export const ROUTER_ALERT6_LENGTH = 8

export function writeRouterAlert4(view: DataView, offset: number): void {
  view.setInt32(offset, (ALERT_4 << 24) | (ROUTER_ALERT4_LENGTH << 16))
}

/** The Hop-by-Hop header: the option for MLD, and PadN. */
export function writeRouterAlert6(view: DataView, offset: number, nextHeader: number): void {
  view.setInt32(offset, (nextHeader << 24) | (ALERT_6 << 8) | 2)
  view.setInt32(offset + 4, 0x0000_0100)
}

/** Whether a header that was checked has the option. */
export function hasRouterAlert4(view: DataView, header: number): boolean {
  const end = header + ipv4HeaderLength(view, header)
  return hasOption(view, header + IPV4_HEADER_LENGTH, end, ALERT_4, 1, 0)
}

/** Whether a packet whose headers were checked has a Hop-by-Hop header with the option. */
export function hasRouterAlert6(view: DataView, header: number): boolean {
  if (view.getUint8(header + IPV6_NEXT_HEADER) !== Ipv6NextHeader.HopByHop) return false
  const options = header + IPV6_HEADER_LENGTH
  const end = options + ((view.getUint8(options + 1) + 1) << 3)
  return hasOption(view, options + 2, end, ALERT_6, 0, 2)
}

/**
 * @param single the type of the option that is one byte long @param uncounted bytes that an option's length leaves out
 */
function hasOption(
  view: DataView,
  start: number,
  end: number,
  wanted: number,
  single: number,
  uncounted: number,
): boolean {
  for (let at = start; at + 1 < end; ) {
    const type = view.getUint8(at)
    if (type === wanted) return true
    at += type === single ? 1 : Math.max(2, view.getUint8(at + 1) + uncounted)
  }
  return false
}
