import type { Micros } from '../core/timer.ts'
import { TcpState } from './api.ts'
import { receiveWindow, windowUpdateDue } from './receive-window.ts'
import type { Tcb } from './tcb.ts'
import { TraceKind, trace, WindowSide } from './trace.ts'
import { wantAck } from './wants.ts'

/** The interval while no round-trip time is known: a receiver that never sends has no sample. */
const UNKNOWN_RTT: Micros = 20_000

/**
 * Dynamic right-sizing: what the application took in one round trip is what the peer could send in it, so the buffer
 * should hold twice that, and as much more again as it has grown since the last (a sender in slow start doubles; as in
 * Linux's tcp_rcv_space_adjust).
 */
function tuneReceiveBuffer(tcb: Tcb, copied: number, now: Micros): void {
  if (!tcb.tcp.config.receiveBufferTuning || tcb.own.receiveBuffer > 0) return
  tcb.tuneCopied += copied
  if (!isRoundTripOver(tcb, now)) return
  if (tcb.tuneCopied > tcb.tuneSpace) {
    const base = 2 * tcb.tuneCopied + 16 * tcb.rcvMss
    const before = Math.max(tcb.tuneSpace, 10 * tcb.rcvMss)
    const wanted = base + 2 * base * Math.max(0, tcb.tuneCopied / before - 1)
    tcb.tuneSpace = tcb.tuneCopied
    tcb.rcvBuf = Math.max(tcb.rcvBuf, Math.min(largestBuffer(tcb), Math.ceil(wanted)))
  }
  tcb.tuneCopied = 0
  tcb.tuneSince = now
}

/** Chooses the comparison, not the number: a variable that is one float or another becomes an object (measured). */
function isRoundTripOver(tcb: Tcb, now: Micros): boolean {
  const { rcvRtt, srtt, tuneSince } = tcb
  if (rcvRtt.time > 0) return now - tuneSince >= rcvRtt.time
  if (srtt > 0) return now - tuneSince >= srtt
  return now - tuneSince >= UNKNOWN_RTT
}

/** No larger than the window field can tell, nor while others have taken half of the stack's memory. */
function largestBuffer(tcb: Tcb): number {
  const { memory } = tcb.tcp.engine
  if (memory.allocated > memory.size / 2) return 0
  return Math.min(tcb.tcp.config.receiveBufferMax, 0xffff << tcb.rcvScale)
}

function traceUpdate(tcb: Tcb): void {
  const window = tcb.rcvBuf - tcb.readable
  trace(tcb.tcp, tcb.id, TraceKind.WindowUpdate, WindowSide.Own, window, receiveWindow(tcb))
}

/** The application has taken bytes from the ring. */
export function afterRead(tcb: Tcb, length: number): void {
  tuneReceiveBuffer(tcb, length, tcb.tcp.engine.now)
  if (tcb.state >= TcpState.Established && !tcb.rcvFinSeen && windowUpdateDue(tcb)) {
    tcb.tcp.counters.windowUpdates++
    traceUpdate(tcb)
    wantAck(tcb)
  }
}
