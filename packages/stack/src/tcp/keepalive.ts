import { seqAdd } from '../core/seq.ts'
import { MILLISECOND, type Micros, NEVER } from '../core/timer.ts'
import { TcpFlag } from '../wire/tcp.ts'
import { finish } from './finish.ts'
import { emit, sendReset } from './output.ts'
import type { Tcb } from './tcb.ts'
import { armKeepalive } from './timers.ts'
import { TraceKind, trace } from './trace.ts'

/**
 * After so long a probe for which the device had no room is tried again. Connections that were opened together fall due together:
 * a whole interval later they would fill the device again.
 */
const DEVICE_FULL_RETRY: Micros = 200 * MILLISECOND

/**
 * The keepalive deadline has passed (R1122-KA, MAY-5). Lazily re-armed: a connection that was active since only moves it (MUST-26).
 * A probe is `<SEQ=SND.NXT-1><ACK>` without data (SHLD-12); one without an answer is no failure, several are (MUST-29).
 */
export function onKeepalive(tcb: Tcb, now: Micros): void {
  const { keepalive } = tcb
  tcb.keepaliveAt = NEVER
  if (keepalive === null) return
  const quietSince = tcb.lastReceiveAt
  const sending = tcb.sent.count > 0 || tcb.unsent > 0
  if (sending || now - quietSince < keepalive.idle) {
    armKeepalive(tcb, (sending ? now : quietSince) + keepalive.idle)
    return
  }
  if (isGone(tcb, keepalive.count, now - quietSince)) {
    sendReset(tcb)
    finish(tcb, tcb.softError ?? 'ETIMEDOUT')
    return
  }
  if (!emit(tcb, seqAdd(tcb.sndNxt, -1), TcpFlag.Ack, 0, 0, 1)) {
    armKeepalive(tcb, now + Math.min(keepalive.interval, DEVICE_FULL_RETRY))
    return
  }
  tcb.unansweredProbes++
  tcb.tcp.counters.keepaliveProbes++
  trace(tcb.tcp, tcb.id, TraceKind.KeepaliveProbe, tcb.unansweredProbes)
  armKeepalive(tcb, now + keepalive.interval)
}

/** After `count` probes without an answer; where the application has set a user timeout, that decides instead (Linux, tcp(7)). */
function isGone(tcb: Tcb, count: number, quiet: Micros): boolean {
  const { unansweredProbes, userTimeout } = tcb
  return userTimeout > 0 ? unansweredProbes > 0 && quiet >= userTimeout : unansweredProbes >= count
}
