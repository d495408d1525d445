import { NEVER } from '../core/timer.ts'
import { type CloseReason, TcpState } from './api.ts'
import { changeHoldup, Holdup } from './busy-time.ts'
import { leaveFastOpenQueue } from './fast-open/queue.ts'
import { releaseWhenForgotten } from './forgotten.ts'
import { forgetRanges } from './receiver.ts'
import { endTimeouts } from './rtt.ts'
import { setState } from './states.ts'
import type { Tcb } from './tcb.ts'
import { ConnectionEvent, holdWhileUnanswered, notify } from './wants.ts'

/**
 * The connection is over: it leaves the tables and the queues, its timers stop, what it wanted to send is forgotten.
 * Data that arrived stays readable until the application lets go of it. Calling it again does nothing.
 */
export function finish(tcb: Tcb, reason: CloseReason): void {
  if (tcb.closeReason !== undefined) return
  const { tcp } = tcb
  tcb.closeReason = reason
  tcp.connections.remove(tcb)
  if (tcb.orphaned) tcp.orphans--
  countEnd(tcb, reason)
  if (tcb.timeouts > 0) endTimeouts(tcb)
  setState(tcb, TcpState.Closed)
  changeHoldup(tcb.busyTime, Holdup.Idle, tcp.engine.now)
  leaveFastOpenQueue(tcb, reason === 'ECONNRESET')
  stopTimers(tcb)
  holdWhileUnanswered(tcb)
  tcb.sent.clear()
  tcb.sendRing.release()
  tcb.sendQueued = 0
  tcb.ackNow = false
  if (tcb.orphaned || tcb.readable === 0) discardReceived(tcb)
  else releaseWhenForgotten(tcb)
  forgetRanges(tcb)
  if (!tcb.orphaned) notify(tcb, ConnectionEvent.Close)
}

function countEnd(tcb: Tcb, reason: CloseReason): void {
  const { counters } = tcb.tcp
  if (tcb.state === TcpState.Established || tcb.state === TcpState.CloseWait) counters.establishedResets++
  if (reason === 'ETIMEDOUT') counters.abortedOnTimeout++
  else if (reason === 'ECONNRESET') counters.abortedByPeer++
}

/** Nobody will read what has arrived. */
export function discardReceived(tcb: Tcb): void {
  tcb.readable = 0
  tcb.receiveRing.release()
}

function stopTimers(tcb: Tcb): void {
  tcb.retransmitAt = NEVER
  tcb.persistAt = NEVER
  tcb.delayedAckAt = NEVER
  tcb.keepaliveAt = NEVER
  tcb.finWait2At = NEVER
  tcb.corkAt = NEVER
  tcb.starvedAt = NEVER
  tcb.pacingAt = NEVER
  tcb.tcp.engine.timers.clear(tcb.timer)
}
