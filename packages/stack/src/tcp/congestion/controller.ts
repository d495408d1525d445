import type { Micros } from '../../core/timer.ts'
import type { Tcb } from '../tcb.ts'

/**
 * A congestion control algorithm. It owns `cwnd` and `ssthresh` of a connection; loss detection and recovery say when.
 * All sizes in bytes.
 */
export interface CongestionControl {
  readonly name: string
  /** The handshake is done: the MSS is known. */
  init(tcb: Tcb): void
  /** New data was acknowledged outside of fast recovery. @param limited the window was what held the sender back */
  onAck(tcb: Tcb, ackedBytes: number, limited: boolean, now: Micros): void
  /** Loss was detected by duplicate ACKs or SACK: set `ssthresh` and the window for recovery. */
  onLoss(tcb: Tcb, flightSize: number, now: Micros): void
  /** The retransmission timer ran out. @param first false when the same data had timed out before */
  onTimeout(tcb: Tcb, flightSize: number, first: boolean, now: Micros): void
  /** Fast recovery is over. */
  onRecovered(tcb: Tcb, now: Micros): void
  /** Sending starts again after a pause of more than an RTO. */
  onIdle(tcb: Tcb, now: Micros): void
}
