import { seqAdd } from '../core/seq.ts'
import { MILLISECOND, type Micros, NEVER, SECOND } from '../core/timer.ts'
import { TcpFlag } from '../wire/tcp.ts'
import { MAX_BACKOFF } from './config.ts'
import { emit } from './output.ts'
import type { Tcb } from './tcb.ts'
import { armCork, armPersist, CORK_LIMIT } from './timers.ts'
import { TraceKind, trace } from './trace.ts'

/**
 * Zero-window probing (RFC 9293 section 3.8.6.1; MUST-35, MUST-36): something waits to be sent, nothing is in flight, and
 * the window does not let it go. The first probe follows after an RTO (SHLD-29), the next ones exponentially later
 * (SHLD-30).
 */
export function startPersist(tcb: Tcb, mss: number): void {
  if (tcb.persistAt !== NEVER || tcb.retransmitAt !== NEVER) return
  // Nagle, cork or a window smaller than a segment but not zero: MUST-38's override timeout is this timer as well.
  const { now } = tcb.tcp.engine
  if ((tcb.corked || tcb.more) && tcb.unsent < mss && tcb.sndWnd >= tcb.unsent) {
    // The cork came after the bytes, or the last limit let go of the bytes before these.
    if (tcb.corkAt === NEVER) armCork(tcb, now + CORK_LIMIT)
    return
  }
  armPersist(tcb, now + (tcb.sndWnd > 0 ? overrideTimeout(tcb) : probeInterval(tcb)))
}

/** SWS-01, MUST-38: 0.1 to 1 s. */
function overrideTimeout(tcb: Tcb): Micros {
  return Math.min(SECOND, Math.max(100 * MILLISECOND, tcb.rto))
}

/** The peer's window is open again, or everything is acknowledged. */
export function stopPersist(tcb: Tcb): void {
  tcb.persistAt = NEVER
  tcb.probes = 0
}

/**
 * Asks for the window by a segment the peer must answer (R6429-03): `<SEQ=SND.UNA-1><ACK>` without data, as Linux does. It
 * lies left of the window, so the answer is an ACK (SEG-13), and nothing has to be taken back if the window stays shut.
 */
export function sendWindowProbe(tcb: Tcb): void {
  if (!emit(tcb, seqAdd(tcb.sndUna, -1), TcpFlag.Ack, 0, 0, 1)) return
  tcb.tcp.counters.zeroWindowProbes++
  trace(tcb.tcp, tcb.id, TraceKind.WindowProbe, tcb.probes + 1)
}

export function probeInterval(tcb: Tcb): Micros {
  return Math.min(tcb.tcp.config.maxRto, tcb.rto * 2 ** Math.min(tcb.probes, MAX_BACKOFF))
}
