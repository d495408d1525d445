import type { SegmentRecord } from '../../model/recording.ts'
import type { Painter } from '../painter.ts'
import type { Palette } from '../palette.ts'
import type { Batch } from './batch.ts'
import { type Arrow, HEAD, type LadderScene } from './scene.ts'

/** How faint what comes after the cursor is. */
const LATER = 0.28
const HEAD_LENGTH = 8

/** Most arrows have nothing special about them. @returns false for one that has to be drawn by itself */
export function addPlainArrow(
  batch: Batch,
  scene: LadderScene,
  palette: Palette,
  number: number,
  arrow: Arrow,
): boolean {
  const segment = scene.recording.segments[number]
  const { again, from, lost, damaged, kind, sentAt } = segment
  if (again !== null || lost !== null || damaged || from === 'forger') return false
  if (number === scene.selected || scene.marked.has(number)) return false
  if (partShown(segment, scene, arrow) < 1) return false
  const later = sentAt > scene.cursorTime
  const { x1, y1, x2, y2 } = arrow
  const colour = palette.kinds[kind]
  batch.line(x1, y1, x2, y2, colour, widthOf(segment, scene), later ? LATER : 1)
  if (!later) batch.triangle(colour, headOf(arrow, scene.dense ? HEAD_LENGTH / 2 : HEAD_LENGTH))
  return true
}

function widthOf({ length, kind }: SegmentRecord, { dense }: LadderScene): number {
  return (length > 0 || kind === 'syn' ? 1.8 : 1.2) * (dense ? 0.5 : 1)
}

export function drawArrow(
  painter: Painter,
  scene: LadderScene,
  palette: Palette,
  number: number,
  arrow: Arrow,
): void {
  const segment = scene.recording.segments[number]
  const selected = number === scene.selected
  const marked = scene.marked.has(number)
  const later = segment.sentAt > scene.cursorTime
  const colour = segment.again === null ? palette.kinds[segment.kind] : palette.again
  const { x1, y1, x2, y2 } = arrow
  if (selected || marked) {
    painter.line(x1, y1, x2, y2, {
      colour: palette.accent,
      width: selected ? 9 : 7,
      opacity: selected ? 0.32 : 0.2,
    })
  }
  const opacity = later ? LATER : 1
  const width = widthOf(segment, selected ? { ...scene, dense: false } : scene)
  const dash = segment.again !== null ? [6, 3] : segment.from === 'forger' ? [2, 3] : undefined
  const stroke = { colour, width, ...(dash && { dash }), opacity }
  const part = partShown(segment, scene, arrow)
  if (part < 1) {
    painter.line(x1, y1, x2, y2, { ...stroke, opacity: 0.18 })
    const x = x1 + (x2 - x1) * part
    const y = y1 + (y2 - y1) * part
    painter.line(x1, y1, x, y, stroke)
    painter.rect(x - 3, y - 3, 6, 6, colour)
    return
  }
  painter.line(x1, y1, x2, y2, stroke)
  if (segment.lost !== null && segment.lost.at <= scene.horizon)
    drawCross(painter, x2, y2, palette.warn, opacity)
  else if (!later) {
    const size = scene.dense && !selected ? HEAD_LENGTH / 2 : HEAD_LENGTH
    drawArrowHead(painter, arrow, size, colour, segment.damaged ? palette.warn : colour)
  }
}

/** How much of its way a segment has gone at the cursor's time; 1 when it is there, or has not begun. */
function partShown(segment: SegmentRecord, scene: LadderScene, { y1, y2 }: Arrow): number {
  if (segment.sentAt > scene.cursorTime) return 1
  const end = segment.arrivedAt ?? segment.lost?.at ?? Number.POSITIVE_INFINITY
  if (end <= scene.cursorTime) return 1
  // Where the cursor's line cuts the arrow: the axis is not even, and both are drawn on it.
  const y = scene.layout.yOf(scene.cursorTime) - scene.top + HEAD
  return y2 > y1 ? Math.min(0.97, Math.max(0.02, (y - y1) / (y2 - y1))) : 0.5
}

/** The corners of an arrow's head. */
function headOf({ x1, y1, x2, y2 }: Arrow, size: number): number[] {
  const length = Math.hypot(x2 - x1, y2 - y1) || 1
  const dx = ((x2 - x1) / length) * size
  const dy = ((y2 - y1) / length) * size
  return [x2, y2, x2 - dx - dy * 0.42, y2 - dy + dx * 0.42, x2 - dx + dy * 0.42, y2 - dy - dx * 0.42]
}

function drawArrowHead(painter: Painter, arrow: Arrow, size: number, colour: string, rim: string): void {
  painter.triangles(headOf(arrow, size), colour)
  if (rim === colour) return
  // Damaged: a bolt before the head.
  const { x1, y1, x2, y2 } = arrow
  const back = (size * 2.6) / (Math.hypot(x2 - x1, y2 - y1) || 1)
  const x = x2 - (x2 - x1) * back
  const y = y2 - (y2 - y1) * back
  painter.line(x - 3, y - 7, x + 2, y, { colour: rim, width: 2 })
  painter.line(x + 2, y, x - 2, y, { colour: rim, width: 2 })
  painter.line(x - 2, y, x + 3, y + 7, { colour: rim, width: 2 })
}

function drawCross(painter: Painter, x: number, y: number, colour: string, opacity: number): void {
  const stroke = { colour, width: 2.2, opacity }
  painter.line(x - 5, y - 5, x + 5, y + 5, stroke)
  painter.line(x - 5, y + 5, x + 5, y - 5, stroke)
}
