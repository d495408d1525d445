import type { Micros } from '../core/timer.ts'
import { TcpState } from './api.ts'
import { windowUpdateDue } from './receive-window.ts'
import { type Tcb, wantAck } from './tcb.ts'

/** The interval while no round-trip time is known: a receiver that never sends has no sample. */
const UNKNOWN_RTT: Micros = 20_000

/**
 * Dynamic right-sizing: what the application took in one round trip is what the peer could send in it, so the buffer
 * should hold twice that (a sender in slow start doubles), plus room for the next doubling to be seen.
 */
export function tuneReceiveBuffer(tcb: Tcb, copied: number, now: Micros): void {
  tcb.tuneCopied += copied
  const interval = tcb.srtt > 0 ? tcb.srtt : UNKNOWN_RTT
  if (now - tcb.tuneSince < interval) return
  if (tcb.tuneCopied > tcb.tuneSpace) {
    tcb.tuneSpace = tcb.tuneCopied
    const wanted = 2 * tcb.tuneCopied + 16 * tcb.rcvMss
    tcb.rcvBuf = Math.max(tcb.rcvBuf, Math.min(largestBuffer(tcb), wanted))
  }
  tcb.tuneCopied = 0
  tcb.tuneSince = now
}

/** No larger than the window field can tell, nor while others have taken half of the stack's memory. */
function largestBuffer(tcb: Tcb): number {
  const { memory } = tcb.tcp.engine
  if (memory.allocated > memory.size / 2) return 0
  return Math.min(tcb.tcp.config.receiveBufferMax, 0xffff << tcb.rcvScale)
}

/** The application has taken bytes from the ring. */
export function afterRead(tcb: Tcb, length: number): void {
  tuneReceiveBuffer(tcb, length, tcb.tcp.engine.now)
  if (tcb.state >= TcpState.Established && !tcb.rcvFinSeen && windowUpdateDue(tcb)) {
    tcb.tcp.counters.windowUpdates++
    wantAck(tcb)
  }
}

/** What the send ring may hold now: twice the congestion window, between the settings' bounds. */
export function sendLimit(tcb: Tcb): number {
  const { sendBuffer, sendBufferMax } = tcb.tcp.config
  return Math.min(sendBufferMax, Math.max(sendBuffer, 2 * tcb.cwnd))
}
