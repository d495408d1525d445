import { seqAdd, seqDiff, seqGt } from '../core/seq.ts'
import type { Tcb } from './tcb.ts'

/**
 * The window to advertise now, as the header's field. The right edge moves only when it gains a segment or half the
 * buffer (MUST-39, SWS-02), rounded down by the scale (R7323-06), and never back (SHLD-14). SYNs have their own (`firstWindow`).
 */
export function windowField(tcb: Tcb): number {
  const { rcvScale } = tcb
  const room = windowRoom(tcb)
  const offered = Math.min(0xffff, room >>> rcvScale)
  const promised = receiveWindow(tcb)
  if ((offered << rcvScale) - promised >= Math.min(tcb.rcvBuf >>> 1, tcb.rcvMss)) return offered
  return fieldOfPromise(promised, room, rcvScale)
}

/** What the buffer has room for, as far as somebody wants it offered. */
function windowRoom(tcb: Tcb): number {
  const { windowClamp, receiveBuffer } = tcb.own
  // One that was made smaller is smaller from now on; what has been promised before stays.
  const size = receiveBuffer > 0 && receiveBuffer < tcb.rcvBuf ? receiveBuffer : tcb.rcvBuf
  const free = Math.max(0, size - tcb.readable)
  return windowClamp > 0 && free > windowClamp ? windowClamp : free
}

/**
 * The old edge once more. The scale may not tell it exactly: up while the buffer has room for what that gives away. In a
 * full one down, by less than 2^shift, which the peer must bear (R7323-11); a buffer that gave each small segment a few
 * bytes of window more would never be full.
 */
function fieldOfPromise(promised: number, room: number, scale: number): number {
  const up = (promised + (1 << scale) - 1) >>> scale
  return up << scale <= room ? up : promised >>> scale
}

/** The device took a segment with this window field: the promise holds from now on. */
export function commitWindow(tcb: Tcb, field: number): void {
  const edge = seqAdd(tcb.rcvNxt, field << tcb.rcvScale)
  if (seqGt(edge, tcb.rcvAdv)) tcb.rcvAdv = edge
}

/** Bytes the peer may still send; none for as long as the application does not read (MAY-8). */
export function receiveWindow(tcb: Tcb): number {
  return Math.max(0, seqDiff(tcb.rcvAdv, tcb.rcvNxt))
}

/**
 * The application has read: is the window worth telling? When it would at least double and gain a segment, as in
 * Linux: a reader that keeps up costs no extra ACKs.
 */
export function windowUpdateDue(tcb: Tcb): boolean {
  const now = receiveWindow(tcb)
  const next = windowRoom(tcb)
  return next >= 2 * now && next - now >= Math.min(tcb.rcvBuf >>> 1, tcb.rcvMss)
}

/** Rcv.Wind.Shift for a buffer that may grow to `largest` bytes (RFC 7323 section 2.3). */
export function windowShift(largest: number): number {
  let shift = 0
  while (shift < 14 && 0xffff << shift < largest) shift++
  return shift
}
