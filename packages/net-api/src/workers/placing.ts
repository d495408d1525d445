import type { LinkDevice } from '@tapwire/stack'

const ARP = 0x0806
const IPV4 = 0x0800
const IPV6 = 0x86dd
const ARP_REPLY = 2
const ICMP = 1
const IGMP = 2
const ICMPV6 = 58
const HOP_BY_HOP = 0

/** Requests that one stack answers for all of them: ICMP echo and timestamp, ICMPv6 echo, and solicitations. */
const ONE_ANSWERS_V4: readonly number[] = [8, 13]
const ONE_ANSWERS_V6: readonly number[] = [128, 133, 135]

/**
 * Whether a received frame concerns every stack of a group, and not only the one that the kernel chose: news of neighbours,
 * routers and paths, answers to pings, multicast and broadcast datagrams. What asks for an answer is left to one.
 */
export function concernsAll(
  view: DataView,
  offset: number,
  length: number,
  medium: LinkDevice['medium'],
): boolean {
  if (medium === 'ip') {
    if (length < 20) return false
    return view.getUint8(offset) >>> 4 === 4
      ? concernsAllIpv4(view, offset, length, isGroup4(view.getUint8(offset + 16)))
      : concernsAllIpv6(view, offset, length, length >= 40 && view.getUint8(offset + 24) === 0xff)
  }
  if (length < 14 + 20) return false
  const group = (view.getUint8(offset) & 1) !== 0
  const type = view.getUint16(offset + 12)
  if (type === IPV4) return concernsAllIpv4(view, offset + 14, length - 14, group)
  if (type === IPV6) return concernsAllIpv6(view, offset + 14, length - 14, group)
  return type === ARP && length >= 42 && concernsAllArp(view, offset + 14)
}

/** Replies, and announcements, whose sender and target are one. */
function concernsAllArp(view: DataView, at: number): boolean {
  return view.getUint16(at + 6) === ARP_REPLY || view.getUint32(at + 14) === view.getUint32(at + 24)
}

function concernsAllIpv4(view: DataView, at: number, length: number, group: boolean): boolean {
  const protocol = view.getUint8(at + 9)
  if (protocol === IGMP) return true
  if (protocol !== ICMP) return group
  const header = (view.getUint8(at) & 0x0f) * 4
  return header < length && !ONE_ANSWERS_V4.includes(view.getUint8(at + header))
}

function concernsAllIpv6(view: DataView, at: number, length: number, group: boolean): boolean {
  if (length < 48) return group
  let next = view.getUint8(at + 6)
  let header = 40
  // Multicast listener queries come with a router alert (RFC 2711).
  if (next === HOP_BY_HOP) {
    next = view.getUint8(at + 40)
    header += (view.getUint8(at + 41) + 1) * 8
  }
  if (next !== ICMPV6) return group
  return header < length && !ONE_ANSWERS_V6.includes(view.getUint8(at + header))
}

function isGroup4(first: number): boolean {
  return first >= 224
}
