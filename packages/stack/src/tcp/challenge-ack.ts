import type { Micros } from '../core/timer.ts'
import type { TcpContext } from './context.ts'
import type { Tcb } from './tcb.ts'
import { wantAck } from './wants.ts'

/*
 * One answer per connection in `outOfWindowAckInterval` (Linux's tcp_invalid_ratelimit). RFC 5961 section 7 has the same rate as the
 * default, 10 in 5 s.
 */

/**
 * RFC 5961: "this is where I am", to a segment that a peer in its right mind would not have sent. Bounded for the
 * connection, and for the stack by a budget that nobody outside can count (R5961-07; CVE-2016-5696).
 */
export function challengeAck(tcb: Tcb): void {
  if (mayChallenge(tcb.tcp, tcb)) wantAck(tcb)
}

/** Whether a challenge ACK may go out now for this connection; it is counted either way. */
export function mayChallenge(tcp: TcpContext, record: { lastOutOfWindowAck: Micros }): boolean {
  if (!pacedAck(tcp, record)) return false
  const { counters } = tcp
  if (!tcp.challengeLimit.allow(tcp.engine.now)) {
    counters.challengeAcksSuppressed++
    return false
  }
  counters.challengeAcks++
  return true
}

/** SEG-13, for segments that are merely out of window, such as a keepalive or an old duplicate. */
export function outOfWindowAck(tcb: Tcb, hasData: boolean): void {
  // Data means a retransmission that needs its ACK, or the peer goes on resending: not limited (as in Linux).
  if (hasData || pacedAck(tcb.tcp, tcb)) wantAck(tcb)
}

/**
 * The SYN-ACK again, to the SYN again (SEG-16): the first time at once, then once per 500 ms (as in Linux), or a peer whose
 * address is forged would get a SYN-ACK for each of somebody else's SYNs.
 */
export function mayRepeatSynAck(tcp: TcpContext, record: { lastOutOfWindowAck: Micros }): boolean {
  const { now } = tcp.engine
  if (now - record.lastOutOfWindowAck < tcp.config.outOfWindowAckInterval) {
    tcp.counters.synAcksSuppressed++
    return false
  }
  record.lastOutOfWindowAck = now
  return true
}

/** Two peers that disagree must not answer each other's answers without end (R5961-09). */
export function pacedAck(tcp: TcpContext, record: { lastOutOfWindowAck: Micros }): boolean {
  const { now } = tcp.engine
  if (now - record.lastOutOfWindowAck < tcp.config.outOfWindowAckInterval) {
    tcp.counters.challengeAcksSuppressed++
    return false
  }
  record.lastOutOfWindowAck = now
  return true
}
