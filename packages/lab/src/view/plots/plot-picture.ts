import { timeText } from '../format.ts'
import { type Painter, SvgPainter } from '../painter.ts'
import type { Palette } from '../palette.ts'
import { valueText } from './plot.ts'
import type { Line, PlotData, Stroke } from './plot-data.ts'

const WIDTH = 960
const HEIGHT = 480
const BOX = { left: 76, top: 44, right: WIDTH - 24, bottom: HEIGHT - 36 }
const TICKS = 6

interface Scales {
  x(time: number): number
  y(value: number): number
}

/** A plot as an SVG document: the same lines as on the page. @param end of the x axis, in milliseconds */
export function plotSvg(data: PlotData, end: number, palette: Palette): string {
  const painter = new SvgPainter(WIDTH, HEIGHT, palette.background)
  const top = highest(data) * 1.06 || 1
  const scales: Scales = {
    x: (time) => BOX.left + ((BOX.right - BOX.left) * time) / Math.max(end, 1),
    y: (value) => BOX.bottom - ((BOX.bottom - BOX.top) * Math.min(value, top)) / top,
  }
  drawAxes(painter, data, scales, end, top, palette)
  drawStrokes(painter, data.strokes, scales, palette)
  for (const line of data.lines) drawLine(painter, line, scales, end, top, palette)
  drawLegend(painter, data, palette)
  return painter.toString()
}

function highest({ lines, strokes, most = Number.POSITIVE_INFINITY }: PlotData): number {
  let top = 0
  for (const { y } of lines) for (const value of y) if (value > top) top = value
  top = Math.min(top, most)
  for (const { to } of strokes) if (to > top) top = to
  return top
}

function drawAxes(
  painter: Painter,
  data: PlotData,
  scales: Scales,
  end: number,
  top: number,
  palette: Palette,
): void {
  const font = `11px ${palette.sans}`
  const rule = { colour: palette.rule, width: 1 }
  for (const time of ticks(end)) {
    const x = scales.x(time)
    painter.line(x, BOX.top, x, BOX.bottom, rule)
    painter.text(x, BOX.bottom + 16, timeText(time), { colour: palette.quiet, font, align: 'center' })
  }
  for (const value of ticks(top)) {
    const y = scales.y(value)
    painter.line(BOX.left, y, BOX.right, y, rule)
    painter.text(BOX.left - 8, y, valueText(value, data.unit), { colour: palette.quiet, font, align: 'end' })
  }
}

/** Round numbers from 0 to `end`. */
export function ticks(end: number): number[] {
  const rough = Math.max(end, Number.MIN_VALUE) / TICKS
  const power = 10 ** Math.floor(Math.log10(rough))
  const step = power * ([1, 2, 5, 10].find((factor) => factor * power >= rough) ?? 10)
  return Array.from({ length: Math.floor(end / step) + 1 }, (_, index) => index * step)
}

function drawLine(
  painter: Painter,
  { x, y, colour, shape, dashed }: Line,
  scales: Scales,
  end: number,
  top: number,
  palette: Palette,
): void {
  const stroke = {
    colour: palette.lines[colour % palette.lines.length],
    width: 1.6,
    ...(dashed && { dash: [6, 4] }),
  }
  for (let at = 0; at < x.length; at++) {
    if (Number.isNaN(y[at]) || y[at] > top) continue
    const [fromX, fromY] = [scales.x(x[at]), scales.y(y[at])]
    if (shape === 'points') {
      painter.rect(fromX - 2, fromY - 2, 4, 4, stroke.colour)
      continue
    }
    const isLast = at + 1 === x.length
    if (isLast && shape !== 'step') continue
    const toX = scales.x(isLast ? end : x[at + 1])
    const next = isLast || Number.isNaN(y[at + 1]) ? y[at] : Math.min(y[at + 1], top)
    if (shape === 'step') {
      if (toX > fromX) painter.line(fromX, fromY, toX, fromY, stroke)
      if (next !== y[at]) painter.line(toX, fromY, toX, scales.y(next), stroke)
    } else {
      painter.line(fromX, fromY, toX, scales.y(next), stroke)
    }
  }
}

function drawStrokes(painter: Painter, strokes: readonly Stroke[], scales: Scales, palette: Palette): void {
  const { kinds, again, warn, lines } = palette
  const colours = { sent: kinds.data, again, lost: warn, sacked: lines[3] }
  for (const { x, from, to, what } of strokes) {
    const at = scales.x(x)
    painter.line(at, scales.y(from), at, scales.y(to), {
      colour: colours[what],
      width: what === 'sacked' ? 1 : 2,
    })
  }
}

function drawLegend(painter: Painter, { lines }: PlotData, palette: Palette): void {
  let x = BOX.left
  for (const { label, colour, dashed } of lines) {
    const stroke = {
      colour: palette.lines[colour % palette.lines.length],
      width: 2.5,
      ...(dashed && { dash: [6, 4] }),
    }
    painter.line(x, 20, x + 18, 20, stroke)
    painter.text(x + 24, 20, label, { colour: palette.text, font: `12px ${palette.sans}` })
    x += 44 + label.length * 7
  }
}
