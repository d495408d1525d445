import type { CongestionName, TcpSettings } from '../../src/index.ts'
import { Netsim } from './netsim.ts'

export const ALGORITHMS: readonly CongestionName[] = ['newreno', 'cubic', 'bbr']
/** Mbit/s. */
const BANDWIDTHS = [10, 100, 1000]
/** Milliseconds. */
const RTTS = [1, 20, 100, 300]
export const CONDITIONS = ['clean', 'bloat', 'shallow', 'reorder', '0.1%', '1%', '5%'] as const
export type Condition = (typeof CONDITIONS)[number]

export interface Cell {
  readonly algorithm: CongestionName
  /** Mbit/s. */
  readonly bandwidth: number
  /** Milliseconds. */
  readonly rtt: number
  readonly condition: Condition
}

export const CELLS: readonly Cell[] = ALGORITHMS.flatMap((algorithm) =>
  BANDWIDTHS.flatMap((bandwidth) =>
    RTTS.flatMap((rtt) => CONDITIONS.map((condition) => ({ algorithm, bandwidth, rtt, condition }))),
  ),
)

/** Jumbo frames on the fastest link; a few bytes less than 8 KiB, in which they are stored. */
export function mtuOf({ bandwidth }: Cell): number {
  return bandwidth === 1000 ? 8100 : 1500
}

/** Payload of a full segment: headers and timestamps off. */
export function segmentOf(cell: Cell): number {
  return mtuOf(cell) - 52
}

/** Bytes. */
export function productOf({ bandwidth, rtt }: Cell): number {
  return ((bandwidth * 1e6) / 8) * (rtt / 1000)
}

/** Bytes that the bottleneck's queue holds. */
export function queueOf(cell: Cell): number {
  const { bandwidth, condition } = cell
  const mtu = mtuOf(cell)
  if (condition === 'bloat') return ((bandwidth * 1e6) / 8) * (bandwidth === 1000 ? 0.25 : 1)
  if (condition === 'shallow') return Math.max(0.15 * productOf(cell), 4 * mtu)
  return Math.min(32e6, Math.max(productOf(cell), 10 * mtu))
}

export function lossOf({ condition }: Cell): number {
  return condition.endsWith('%') ? Number.parseFloat(condition) / 100 : 0
}

/** Segments a cell with random losses delivers, so that there are well over a hundred of them. */
export const ENOUGH: { readonly [loss: number]: number } = { 0.001: 150_000, 0.01: 40_000, 0.05: 20_000 }

/** Seconds a cell without random losses takes: a hundred round trips if it can be paid, and several fillings of the queue. */
export function secondsOf({ bandwidth, rtt, condition }: Cell): number {
  if (bandwidth === 1000) return Math.min(20, Math.max(5, rtt / 10))
  return Math.max(condition === 'bloat' ? 15 : 5, rtt / 10)
}

export interface Measured {
  /** Mbit/s of payload. */
  readonly goodput: number
  readonly sim: Netsim
}

/** @param tcp settings of both stacks that differ from those of the matrix */
export function measure(cell: Cell, seed = 5, tcp: TcpSettings = {}): Measured {
  const loss = lossOf(cell)
  const sim = new Netsim({
    bandwidth: cell.bandwidth * 1e6,
    rtt: cell.rtt,
    queue: Math.round(queueOf(cell)),
    loss,
    reorder: cell.condition === 'reorder' ? 0.01 : 0,
    mtu: mtuOf(cell),
    seed,
    tcp,
  })
  const flow = sim.add({ congestion: cell.algorithm })
  if (loss === 0) sim.run(secondsOf(cell))
  else {
    const enough = ENOUGH[loss] * segmentOf(cell)
    const round = Math.max(cell.rtt, 10) / 1000
    while (flow.received < enough || sim.clock.now() / 1e6 < secondsOf(cell)) sim.run(round)
  }
  const seconds = sim.clock.now() / 1e6
  return { goodput: (flow.received * 8) / seconds / 1e6, sim }
}
