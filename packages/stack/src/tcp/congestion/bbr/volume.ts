import { SECOND } from '../../../core/timer.ts'
import { sendQuantum } from '../../pacing.ts'
import type { Tcb } from '../../tcb.ts'
import { initialWindow, smss } from '../window.ts'
import { HEADROOM, MIN_PIPE_SEGMENTS } from './parameters.ts'
import { type BbrState, Phase } from './state.ts'

/** BBR.bdp: what has to be in flight to use the bandwidth. */
export function bandwidthDelayProduct(tcb: Tcb, bbr: BbrState, bw = bbr.bw): number {
  if (bbr.minRtt === Number.POSITIVE_INFINITY) return initialWindow(tcb)
  return (bw * bbr.minRtt) / SECOND
}

/** BBR.MinPipeCwnd. */
export function minPipeCwnd(tcb: Tcb): number {
  return MIN_PIPE_SEGMENTS * smss(tcb)
}

/** QuantizationBudget() (sections 5.5.8 and 5.6.4.2): room for what offloads and delayed ACKs hold back. */
export function quantizationBudget(tcb: Tcb, bbr: BbrState, cap: number): number {
  const size = smss(tcb)
  const offloadBudget = 3 * sendQuantum(tcb.pacer.rate, size)
  const budget = Math.max(cap, offloadBudget, minPipeCwnd(tcb))
  return bbr.phase === Phase.Up ? budget + 2 * size : budget
}

/** Inflight(1.0), of a bandwidth. */
export function inflight(tcb: Tcb, bbr: BbrState, bw = bbr.bw): number {
  return quantizationBudget(tcb, bbr, bandwidthDelayProduct(tcb, bbr, bw))
}

/** TargetInflight(): the estimated BDP, unless congestion has cut the window. */
export function targetInflight(tcb: Tcb, bbr: BbrState): number {
  return Math.min(bandwidthDelayProduct(tcb, bbr), tcb.cwnd)
}

/** InflightWithHeadroom(): leaves some of the bottleneck's buffer, or of its time, to others. */
export function inflightWithHeadroom(tcb: Tcb, bbr: BbrState): number {
  if (bbr.inflightLongterm === Number.POSITIVE_INFINITY) return bbr.inflightLongterm
  const headroom = Math.max(smss(tcb), HEADROOM * bbr.inflightLongterm)
  return Math.max(bbr.inflightLongterm - headroom, minPipeCwnd(tcb))
}
