import type { Measured } from './cells.ts'

/** A run in a line. */
export const told = ({ cell, side, rate, retransmitted, busy }: Measured): string =>
  `${cell} ${side}: ${rate.toFixed(2)} Mbit/s, ${retransmitted} sent again, processor ${Math.round(100 * busy)} %`
