import { type Micros, NEVER } from '../core/timer.ts'
import { advertisedMss } from './segment-size.ts'
import type { Tcb } from './tcb.ts'
import { armDelayedAck } from './timers.ts'
import { wantAck } from './wants.ts'

/** Small segments are not full ones, whatever their flags say (Linux's TCP_MIN_MSS). */
const LOWEST_ESTIMATE = 88

/** As many ACKs go out at once at the start, so that the peer's slow start is not slowed (Linux's quick-ACK mode). */
export const QUICK_ACKS = 16

/**
 * Decides when the data just taken is acknowledged (SHLD-18, R5681-22): at once for every second full-sized segment
 * (SHLD-19; counted in bytes, so that super-frames obey it), at the start of a connection and after a pause; else
 * within the delay (MUST-40, R5681-23, DEL-01).
 */
export function ackData(tcb: Tcb, length: number, now: Micros): void {
  tcb.unackedBytes += length
  if (tcb.unackedBytes >= 2 * tcb.rcvMss || tcb.quickAcks > 0) {
    wantAck(tcb)
    return
  }
  if (tcb.delayedAckAt !== NEVER) return
  tcb.tcp.counters.delayedAcks++
  armDelayedAck(tcb, now, tcb.tcp.config.delayedAck)
}

/**
 * Learns the peer's segment size from what it sends: `unit` bytes, however many a super-frame had of them. It shrinks when
 * two in a row are equally small and no PSH says that there was not more to send: the path has become narrower
 * (R5681-29; as Linux's tcp_measure_rcv_mss).
 */
export function noteSegmentSize(tcb: Tcb, unit: number, pushed: boolean): void {
  if (unit > tcb.rcvMss) tcb.rcvMss = Math.min(unit, advertisedMss(tcb.path))
  else if (!pushed && unit === tcb.lastUnit && unit >= LOWEST_ESTIMATE) tcb.rcvMss = unit
  tcb.lastUnit = unit
}

/** The next ACKs go out at once, unless the stack is set otherwise. */
export function enterQuickAck(tcb: Tcb): void {
  tcb.quickAcks = tcb.tcp.config.quickAck ? QUICK_ACKS : 0
}

/** The application says which it wants for now: neither lasts (TCP_QUICKACK). */
export function setQuickAck(tcb: Tcb, on: boolean): void {
  tcb.quickAcks = on ? QUICK_ACKS : 0
  if (on && tcb.delayedAckAt !== NEVER) wantAck(tcb)
}

/** Data after a pause begins a new exchange: its sender may be in slow start again. */
export function noteReceive(tcb: Tcb, now: Micros): void {
  if (now - tcb.lastDataAt > tcb.rto) enterQuickAck(tcb)
  tcb.lastDataAt = now
}
