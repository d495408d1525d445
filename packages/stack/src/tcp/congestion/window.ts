import { seqGeq } from '../../core/seq.ts'
import type { Micros } from '../../core/timer.ts'
import { optionsLength } from '../segment-size.ts'
import type { Tcb } from '../tcb.ts'
import { TraceKind } from '../trace.ts'

/** SMSS of RFC 5681 section 2: payload bytes of a full segment, options subtracted. */
export function smss(tcb: Tcb): number {
  return tcb.sndMss - optionsLength(tcb)
}

/**
 * The initial window in bytes: RFC 6928 section 2 (R6928-01), min(10 MSS, max(2 MSS, 14600)), with the setting in the place
 * of ten and of RFC 5681's two to four (R5681-02); one segment when the SYN or SYN-ACK had to be repeated more than once
 * (R6928-02, R5681-04).
 */
export function initialWindow(tcb: Tcb): number {
  const size = smss(tcb)
  if (tcb.synRetransmitted > 1) return size
  const segments = tcb.tcp.config.initialWindow
  return Math.min(segments * size, Math.max(2 * size, segments * 1460))
}

/** The initial window of RFC 3390: where losses show that ten segments were too many (R6928-03). */
export function cautiousWindow(tcb: Tcb): number {
  const size = smss(tcb)
  return Math.min(4 * size, Math.max(2 * size, 4380))
}

/** How much of the window the sender has used lately. */
export class WindowUse {
  /** The congestion window, and nothing else, has stopped it. */
  limited = false
  /** The most bytes that were in flight. */
  flight = 0
  /** SND.NXT then: the figures hold until it is acknowledged. */
  end = 0
}

/**
 * After sending: as long as a window of data lasts, the best of its moments counts (Linux).
 * @param stopped something waits that only the congestion window does not let go
 */
export function noteWindowUse(tcb: Tcb, stopped: boolean): void {
  const { windowUse: use, flightSize } = tcb
  const limited = stopped || flightSize + smss(tcb) > tcb.cwnd
  if (!limited && !seqGeq(tcb.sndUna, use.end) && (use.limited || flightSize <= use.flight)) return
  use.limited = limited
  use.flight = flightSize
  use.end = tcb.sndNxt
}

/**
 * Whether the window has been put to the test, so that it may grow (R9438-12). In slow start half of it is enough, as in
 * RFC 7661 section 4.2: the other half is what the last round trip has added.
 */
export function isWindowUsed(tcb: Tcb): boolean {
  return tcb.cwnd < tcb.ssthresh ? tcb.cwnd < 2 * tcb.windowUse.flight : tcb.windowUse.limited
}

export function traceWindow(tcb: Tcb, now: Micros): void {
  tcb.tcp.tracer?.onTrace(TraceKind.Cwnd, now, tcb.id, tcb.cwnd, tcb.ssthresh, tcb.sent.pipe, 0)
}
