import { MILLISECOND } from '../core/timer.ts'
import { type Tcb, wantAck } from './tcb.ts'

/** Linux's tcp_invalid_ratelimit: one answer per connection in this time. */
const OUT_OF_WINDOW_INTERVAL = 500 * MILLISECOND

/**
 * RFC 5961: "this is where I am", to a segment that a peer in its right mind would not have sent. Bounded for the
 * stack and for the connection (R5961-07), so that it cannot be made to fight.
 */
export function challengeAck(tcb: Tcb): void {
  const { engine, counters, challengeLimit } = tcb.tcp
  if (!challengeLimit.allow(engine.now)) {
    counters.challengeAcksSuppressed++
    return
  }
  counters.challengeAcks++
  wantAck(tcb)
}

/** SEG-13, for segments that are merely out of window, such as a keepalive or an old duplicate. */
export function outOfWindowAck(tcb: Tcb, hasData: boolean): void {
  const { engine, counters } = tcb.tcp
  // Data means a retransmission that needs its ACK, or the peer goes on resending: not limited (as in Linux).
  if (!hasData && engine.now - tcb.lastOutOfWindowAck < OUT_OF_WINDOW_INTERVAL) {
    counters.challengeAcksSuppressed++
    return
  }
  if (!hasData) tcb.lastOutOfWindowAck = engine.now
  wantAck(tcb)
}
