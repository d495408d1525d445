import { type Micros, NEVER } from '../core/timer.ts'
import { TcpState } from './api.ts'
import { startFrto } from './f-rto.ts'
import { finish } from './finish.ts'
import { onSynTimeout } from './handshake-active.ts'
import { onKeepalive } from './keepalive.ts'
import { makesWay, outstaysWelcome, retriesOf } from './orphan.ts'
import { sendReset } from './output.ts'
import { honourClaim } from './path-mtu.ts'
import { suspectBlackHole } from './path-mtu-search.ts'
import { probeInterval, sendWindowProbe } from './persist.ts'
import { markLostAtTimeout } from './rack.ts'
import { lossFlight, onReorderTimeout } from './recovery.ts'
import { RecoveryState } from './recovery-state.ts'
import { currentRto, noteTimeout } from './rtt.ts'
import { payloadSize } from './segment-size.ts'
import { onStarvedTimeout } from './send-buffer.ts'
import { retransmit } from './sender.ts'
import { R1, reportStall } from './soft-error.ts'
import type { Tcb } from './tcb.ts'
import { armPersist, armRetransmit, earliestDeadline, LossTimer } from './timers.ts'
import { onProbeTimeout } from './tlp.ts'
import { RecoveryKind, RetransmitCause, TraceKind, trace } from './trace.ts'
import { startUndo } from './undo.ts'
import { noteStall, userTimeoutOver, withinUserTimeout } from './user-timeout.ts'
import { wantAck, wantOutput } from './wants.ts'

/** The connection's entry in the timer queue has fired: do what is due, and stand for the next deadline. */
export function expireTcb(tcb: Tcb, now: Micros): void {
  if (tcb.delayedAckAt <= now) {
    tcb.delayedAckAt = NEVER
    tcb.tcp.counters.delayedAckTimeouts++
    wantAck(tcb)
  }
  if (tcb.corkAt <= now) {
    tcb.corkAt = NEVER
    if ((tcb.corked || tcb.more) && tcb.unsent > 0) overrideSilly(tcb)
  }
  if (tcb.starvedAt <= now) {
    tcb.starvedAt = NEVER
    onStarvedTimeout(tcb)
  }
  if (tcb.pacingAt <= now) {
    tcb.pacingAt = NEVER
    wantOutput(tcb)
  }
  if (tcb.retransmitAt <= now) onLossTimer(tcb, now)
  if (tcb.persistAt <= now) onPersistTimeout(tcb, now)
  if (tcb.keepaliveAt <= now) onKeepalive(tcb, now)
  if (tcb.finWait2At <= now) {
    tcb.finWait2At = NEVER
    if (tcb.state === TcpState.FinWait2) finish(tcb, null)
  }
  if (tcb.closeReason === undefined) tcb.tcp.engine.timers.setEarlier(tcb.timer, earliestDeadline(tcb))
}

function onLossTimer(tcb: Tcb, now: Micros): void {
  tcb.retransmitAt = NEVER
  if (tcb.lossTimer === LossTimer.Reorder) onReorderTimeout(tcb, now)
  else if (tcb.lossTimer === LossTimer.Probe) onProbeTimeout(tcb, now)
  else onRetransmitTimeout(tcb, now)
}

/**
 * The front of the queue is sent again, or the connection given up (SEG-28): RFC 6298 section 5.4 to 5.6 (R6298-11,
 * R6298-12), RFC 5681 section 3.1 (R5681-10).
 */
function onRetransmitTimeout(tcb: Tcb, now: Micros): void {
  if (tcb.state < TcpState.Established) {
    onSynTimeout(tcb)
    return
  }
  if (tcb.sent.head === null) return
  if (givesUp(tcb, now)) {
    finish(tcb, tcb.softError ?? 'ETIMEDOUT')
    return
  }
  if (makesWay(tcb)) {
    giveUpOrphan(tcb)
    return
  }
  if (tcb.timeoutsUnacked === 0) noteStall(tcb, tcb.sent.head.sentAt)
  if (userTimeoutOver(tcb, now)) {
    finish(tcb, tcb.softError ?? 'ETIMEDOUT')
    return
  }
  noteTimeout(tcb, tcb.timeouts === 0)
  tcb.timeouts++
  tcb.timeoutsUnacked++
  if (tcb.timeouts === R1) {
    tcb.path.suspect()
    reportStall(tcb)
  }
  honourClaim(tcb)
  suspectBlackHole(tcb, now)
  enterLoss(tcb, now)
  tcb.backoff++
  trace(tcb.tcp, tcb.id, TraceKind.Timeout, tcb.backoff, currentRto(tcb))
  armRetransmit(tcb, withinUserTimeout(tcb, now + currentRto(tcb)))
  const mss = payloadSize(tcb)
  const record = tcb.sent.nextLost()
  if (record !== null) retransmit(tcb, record, mss, mss, RetransmitCause.Timeout)
}

