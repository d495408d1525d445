import { type Spread, spreadOf } from '../median.ts'
import type { Run } from './measure-all.ts'
import { targetOf } from './network.ts'
import { CONNECTIONS, RTTS } from './plan.ts'
import { type Figure, isBulk } from './tasks.ts'

const GIB = 2 ** 30
/** What a unit of a figure is, for reading. */
const MEGA = 1e6

/** Of all rounds of one measurement. */
export interface Cell {
  readonly value: Spread
  /** Processor time of both processes: seconds a GiB, or microseconds for each round trip or connection; 0: not counted. */
  readonly cpu: number
}

export interface FigureRow {
  readonly target: string
  readonly cells: ReadonlyMap<Figure, Cell>
}

export interface GrowthPoint {
  readonly target: string
  readonly figure: 'rx' | 'tx'
  /** Connections, or milliseconds. */
  readonly at: number
  /** MB/s. */
  readonly value: Spread
}

function cellOf(runs: readonly Run[]): Cell {
  const { figure } = runs[0]
  const scale = isBulk(figure) ? MEGA : 1
  return {
    value: spreadOf(runs.map(({ value }) => value / scale)),
    cpu: spreadOf(runs.map(({ cpu, amount }) => (cpu * (isBulk(figure) ? GIB : 1e6)) / amount)).median,
  }
}

/** The four targets, in the order of the table; those without runs are left out. */
export function figureRows(runs: readonly Run[]): FigureRow[] {
  const names = [true, false].flatMap((offload) =>
    (['tapwire', 'kernel'] as const).map((stack) => targetOf(stack, offload).name),
  )
  return names.flatMap((target) => {
    const own = runs.filter((run) => run.part === 'figures' && run.target === target)
    const figures = [...new Set(own.map(({ figure }) => figure))]
    if (figures.length === 0) return []
    const cells = figures.map(
      (figure) => [figure, cellOf(own.filter((run) => run.figure === figure))] as const,
    )
    return [{ target, cells: new Map(cells) }]
  })
}

export function growthPoints(runs: readonly Run[], part: 'connections' | 'rtt'): GrowthPoint[] {
  const at = (run: Run): number => (part === 'rtt' ? run.rtt : run.connections)
  // The name of a target that is delayed says by how much; here that is the other axis.
  const line = ({ target }: Run): string => target.split(',')[0]
  const own = runs.filter((run) => run.part === part && isBulk(run.figure))
  const lines = [...new Set(own.map(line))]
  const points: GrowthPoint[] = []
  for (const target of lines) {
    for (const figure of ['rx', 'tx'] as const) {
      for (const place of part === 'rtt' ? RTTS : CONNECTIONS) {
        const same = own.filter((run) => line(run) === target && run.figure === figure && at(run) === place)
        if (same.length > 0) points.push({ target, figure, at: place, value: cellOf(same).value })
      }
    }
  }
  return points
}
