import type { Path } from '../ip/network.ts'
import { TCP_HEADER_LENGTH, TCP_MAX_HEADER_LENGTH, TIMESTAMPS_LENGTH } from '../wire/tcp.ts'
import { NO_SETTINGS, type OwnSettings } from './own-settings.ts'
import type { Tcb } from './tcb.ts'

/** The MSS option we send: what the interface can receive, options not subtracted (MUST-67, SHLD-6, V6-13). */
export function advertisedMss(path: Path, own: OwnSettings = NO_SETTINGS): number {
  const most = own.maxSegment > 0 ? own.maxSegment : 0xffff
  return Math.min(most, path.iface.mtu - path.headerLength - TCP_HEADER_LENGTH)
}

/** A peer without MSS option (MUST-15). */
export function defaultMss(path: Path): number {
  return path.local.isV4 ? 536 : 1220
}

/** No peer makes us send segments smaller than this: what an MSS of 0 or 1 would cost is the sender's (Linux: 48). */
const LOWEST_MSS = 48

/** The largest IP packet for ordinary segments. */
export function effectiveMtu(tcb: Tcb): number {
  const { size } = tcb.mtuSearch
  return size > 0 ? Math.min(size, tcb.path.mtu) : tcb.path.mtu
}

/** Eff.snd.MSS without options: the peer's and the path's bound (MUST-16, R1191-05). Called when either may have changed. */
export function updateSndMss(tcb: Tcb): void {
  const bound = effectiveMtu(tcb) - tcb.path.headerLength - TCP_HEADER_LENGTH
  const mss = Math.max(LOWEST_MSS, Math.min(tcb.peerMss, bound))
  // R5681-27: the initial window is so many segments, whatever the path then says of their size.
  if (mss < tcb.sndMss && tcb.bytesAcked === 0) tcb.cwnd = Math.floor((tcb.cwnd * mss) / tcb.sndMss)
  tcb.sndMss = mss
}

/** How many segments of `mss` bytes so much payload is; none at all is one. */
export function segmentCount(length: number, mss: number): number {
  // In whole numbers: a quotient with a fraction, after a thousand without, would throw compiled code away.
  return length > mss ? ((length + mss - 1) / mss) | 0 : 1
}

/** Bytes of options on an ordinary segment without SACK blocks. */
export function optionsLength(tcb: Tcb): number {
  return tcb.timestamps ? TIMESTAMPS_LENGTH : 0
}

/** Payload bytes of one full segment now: the option bytes are subtracted per segment (MUST-16). */
export function payloadSize(tcb: Tcb): number {
  updateSndMss(tcb)
  return tcb.sndMss - optionsLength(tcb)
}

/** Payload bytes of the largest frame: a whole number of segments where the device segments, else one. */
export function superPayloadSize(tcb: Tcb, mss: number): number {
  // A device would copy the urgent pointer to all segments as it stands (Linux).
  if (tcb.urgent.sending) return mss
  const room = tcb.path.maxSuperPayload - TCP_MAX_HEADER_LENGTH
  return room < 2 * mss ? mss : room - (room % mss)
}
