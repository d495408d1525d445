import { type Micros, NEVER } from '../core/timer.ts'
import { TcpState } from './api.ts'
import { finish } from './finish.ts'
import { onSynTimeout } from './handshake-active.ts'
import { onKeepalive } from './keepalive.ts'
import { probeInterval, sendWindowProbe } from './persist.ts'
import { currentRto } from './rtt.ts'
import { payloadSize } from './segment-size.ts'
import { retransmit } from './sender.ts'
import { RecoveryState, type Tcb, wantAck, wantOutput } from './tcb.ts'
import { armPersist, armRetransmit, earliestDeadline } from './timers.ts'
import { RetransmitCause, TraceKind } from './trace.ts'

/** R1 of RFC 9293 section 3.8.3 (SHLD-10): so many timeouts in a row are bad news for the route (MUST-20). */
const R1 = 3

/** The connection's entry in the timer queue has fired: do what is due, and stand for the next deadline. */
export function expireTcb(tcb: Tcb, now: Micros): void {
  if (tcb.delayedAckAt <= now) {
    tcb.delayedAckAt = NEVER
    wantAck(tcb)
  }
  if (tcb.corkAt <= now) {
    tcb.corkAt = NEVER
    if (tcb.corked) overrideSilly(tcb)
  }
  if (tcb.retransmitAt <= now) onRetransmitTimeout(tcb, now)
  if (tcb.persistAt <= now) onPersistTimeout(tcb, now)
  if (tcb.keepaliveAt <= now) onKeepalive(tcb, now)
  if (tcb.finWait2At <= now) {
    tcb.finWait2At = NEVER
    if (tcb.state === TcpState.FinWait2) finish(tcb, null)
  }
  if (tcb.closeReason === undefined) tcb.tcp.engine.timers.setEarlier(tcb.timer, earliestDeadline(tcb))
}

/** RFC 6298 section 5.4 to 5.6 (R6298-11, R6298-12), RFC 5681 section 3.1 (R5681-10). */
function onRetransmitTimeout(tcb: Tcb, now: Micros): void {
  tcb.retransmitAt = NEVER
  if (tcb.state < TcpState.Established) {
    onSynTimeout(tcb)
    return
  }
  const { head } = tcb.sent
  if (head === null) return
  if (givesUp(tcb, now)) {
    finish(tcb, tcb.softError ?? 'ETIMEDOUT')
    return
  }
  tcb.timeouts++
  tcb.tcp.counters.timeouts++
  if (tcb.timeouts === R1) tcb.path.suspect()
  // The head SACKed and yet not acknowledged: the receiver has reneged (RFC 2018 section 8, R2018-08).
  if (head.sacked) tcb.sent.forgetSacked()
  const first = tcb.timeouts === 1
  tcb.tcp.congestion.onTimeout(tcb, tcb.flightSize, first, now)
  tcb.sent.markAllLost()
  tcb.recovery = RecoveryState.Loss
  tcb.recoveryPoint = tcb.sndNxt
  tcb.duplicateAcks = 0
  tcb.backoff++
  tcb.tcp.tracer?.onTrace(TraceKind.Timeout, now, tcb.id, tcb.backoff, currentRto(tcb), 0)
  armRetransmit(tcb, now + currentRto(tcb))
  const mss = payloadSize(tcb)
  const record = tcb.sent.nextLost()
  if (record !== null) retransmit(tcb, record, mss, mss, RetransmitCause.Timeout)
}

/**
 * R2 (MUST-20, SHLD-11): 15 doublings from 200 ms are more than 15 minutes. A peer whose window is shut and that
 * still answers is alive, whatever is in flight (SHLD-17).
 */
function givesUp(tcb: Tcb, now: Micros): boolean {
  if (tcb.timeouts < tcb.tcp.config.retries) return false
  return !(tcb.sndWnd === 0 && now - tcb.lastReceiveAt < 2 * currentRto(tcb))
}

/**
 * The window is still shut, or too small for a whole segment: then the override timeout of MUST-38 sends what fits. An
 * unanswered row of probes ends the connection, answered ones never do (MUST-37).
 */
function onPersistTimeout(tcb: Tcb, now: Micros): void {
  tcb.persistAt = NEVER
  const unsent = tcb.unsent
  if (unsent === 0 && !(tcb.finQueued && !tcb.finSent)) return
  if (now - tcb.lastReceiveAt > probeInterval(tcb) && tcb.probes >= tcb.tcp.config.retries) {
    finish(tcb, tcb.softError ?? 'ETIMEDOUT')
    return
  }
  if (tcb.sndWnd > 0 && overrideSilly(tcb)) return
  sendWindowProbe(tcb)
  tcb.probes++
  armPersist(tcb, now + probeInterval(tcb))
}

/** Corked for too long, or short of the window for too long: what fits goes out. */
function overrideSilly(tcb: Tcb): boolean {
  tcb.override = true
  wantOutput(tcb)
  return true
}
