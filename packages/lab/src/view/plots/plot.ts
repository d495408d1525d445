import uPlot from 'uplot'
import { bytesText, rateText, timeText } from '../format.ts'
import { h } from '../h.ts'
import type { Palette } from '../palette.ts'
import type { Line, PlotData, Stroke } from './plot-data.ts'

/** One plot over time, with the page's cursor on it. */
export class Plot {
  readonly element: HTMLElement
  private readonly onSeek: (time: number) => void
  private readonly line: HTMLElement
  private plot: uPlot | null = null
  private shape = ''
  private strokes: readonly Stroke[] = []
  private palette: Palette
  private end = 1
  private time = 0
  private most = Number.POSITIVE_INFINITY

  /** @param onSeek told where the reader clicks or drags to */
  constructor(palette: Palette, onSeek: (time: number) => void) {
    this.palette = palette
    this.onSeek = onSeek
    this.line = h('div', { class: 'plot-cursor' })
    this.element = h('div', { class: 'plot' })
    new ResizeObserver(() => this.resize()).observe(this.element)
  }

  /** @param end of the x axis, in milliseconds */
  show(data: PlotData, end: number): void {
    this.strokes = data.strokes
    this.most = data.most ?? Number.POSITIVE_INFINITY
    this.end = Math.max(end, 1)
    const shape = JSON.stringify([
      data.unit,
      data.lines.map(({ label, dashed, shape: of }) => [label, dashed, of]),
    ])
    const aligned = align(data, end)
    if (this.plot === null || shape !== this.shape) {
      this.shape = shape
      this.create(data, aligned)
    } else {
      this.plot.setData(aligned)
    }
  }

  moveCursor(time: number): void {
    this.time = time
    this.placeCursor()
  }

  private placeCursor(): void {
    const x = this.plot?.valToPos(this.time, 'x')
    // Before the first drawing there is no scale yet.
    if (x !== undefined && Number.isFinite(x)) this.line.style.transform = `translateX(${x}px)`
  }

  recolour(palette: Palette): void {
    this.palette = palette
    this.shape = ''
  }

  private resize(): void {
    const { clientWidth: width, clientHeight: height } = this.element
    if (this.plot !== null && width > 0 && height > 0) this.plot.setSize({ width, height })
  }

  private create(data: PlotData, aligned: uPlot.AlignedData): void {
    this.plot?.destroy()
    const { quiet, rule, sans } = this.palette
    const axis = {
      stroke: quiet,
      font: `11px ${sans}`,
      grid: { stroke: rule, width: 1 },
      ticks: { show: false },
    }
    this.plot = new uPlot(
      {
        width: Math.max(100, this.element.clientWidth),
        height: Math.max(80, this.element.clientHeight),
        padding: [8, 26, 0, 0],
        legend: { show: false },
        cursor: { show: false },
        scales: {
          x: { time: false, range: () => [0, this.end] },
          y: { range: (_, __, max) => [0, top(max, this.strokes, this.most)] },
        },
        axes: [
          { ...axis, size: 28, gap: 6, space: 70, values: (_, ticks) => ticks.map(timeText) },
          {
            ...axis,
            size: 62,
            gap: 4,
            space: 40,
            values: (_, ticks) => ticks.map((tick) => valueText(tick, data.unit)),
          },
        ],
        series: [{}, ...data.lines.map((line) => this.series(line))],
        hooks: { draw: [(plot) => this.drawStrokes(plot), () => this.placeCursor()] },
      },
      aligned,
      this.element,
    )
    const { over } = this.plot
    over.append(this.line)
    const seek = (event: PointerEvent): void => {
      if (event.buttons !== 1) return
      const x = event.clientX - over.getBoundingClientRect().left
      this.onSeek(Math.max(0, this.plot!.posToVal(x, 'x')))
    }
    over.addEventListener('pointerdown', seek)
    over.addEventListener('pointermove', seek)
  }

