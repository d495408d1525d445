import { formatTable } from '../../examples/main/table.ts'
import { median } from '../median.ts'
import type { Cell, Measured, Side } from './cells.ts'

/** Of the kernel's goodput: what every cell has to reach. */
export const ENOUGH = 0.9

export interface Row {
  readonly cell: Cell
  readonly kernel: Summary
  readonly tapwire: Summary
  readonly ratio: number
}

/** Medians, and the range of the goodputs. */
interface Summary {
  readonly rate: number
  readonly low: number
  readonly high: number
  readonly retransmitted: number
}

export function summarize(cells: readonly Cell[], measured: readonly Measured[]): Row[] {
  return cells.map((cell) => {
    const of = (side: Side): Summary => {
      const runs = measured.filter((run) => run.cell === cell.name && run.side === side)
      const rates = runs.map(({ rate }) => rate)
      return {
        rate: median(rates),
        low: Math.min(...rates),
        high: Math.max(...rates),
        retransmitted: median(runs.map(({ retransmitted }) => retransmitted)),
      }
    }
    const [kernel, tapwire] = [of('kernel'), of('tapwire')]
    return { cell, kernel, tapwire, ratio: tapwire.rate / kernel.rate }
  })
}

export function formatRows(rows: readonly Row[]): string {
  const rate = ({ rate, low, high }: Summary): string =>
    `${rate.toFixed(2)} (${low.toFixed(1)} to ${high.toFixed(1)})`
  return formatTable(
    [
      'RTT',
      'trouble',
      'tapwire is',
      'kernel Mbit/s',
      'tapwire Mbit/s',
      'ratio',
      'sent again: kernel',
      'tapwire',
    ],
    rows.map(({ cell, kernel, tapwire, ratio }) => [
      `${cell.rtt} ms`,
      cell.trouble === 'reordering' ? '25 % reordered by 5 ms' : cell.trouble,
      cell.direction,
      rate(kernel),
      rate(tapwire),
      `${ratio.toFixed(2)}${ratio < ENOUGH ? ' <' : ''}`,
      String(kernel.retransmitted),
      String(tapwire.retransmitted),
    ]),
  )
}
