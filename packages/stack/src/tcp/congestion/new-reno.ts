import type { Micros } from '../../core/timer.ts'
import type { Tcb } from '../tcb.ts'
import { TraceKind } from '../trace.ts'
import type { CongestionControl } from './controller.ts'

/** Slow start and congestion avoidance of RFC 5681 with the window handling of RFC 6582. */
export const newReno: CongestionControl = {
  name: 'newreno',

  /** RFC 6928: 10 segments; 1 when the SYN had to be repeated more than once (section 2). */
  init(tcb: Tcb): void {
    const segments = tcb.synRetransmitted > 1 ? 1 : tcb.tcp.config.initialWindow
    tcb.cwnd = segments * tcb.sndMss
  },

  onAck(tcb: Tcb, ackedBytes: number, limited: boolean, now: Micros): void {
    if (!limited) return
    if (tcb.cwnd < tcb.ssthresh) slowStart(tcb, ackedBytes)
    else congestionAvoidance(tcb, ackedBytes)
    traceCwnd(tcb, now)
  },

  onLoss(tcb: Tcb, flightSize: number, now: Micros): void {
    tcb.ssthresh = halfFlight(tcb, flightSize)
    tcb.cwnd = tcb.ssthresh
    tcb.cwndCredit = 0
    traceCwnd(tcb, now)
  },

  /** R5681-10: the window is one segment; ssthresh is not halved again by repeats. */
  onTimeout(tcb: Tcb, flightSize: number, first: boolean, now: Micros): void {
    if (first) tcb.ssthresh = halfFlight(tcb, flightSize)
    tcb.cwnd = tcb.sndMss
    tcb.cwndCredit = 0
    traceCwnd(tcb, now)
  },

  /** R9937-07; without SACK R6582-03, which sends no burst when a single ACK has covered everything. */
  onRecovered(tcb: Tcb, now: Micros): void {
    const most = tcb.sackPermitted ? tcb.ssthresh : Math.max(tcb.flightSize, tcb.sndMss) + tcb.sndMss
    tcb.cwnd = Math.min(tcb.ssthresh, most)
    traceCwnd(tcb, now)
  },

  /** R5681-21: the restart window is min(IW, cwnd). */
  onIdle(tcb: Tcb, now: Micros): void {
    tcb.cwnd = Math.min(tcb.cwnd, tcb.tcp.config.initialWindow * tcb.sndMss)
    tcb.cwndCredit = 0
    traceCwnd(tcb, now)
  },
}

/** R5681-06: one segment at most per segment's worth of acknowledged bytes, so that splitting ACKs gains nothing. */
function slowStart(tcb: Tcb, ackedBytes: number): void {
  const room = tcb.ssthresh - tcb.cwnd
  // Appropriate byte counting with L unbounded: a super-frame's ACK stands for all of its segments (RFC 3465 section 2.3).
  tcb.cwnd += Math.min(ackedBytes, Math.max(room, tcb.sndMss))
}

/** R5681-07, R5681-08: one segment per window of acknowledged bytes. */
function congestionAvoidance(tcb: Tcb, ackedBytes: number): void {
  tcb.cwndCredit += ackedBytes
  if (tcb.cwndCredit < tcb.cwnd) return
  tcb.cwndCredit -= tcb.cwnd
  tcb.cwnd += tcb.sndMss
}

/** R5681-09, equation 4. */
function halfFlight(tcb: Tcb, flightSize: number): number {
  return Math.max(flightSize >>> 1, 2 * tcb.sndMss)
}

function traceCwnd(tcb: Tcb, now: Micros): void {
  tcb.tcp.tracer?.onTrace(TraceKind.Cwnd, now, tcb.id, tcb.cwnd, tcb.ssthresh, tcb.sent.pipe)
}
