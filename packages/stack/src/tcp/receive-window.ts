import { seqAdd, seqDiff, seqGt } from '../core/seq.ts'
import type { Tcb } from './tcb.ts'

/**
 * The window to advertise now, as the header's field. The right edge moves only when it gains a segment or half
 * the buffer (MUST-39), and never back (SHLD-14): rounding by the scale goes upwards, which costs the ring less than
 * 2^shift bytes (R7323-11). SYNs have their own (`synWindow`).
 */
export function windowField(tcb: Tcb): number {
  const room = Math.max(0, tcb.rcvBuf - tcb.readable)
  let edge = seqAdd(tcb.rcvNxt, room)
  if (seqDiff(edge, tcb.rcvAdv) < Math.min(tcb.rcvBuf >>> 1, tcb.rcvMss)) edge = tcb.rcvAdv
  const window = Math.max(0, seqDiff(edge, tcb.rcvNxt))
  return Math.min(0xffff, (window + (1 << tcb.rcvScale) - 1) >>> tcb.rcvScale)
}

/** The device took a segment with this window field: the promise holds from now on. */
export function commitWindow(tcb: Tcb, field: number): void {
  const edge = seqAdd(tcb.rcvNxt, field << tcb.rcvScale)
  if (seqGt(edge, tcb.rcvAdv)) tcb.rcvAdv = edge
}

/** The window of a SYN, which is never scaled (R7323-02). */
export function synWindow(receiveBuffer: number): number {
  return Math.min(0xffff, receiveBuffer)
}

/** Bytes the peer may still send. */
export function receiveWindow(tcb: Tcb): number {
  return Math.max(0, seqDiff(tcb.rcvAdv, tcb.rcvNxt))
}

/**
 * The application has read: is the window worth telling? When it would at least double and gain a segment, as in
 * Linux: a reader that keeps up costs no extra ACKs.
 */
export function windowUpdateDue(tcb: Tcb): boolean {
  const now = receiveWindow(tcb)
  const next = tcb.rcvBuf - tcb.readable
  return next >= 2 * now && next - now >= Math.min(tcb.rcvBuf >>> 1, tcb.rcvMss)
}

/** Rcv.Wind.Shift for a buffer that may grow to `largest` bytes (RFC 7323 section 2.3). */
export function windowShift(largest: number): number {
  let shift = 0
  while (shift < 14 && 0xffff << shift < largest) shift++
  return shift
}
