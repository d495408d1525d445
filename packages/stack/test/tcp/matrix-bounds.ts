import type { Cell, Condition } from './matrix-cells.ts'

/** Goodput may be so much of the model. */
export type Bounds = readonly [least: number, most: number]

const BOUNDS: { readonly [C in Condition]: Bounds } = {
  clean: [0.85, 1.06],
  bloat: [0.85, 1.06],
  shallow: [0.85, 1.05],
  reorder: [0.85, 1.06],
  '0.1%': [0.8, 1.35],
  '1%': [0.75, 1.25],
  '5%': [0.6, 1.05],
}

export interface Exception {
  readonly where: string
  readonly matches: (cell: Cell) => boolean
  readonly bounds: Bounds
  /** What must be left of the goodput that is written down, where chance decides too much for 0.95. */
  readonly guard?: number
  readonly why: string
}

/** Cells that are outside for a reason; `matrix.txt` tells it. */
export const EXCEPTIONS: readonly Exception[] = [
  {
    where: 'shallow, 1000 Mbit/s × 300 ms',
    matches: ({ algorithm, bandwidth, rtt, condition }) =>
      algorithm !== 'bbr' && condition === 'shallow' && bandwidth === 1000 && rtt === 300,
    bounds: [0.45, 1.05],
    why: 'the first retransmission meets the queue that slow start has just filled, and is lost as well: a second reduction (RFC 5681 section 4.3), from which neither window recovers in this time.',
  },
  {
    where: '5%, BBR',
    matches: ({ algorithm, condition }) => algorithm === 'bbr' && condition === '5%',
    bounds: [0.004, 1.1],
    why: 'more than the two percent of loss that BBRv3 tolerates: each round trip in which more is lost lowers its bounds by three tenths. It has more than NewReno everywhere. Which rounds these are is chance (a standard deviation of 2 to 32 %), so three tenths of the goodput are what the test asks for.',
    guard: 0.3,
  },
  {
    where: '1%, BBR, 300 ms',
    matches: ({ algorithm, rtt, condition }) => algorithm === 'bbr' && condition === '1%' && rtt === 300,
    bounds: [0.4, 1.05],
    why: 'each round loses something, so that the next one is bounded by what it delivered, one or two percent less each time, until bandwidth is probed for again, two or three seconds or ten round trips later; and the round in which ProbeRTT halves the flight counts as one that delivered half: three tenths less, for two rounds. At 1000 Mbit/s startup waits for the receive window as well, which does not grow while a hole is being filled. In rounds of few samples one percent is two now and then, which ends startup early with one seed in six (0.2 to 0.4 of the link then). The test asks for seven tenths of the goodput.',
    guard: 0.7,
  },
  {
    where: '5%, 1 ms',
    matches: ({ rtt, condition }) => rtt === 1 && condition === '5%',
    bounds: [0.4, 1.05],
    why: 'a timeout takes 200 round trips or more, and the delayed ACK of a last segment 40: seven timeouts in 20,000 segments are a third of the time.',
  },
]

export function boundsOf(cell: Cell): Bounds {
  return EXCEPTIONS.find(({ matches }) => matches(cell))?.bounds ?? BOUNDS[cell.condition]
}

/** The part of what is written down that a cell must reach. */
export function guardOf(cell: Cell): number {
  return EXCEPTIONS.find(({ matches }) => matches(cell))?.guard ?? 0.95
}
