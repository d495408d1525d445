import { NEVER } from '../core/timer.ts'
import { TcpState } from './api.ts'
import { RTO_AFTER_SYN_TIMEOUT } from './config.ts'
import { enterQuickAck } from './delayed-ack.ts'
import { startSearch } from './path-mtu-search.ts'
import { endTimeouts } from './rtt.ts'
import { setState } from './states.ts'
import type { Tcb } from './tcb.ts'
import { armKeepalive } from './timers.ts'
import { holdWhileUnanswered, wantOutput } from './wants.ts'

/** The handshake is done: ESTABLISHED, with the congestion window's first value and the timers of the new state. */
export function establish(tcb: Tcb): void {
  const { engine, counters } = tcb.tcp
  setState(tcb, TcpState.Established)
  counters.established++
  holdWhileUnanswered(tcb)
  tcb.retransmitAt = NEVER
  tcb.backoff = 0
  tcb.timeouts = 0
  tcb.timeoutsUnacked = 0
  if (tcb.rtoRows > 0) endTimeouts(tcb)
  tcb.lastReceiveAt = engine.now
  tcb.lastDataAt = engine.now
  tcb.tuneSince = engine.now
  enterQuickAck(tcb)
  tcb.sndSmall = tcb.sndUna
  // R6582-01.
  tcb.recoveryPoint = tcb.iss
  tcb.rack.fack = tcb.sndUna
  raiseRtoAfterSynTimeout(tcb)
  startSearch(tcb)
  tcb.congestion.init(tcb)
  if (tcb.keepalive !== null) armKeepalive(tcb, engine.now + tcb.keepalive.idle)
  wantOutput(tcb)
}

/** R6298-13: the SYN timed out, so the default RTO was too short for this path; a sample sets it right. */
export function raiseRtoAfterSynTimeout(tcb: Tcb): void {
  if (tcb.synRetransmitted > 0 && tcb.srtt === 0 && tcb.tcp.config.initialRto < RTO_AFTER_SYN_TIMEOUT) {
    tcb.rto = RTO_AFTER_SYN_TIMEOUT
  }
}
