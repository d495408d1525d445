import type { RateSample } from '../../delivery-rate.ts'
import type { BbrState } from './state.ts'

/** UpdateMaxBw() without the counting of rounds: what only shows the application's pace counts where it is more (section 5.5.5). */
export function updateMaxBw(bbr: BbrState, rs: RateSample): void {
  if (rs.deliveryRate <= 0 || (rs.isAppLimited && rs.deliveryRate < bbr.maxBw)) return
  if (rs.deliveryRate > bbr.bwCurrent) bbr.bwCurrent = rs.deliveryRate
  bbr.maxBw = Math.max(bbr.bwPrevious, bbr.bwCurrent)
}

/** AdvanceMaxBwFilter() (section 5.5.6): a cycle is over; what was before the one before it is forgotten. */
export function advanceMaxBwFilter(bbr: BbrState): void {
  // A cycle in which nothing was measured is none.
  if (bbr.bwCurrent === 0) return
  bbr.bwPrevious = bbr.bwCurrent
  bbr.bwCurrent = 0
  bbr.maxBw = bbr.bwPrevious
}

/** BoundBWForModel(). */
export function boundBwForModel(bbr: BbrState): void {
  bbr.bw = Math.min(bbr.maxBw, bbr.bwShortterm)
}