  private series({ colour, shape, dashed, label }: Line): uPlot.Series {
    const stroke = this.palette.lines[colour % this.palette.lines.length]
    const dash = dashed ? { dash: [6, 4] } : {}
    const points = shape === 'points'
    return {
      label,
      stroke,
      width: points ? 0 : 1.6,
      ...dash,
      spanGaps: true,
      points: { show: points, size: 5, fill: stroke, width: 0 },
      ...(points
        ? { paths: () => null }
        : shape === 'step'
          ? { paths: uPlot.paths.stepped!({ align: 1 }) }
          : {}),
    }
  }

  /** The segments of the time-sequence graph. */
  private drawStrokes(plot: uPlot): void {
    if (this.strokes.length === 0) return
    const { ctx } = plot
    const { kinds, again, warn, lines } = this.palette
    const colours = { sent: kinds.data, again, lost: warn, sacked: lines[3] }
    const ratio = window.devicePixelRatio || 1
    ctx.save()
    ctx.beginPath()
    ctx.rect(plot.bbox.left, plot.bbox.top, plot.bbox.width, plot.bbox.height)
    ctx.clip()
    for (const { x, from, to, what } of this.strokes) {
      const left = plot.valToPos(x, 'x', true)
      const low = plot.valToPos(from, 'y', true)
      const high = Math.min(low - 2 * ratio, plot.valToPos(to, 'y', true))
      ctx.fillStyle = colours[what]
      const width = (what === 'sacked' ? 1 : 2) * ratio
      ctx.fillRect(left - width / 2, high, width, low - high)
      if (what === 'lost') ctx.fillRect(left - 3 * ratio, (low + high) / 2 - ratio / 2, 6 * ratio, ratio)
    }
    ctx.restore()
  }
}

/** Lines of different times share one row of times; a step goes on until its next value, and to the end. */
function align({ lines }: PlotData, end: number): uPlot.AlignedData {
  if (lines.length === 0) return [[0]]
  const tables = lines.map(({ x, y, shape }): uPlot.AlignedData => {
    const [times, values] = lastOfEach(x, y)
    if (shape === 'step' && times.length > 0 && times[times.length - 1] < end) {
      times.push(end)
      values.push(values[values.length - 1])
    }
    return [times, values]
  })
  const joined = uPlot.join(tables)
  for (const [index, { shape }] of lines.entries()) {
    if (shape === 'step') carryOn(joined[index + 1] as (number | null | undefined)[])
  }
  return joined
}

/** Of several values at one time the last one counts. */
function lastOfEach(x: Float64Array, y: Float64Array): [number[], (number | null)[]] {
  const times: number[] = []
  const values: (number | null)[] = []
  for (let at = 0; at < x.length; at++) {
    if (at + 1 < x.length && x[at + 1] === x[at]) continue
    times.push(x[at])
    values.push(Number.isNaN(y[at]) ? null : y[at])
  }
  return [times, values]
}

function carryOn(values: (number | null | undefined)[]): void {
  let last: number | null = null
  for (let at = 0; at < values.length; at++) {
    const value = values[at]
    if (value === undefined) values[at] = last
    else last = value
  }
}

/** The axis of an empty plot. */
const NOTHING = 10

function top(max: number | null, strokes: readonly Stroke[], cut: number): number {
  const highest = strokes.reduce((most, { to }) => Math.max(most, to), Math.min(max ?? 0, cut))
  return highest > 0 ? highest * 1.06 : NOTHING
}

export function valueText(value: number, unit: PlotData['unit']): string {
  switch (unit) {
    case 'bytes':
      return value === 0 ? '0' : bytesText(value)
    case 'ms':
      return value === 0 ? '0' : timeText(value)
    case 'bit/s':
      return value === 0 ? '0' : rateText(value)
    case 'packets':
      return String(Math.round(value * 10) / 10)
  }
}
