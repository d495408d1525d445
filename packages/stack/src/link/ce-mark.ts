import { foldSum } from '../core/checksum.ts'
import { EtherType } from '../wire/ethernet.ts'
import type { LinkDevice } from './device.ts'

const ECN = 3
const CE = 3

/** What came of an attempt to mark a frame. */
export const CeMark = {
  /** No IP packet, or one whose sender does not do ECN: Not-ECT (RFC 3168 section 5). */
  NotCapable: 0,
  /** ECT(0) or ECT(1) became CE. */
  Marked: 1,
  /** It had been marked before. */
  Already: 2,
} as const
export type CeMark = (typeof CeMark)[keyof typeof CeMark]

/**
 * Sets Congestion Experienced in an IP packet that is ECN-capable (RFC 3168 section 5), in place, and brings the
 * checksum of an IPv4 header up to date by the difference (RFC 1624 equation 3): one that was wrong stays wrong.
 * @param offset the frame's; untagged Ethernet II, or a bare IP packet
 */
export function markCongestion(
  view: DataView,
  offset: number,
  length: number,
  medium: LinkDevice['medium'],
): CeMark {
  let at = offset
  if (medium === 'ethernet') {
    at += 14
    if (length < 14 + 20) return CeMark.NotCapable
    const type = view.getUint16(offset + 12)
    if (type !== EtherType.Ipv4 && type !== EtherType.Ipv6) return CeMark.NotCapable
  } else if (length < 20) return CeMark.NotCapable
  const version = view.getUint8(at) >>> 4
  if (version === 4) return markIpv4(view, at)
  return version === 6 ? markIpv6(view, at) : CeMark.NotCapable
}

function markIpv4(view: DataView, at: number): CeMark {
  const word = view.getUint16(at)
  if ((word & ECN) === 0) return CeMark.NotCapable
  if ((word & ECN) === CE) return CeMark.Already
  view.setUint16(at, word | CE)
  const sum = (~view.getUint16(at + 10) & 0xffff) + (~word & 0xffff) + (word | CE)
  view.setUint16(at + 10, ~foldSum(sum) & 0xffff)
  return CeMark.Marked
}

/** The traffic class stands across the first two bytes: its low two bits are bits 4 and 5 of the second. */
function markIpv6(view: DataView, at: number): CeMark {
  const byte = view.getUint8(at + 1)
  const ecn = (byte >>> 4) & ECN
  if (ecn === 0) return CeMark.NotCapable
  if (ecn === CE) return CeMark.Already
  view.setUint8(at + 1, byte | (CE << 4))
  return CeMark.Marked
}
