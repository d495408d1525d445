import { type Micros, SECOND } from '../../../core/timer.ts'
import type { RateSample } from '../../delivery-rate.ts'
import type { Tcb } from '../../tcb.ts'
import { EXTRA_ACKED_FILTER_LEN } from './parameters.ts'
import type { BbrState } from './state.ts'

/**
 * UpdateACKAggregation() (section 5.5.9): by how much ACKs run ahead of the bandwidth at times, because something on the path
 * gathers them or the data. So much more is kept in flight, or the silences between would go unused.
 */
export function updateAckAggregation(tcb: Tcb, bbr: BbrState, rs: RateSample, now: Micros): void {
  let expected = (bbr.bw * (now - bbr.extraAckedStart)) / SECOND
  if (bbr.extraAckedDelivered <= expected) {
    bbr.extraAckedDelivered = 0
    bbr.extraAckedStart = now
    expected = 0
  }
  bbr.extraAckedDelivered += rs.newlyAcked
  remember(bbr, Math.min(bbr.extraAckedDelivered - expected, tcb.cwnd))
}

/** The largest of the last rounds: two halves of the filter's length; in Startup one round. */
function remember(bbr: BbrState, extra: number): void {
  const half = bbr.fullBwReached ? EXTRA_ACKED_FILTER_LEN / 2 : 1
  if (bbr.roundCount - bbr.extraSince >= half) {
    bbr.extraSince = bbr.roundCount
    bbr.extraPrevious = bbr.fullBwReached ? bbr.extraCurrent : 0
    bbr.extraCurrent = 0
  }
  if (extra > bbr.extraCurrent) bbr.extraCurrent = extra
  bbr.extraAcked = Math.max(bbr.extraPrevious, bbr.extraCurrent)
}
