import type { Micros } from '../../core/timer.ts'
import type { RateSample } from '../delivery-rate.ts'
import type { SentRecord } from '../sent-record.ts'
import type { Tcb } from '../tcb.ts'

/** The algorithms there are. */
export type CongestionName = 'cubic' | 'newreno' | 'bbr'

/**
 * The congestion control of one connection: an algorithm and its state. It owns `cwnd` and `ssthresh`; loss detection and
 * recovery say when. All sizes in bytes.
 */
export interface CongestionControl {
  readonly name: CongestionName
  /**
   * The algorithm sets `cwnd` during fast recovery itself. Without it proportional rate reduction (RFC 9937) does,
   * towards the `ssthresh` that `onLoss` has set.
   */
  readonly ownsRecovery?: boolean
  /** It sets `pacer.rate`; otherwise the setting `pacing` decides. */
  readonly paces?: boolean
  /** How many windows the send buffer should hold; default 2. */
  readonly sendBufferWindows?: number
  /** The handshake is done: the MSS is known. */
  init(tcb: Tcb): void
  /** It was chosen for a connection under way: `cwnd` and `ssthresh` are another algorithm's. */
  takeOver(tcb: Tcb, now: Micros): void
  /**
   * A round-trip sample in microseconds, of what was acknowledged last; before the `onAck` of the same ACK. @param inOrder by
   * SEG.ACK; what was SACKed may have overtaken what is missing
   */
  onRtt(tcb: Tcb, rtt: Micros, now: Micros, inOrder: boolean): void
  /**
   * New data was acknowledged outside of fast recovery. @param ackedBytes what is newly known to have arrived: not
   * what was SACKed before @param limited the window was what held the sender back
   */
  onAck(tcb: Tcb, ackedBytes: number, limited: boolean, now: Micros): void
  /**
   * Loss was detected by RACK or duplicate ACKs, or repaired by a tail loss probe, or a retransmission was lost as well: set
   * `ssthresh`, and `cwnd` too. @param flightSize without what limited transmit has added (R5681-16)
   */
  onLoss(tcb: Tcb, flightSize: number, now: Micros): void
  /** The retransmission timer ran out. @param first false when the same data had timed out before */
  onTimeout(tcb: Tcb, flightSize: number, first: boolean, now: Micros): void
  /** The peer has told of congestion (ECE), and nothing was reduced in this round trip yet. */
  onEcn(tcb: Tcb, flightSize: number, now: Micros): void
  /** Fast recovery is over: `cwnd` becomes `ssthresh` (R9937-07). */
  onRecovered(tcb: Tcb, now: Micros): void
  /** The last reduction was needless; `cwnd` and `ssthresh` have been put back already. */
  onUndo(tcb: Tcb, now: Micros): void
  /** Sending starts again after a pause of more than an RTO. */
  onIdle(tcb: Tcb, now: Micros): void
  /**
   * Last of all that an ACK causes, in any state of recovery, when it has delivered something or shown a loss.
   * @param sample only until it returns
   */
  onRateSample?(tcb: Tcb, sample: RateSample, now: Micros): void
  /** A record was marked lost, by whatever means; before the `onLoss` or after the `onTimeout` that may belong to it. */
  onPacketLost?(tcb: Tcb, record: SentRecord, now: Micros): void
  /** Data is about to be sent while nothing is in flight, after however short a pause. */
  onRestart?(tcb: Tcb, now: Micros): void
}
