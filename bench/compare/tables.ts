import type { Cell, FigureRow, GrowthPoint } from './summary.ts'
import type { Figure } from './tasks.ts'

export const TITLES: Readonly<Record<Figure, string>> = {
  rx: 'rx MB/s',
  tx: 'tx MB/s',
  echo: 'echo rt/s',
  connect1: 'connections/s, 1',
  connect32: '32 at once',
  memory: 'bytes per held connection',
}

/** More is better, except for what a connection takes. NaN where too few were held for the process to grow. */
export function ratioOf(figure: Figure, tapwire: Cell, kernel: Cell): number {
  if (tapwire.value.median <= 0 || kernel.value.median <= 0) return Number.NaN
  const ratio = tapwire.value.median / kernel.value.median
  return figure === 'memory' ? 1 / ratio : ratio
}

const whole = (value: number): string =>
  Math.round(value)
    .toString()
    .replace(/\B(?=(\d{3})+$)/g, ',')

const spread = ({ value }: Pick<Cell, 'value'>): string =>
  value.low === value.high
    ? whole(value.median)
    : `${whole(value.median)} (${whole(value.low)} to ${whole(value.high)})`

export function markdownTable(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
  return [line(header), line(header.map(() => '---')), ...rows.map(line)].join('\n')
}

export const CPU_TITLES: Readonly<Record<Exclude<Figure, 'memory'>, string>> = {
  rx: 'rx, s/GiB',
  tx: 'tx, s/GiB',
  echo: 'echo, µs',
  connect1: 'connection, µs',
  connect32: '32 at once, µs',
}

type Table = [header: string[], rows: string[][]]

/** The four targets, after each pair its ratios. */
export function figureTable(rows: readonly FigureRow[]): Table {
  const figures = [...new Set(rows.flatMap(({ cells }) => [...cells.keys()]))]
  return pairs(
    rows,
    figures.map((figure) => TITLES[figure]),
    ({ cells }) => figures.map((figure) => spread(cells.get(figure)!)),
    (tapwire, kernel) =>
      figures.map((figure) => ratioOf(figure, tapwire.cells.get(figure)!, kernel.cells.get(figure)!)),
  )
}

/** The same by processor time. */
export function cpuTable(rows: readonly FigureRow[]): Table {
  const all = new Set(rows.flatMap(({ cells }) => [...cells.keys()]))
  const figures = [...all].filter((figure) => figure !== 'memory')
  const cpuOf = ({ cells }: FigureRow): number[] => figures.map((figure) => cells.get(figure)!.cpu)
  return pairs(
    rows,
    figures.map((figure) => CPU_TITLES[figure]),
    (row) => cpuOf(row).map((cpu) => (cpu < 10 ? cpu.toFixed(2) : whole(cpu))),
    (tapwire, kernel) => cpuOf(kernel).map((cpu, i) => cpu / cpuOf(tapwire)[i]),
  )
}

function pairs(
  rows: readonly FigureRow[],
  titles: readonly string[],
  cellsOf: (row: FigureRow) => readonly string[],
  ratiosOf: (tapwire: FigureRow, kernel: FigureRow) => readonly number[],
): Table {
  const lines: string[][] = []
  for (let i = 0; i + 1 < rows.length; i += 2) {
    for (const row of [rows[i], rows[i + 1]]) lines.push([row.target, ...cellsOf(row)])
    const ratios = ratiosOf(rows[i], rows[i + 1]).map((ratio) =>
      Number.isNaN(ratio) ? '–' : ratio.toFixed(2),
    )
    lines.push(['how much better tapwire is', ...ratios])
  }
  return [['', ...titles], lines]
}

/** A row for each line of a chart, a column for each point. */
export function growthTable(points: readonly GrowthPoint[], unit: string): Table {
  const places = [...new Set(points.map(({ at }) => at))]
  const names = [...new Set(points.map(({ target, figure }) => `${target}, ${figure} MB/s`))]
  const rows = names.map((name) => [
    name,
    ...places.map((place) => {
      const point = points.find(
        ({ target, figure, at }) => `${target}, ${figure} MB/s` === name && at === place,
      )
      return point === undefined ? '–' : spread(point)
    }),
  ])
  return [['', ...places.map((place) => `${whole(place)} ${unit}`)], rows]
}
