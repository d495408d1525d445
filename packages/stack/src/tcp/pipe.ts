import { seqGt } from '../core/seq.ts'
import { smss } from './congestion/window.ts'
import { RecoveryState } from './recovery-state.ts'
import type { Tcb } from './tcb.ts'

/** Duplicate ACKs that may each let one new segment out before there is talk of loss (R3042-01). */
const LIMITED_TRANSMIT = 2

/** Bytes believed to be in the network: RFC 6675 section 4 (R6675-03), or what can be known without SACK. */
export function pipe(tcb: Tcb): number {
  if (tcb.sackPermitted) return tcb.sent.pipe
  return Math.max(0, tcb.sent.pipe - renoSacked(tcb))
}

/**
 * Without SACK every duplicate ACK stands for a segment that has left the network: what the inflation of RFC 5681
 * section 3.2 amounts to (R5681-17, R5681-18, R5681-19), bounded by what is outstanding. Limited transmit (R3042-01,
 * R3042-02) is the same with two segments at most. With SACK both follow from the blocks (R3042-03).
 */
export function renoSacked(tcb: Tcb): number {
  // After a timeout only what F-RTO has sent beyond the recovery point can draw them (R5682-04).
  if (tcb.recovery === RecoveryState.Loss && !seqGt(tcb.sndNxt, tcb.recoveryPoint)) return 0
  const count =
    tcb.recovery === RecoveryState.Open ? Math.min(tcb.duplicateAcks, LIMITED_TRANSMIT) : tcb.duplicateAcks
  const size = smss(tcb)
  return Math.min(count * size, Math.max(0, tcb.sent.bytes - size))
}