/**
 * The window shrinks to a segment, and what is in flight is taken for lost as far as R8985-12 has it. No second recovery
 * begins for what was sent until now (R6582-05).
 */
function enterLoss(tcb: Tcb, now: Micros): void {
  const inRecovery = tcb.recovery !== RecoveryState.Open
  startUndo(tcb, inRecovery)
  tcb.congestion.onTimeout(tcb, lossFlight(tcb, 0), tcb.timeouts === 1, now)
  // The head SACKed and yet not acknowledged: the receiver has reneged (RFC 2018 section 8; R2018-08, R2018-09).
  if (tcb.sent.head?.sacked) {
    tcb.sent.forgetSacked()
    tcb.tcp.counters.sackReneges++
  }
  markLostAtTimeout(tcb, now)
  tcb.rack.reorderAt = NEVER
  tcb.recovery = RecoveryState.Loss
  tcb.recoveryPoint = tcb.sndNxt
  tcb.reducedAt = now
  tcb.duplicateAcks = 0
  tcb.fastRetransmit = false
  tcb.tlp.outstanding = false
  startFrto(tcb, inRecovery)
  trace(
    tcb.tcp,
    tcb.id,
    TraceKind.RecoveryEnter,
    tcb.recoveryPoint,
    tcb.cwnd,
    tcb.ssthresh,
    RecoveryKind.Timeout,
  )
}

/**
 * R2 (MUST-20, SHLD-11): 15 doublings from 200 ms are more than 15 minutes. A peer whose window is shut and that
 * still answers is alive, whatever is in flight (SHLD-17, R6429-02).
 */
function givesUp(tcb: Tcb, now: Micros): boolean {
  // The application's own limit is the only one then (Linux's TCP_USER_TIMEOUT, RFC 5482).
  if (tcb.userTimeout > 0 || tcb.timeoutsUnacked < retriesOf(tcb)) return false
  return tcb.orphaned || !(tcb.sndWnd === 0 && now - tcb.lastReceiveAt < 2 * currentRto(tcb))
}

/**
 * The window is still shut, or too small for a whole segment: then the override timeout of MUST-38 sends what fits. An
 * unanswered row of probes ends the connection, answered ones never do (MUST-37, R6429-01).
 */
function onPersistTimeout(tcb: Tcb, now: Micros): void {
  tcb.persistAt = NEVER
  const unsent = tcb.unsent
  if (unsent === 0 && !(tcb.finQueued && !tcb.finSent)) return
  if (isSilent(tcb, now)) {
    finish(tcb, tcb.softError ?? 'ETIMEDOUT')
    return
  }
  if (tcb.sndWnd > 0) {
    overrideSilly(tcb)
    return
  }
  if (outstaysWelcome(tcb)) {
    giveUpOrphan(tcb)
    return
  }
  if (tcb.probes === 0) noteStall(tcb, now)
  sendWindowProbe(tcb)
  tcb.probes++
  tcb.unansweredProbes++
  const next = now + probeInterval(tcb)
  armPersist(tcb, tcb.userTimeout > 0 ? Math.min(next, unansweredSince(tcb) + tcb.userTimeout) : next)
}

function giveUpOrphan(tcb: Tcb): void {
  tcb.tcp.counters.orphansGivenUp++
  sendReset(tcb)
  finish(tcb, 'ETIMEDOUT')
}

/** A peer with a shut window that answers no probe any more: for the user timeout, or for a row of them. */
function isSilent(tcb: Tcb, now: Micros): boolean {
  if (tcb.userTimeout > 0) return tcb.probes > 0 && now - unansweredSince(tcb) >= tcb.userTimeout
  return now - tcb.lastReceiveAt > probeInterval(tcb) && tcb.unansweredProbes >= retriesOf(tcb)
}

/** Before the first probe the peer had no reason to say anything. */
function unansweredSince(tcb: Tcb): Micros {
  return Math.max(tcb.stalledSince, tcb.lastReceiveAt)
}

/** Corked for too long, or short of the window for too long: what fits goes out. */
function overrideSilly(tcb: Tcb): void {
  tcb.override = true
  wantOutput(tcb)
}
