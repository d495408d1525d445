import type { EndRecord, EventRecord, Recording, SegmentRecord } from '../../model/recording.ts'
import { timeText } from '../format.ts'
import type { Painter } from '../painter.ts'
import { CAUSE_NAMES, type Palette } from '../palette.ts'
import { Batch } from './batch.ts'
import type { LadderLayout } from './time-axis.ts'

/** What is drawn, and which part of it: `top` is the place in the whole drawing that comes to the upper edge. */
export interface LadderScene {
  readonly recording: Recording
  readonly layout: LadderLayout
  readonly width: number
  readonly height: number
  readonly top: number
  readonly cursorTime: number
  readonly horizon: number
  readonly selected: number | null
  /** Spoken of by a lesson's step. */
  readonly marked: ReadonlySet<number>
  readonly labelSize: number
  /** There are too many arrows for a label each. */
  readonly dense: boolean
  readonly router: boolean
  flightOf(segment: SegmentRecord): number
}

/** Where an arrow runs, in the coordinates of the window. */
export interface Arrow {
  x1: number
  y1: number
  x2: number
  y2: number
}

/** Above the first segment. */
export const HEAD = 46
/** The bar with the names of the hosts. */
const BAR = 24
const LABEL_GAP = 11
const DENSE_LABEL_GAP = 26
const HEAD_LENGTH = 8
/** How faint what comes after the cursor is. */
const LATER = 0.28

/** Beside the lifelines there is room for the longest name of a state. */
const WIDE_GUTTER = 98

/** The lifelines' places. */
export function lifelines(width: number): { readonly left: number; readonly right: number } {
  if (width === known.width) return known
  const gutter = width < 420 ? 66 : width < 500 ? 70 : WIDE_GUTTER
  known = { width, left: gutter, right: width - gutter }
  return known
}

/** Those of the last width that was asked for: it is asked for each arrow. */
let known = { width: -1, left: 0, right: 0 }

/** Numbers of the segments that can be seen: those from `first` to before `last` may be. */
function visibleRange(layout: LadderLayout, top: number, height: number): readonly [number, number] {
  const { startY, count } = layout
  const last = firstAtOrBelow(startY, count, top + height)
  let first = firstAtOrBelow(startY, count, top)
  // An arrow that began above may end in the window: go up past the longest that can.
  const reach = top - Math.max(height, longestArrow(layout))
  while (first > 0 && startY[first - 1] > reach) first--
  return [first, last]
}

const longest = new WeakMap<LadderLayout, number>()

function longestArrow(layout: LadderLayout): number {
  let length = longest.get(layout)
  if (length === undefined) {
    length = 0
    for (let at = 0; at < layout.count; at++) length = Math.max(length, layout.endY[at] - layout.startY[at])
    longest.set(layout, length)
  }
  return length
}

function firstAtOrBelow(values: Float64Array, count: number, y: number): number {
  let low = 0
  let high = count
  while (low < high) {
    const middle = (low + high) >> 1
    if (values[middle] < y) low = middle + 1
    else high = middle
  }
  return low
}

function isFromMiddle({ from }: SegmentRecord): boolean {
  return from === 'router' || from === 'forger'
}

function arrowOf(scene: LadderScene, number: number, into: Arrow): Arrow {
  const segment = scene.recording.segments[number]
  const { left, right } = lifelines(scene.width)
  const toRight = segment.way === 'A→B'
  const middle = (left + right) / 2
  const x1 = isFromMiddle(segment) ? middle : toRight ? left : right
  const x2 = toRight ? right : left
  const y1 = scene.layout.startY[number] - scene.top + HEAD
  const y2 = scene.layout.endY[number] - scene.top + HEAD
  const part = segment.lost === null || segment.lost.at > scene.horizon ? 1 : lostPart(segment, scene)
  into.x1 = x1
  into.y1 = y1
  into.x2 = x1 + (x2 - x1) * part
  into.y2 = y1 + (y2 - y1) * part
  return into
}

/** How far on its way it was lost: never so near an end that it could be taken for arrived, or never sent. */
function lostPart(segment: SegmentRecord, scene: LadderScene): number {
  const flight = scene.flightOf(segment)
  const part = flight > 0 ? (segment.lost!.at - segment.sentAt) / flight : 0.5
  return Math.min(0.8, Math.max(0.3, part))
}

export function drawLadder(painter: Painter, scene: LadderScene, palette: Palette): void {
  drawBackground(painter, scene, palette)
  const [first, last] = visibleRange(scene.layout, scene.top - HEAD, scene.height + HEAD)
  const arrow: Arrow = { x1: 0, y1: 0, x2: 0, y2: 0 }
  const batch = new Batch()
  const special: number[] = []
  for (let number = first; number < last; number++) {
    arrowOf(scene, number, arrow)
    if (arrow.y2 < -10 && arrow.y1 < -10) continue
    if (!addPlainArrow(batch, scene, palette, number, arrow)) special.push(number)
  }
  batch.draw(painter)
  for (const number of special) drawArrow(painter, scene, palette, number, arrowOf(scene, number, arrow))
  drawLabels(painter, scene, palette, first, last)
  drawGutters(painter, scene, palette)
  drawCursor(painter, scene, palette)
  drawHead(painter, scene, palette)
}

function drawBackground(painter: Painter, scene: LadderScene, palette: Palette): void {
  const { left, right } = lifelines(scene.width)
  for (const fold of scene.layout.folds) {
    const y = fold.y - scene.top + HEAD
    if (y < -40 || y > scene.height + 40) continue
    painter.rect(left, y - 13, right - left, 26, palette.band)
    painter.text((left + right) / 2, y, `${timeText(fold.to - fold.from)} without a segment`, {
      colour: palette.quiet,
      font: `11px ${palette.sans}`,
      align: 'center',
    })
  }
  for (const x of [left, right]) {
    painter.line(x, 0, x, scene.height, { colour: palette.rule, width: 2 })
  }
  if (scene.router) {
    const x = (left + right) / 2
    painter.line(x, 0, x, scene.height, { colour: palette.rule, width: 1, dash: [3, 5] })
  }
}

/** Most arrows have nothing special about them. @returns false for one that has to be drawn by itself */
function addPlainArrow(
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

function drawArrow(
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

const HEAD_OF_LABEL = 12
/** Two labels that come towards each other do not meet. */
const LABEL_PART = 0.5
/** Width of a letter in the font of labels, as a part of its size. */
const LETTER = 0.61

/** Leaves out what says least until it fits: the window, then the acknowledgement of a segment with data. @param room letters */
export function fitLabel(label: string, room: number): string {
  let text = label
  for (const rest of [/ win \d+/, / sack [\d:, ]+/, /(?<=seq \S+) ack \d+/]) {
    if (text.length <= room) return text
    text = text.replace(rest, '')
  }
  return text.length <= room ? text : `${text.slice(0, Math.max(3, Math.floor(room) - 1))}…`
}

/** Labels run along the arrows, near the sender; where there is no room for one it is left out until the reader zooms in. */
function drawLabels(
  painter: Painter,
  scene: LadderScene,
  palette: Palette,
  first: number,
  last: number,
): void {
  const arrow: Arrow = { x1: 0, y1: 0, x2: 0, y2: 0 }
  const lastY = [Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY]
  const font = `${scene.labelSize}px ${palette.mono}`
  const gap = scene.dense ? DENSE_LABEL_GAP : LABEL_GAP
  for (let number = first; number < last; number++) {
    const segment = scene.recording.segments[number]
    const side = segment.way === 'A→B' ? 0 : 1
    arrowOf(scene, number, arrow)
    const important = number === scene.selected
    const toRight = arrow.x2 > arrow.x1
    const angle = Math.atan2(arrow.y2 - arrow.y1, Math.abs(arrow.x2 - arrow.x1)) * (toRight ? 1 : -1)
    // Lines lie nearer to each other the steeper they are.
    if (!important && (arrow.y1 - lastY[side]) * Math.cos(angle) < gap) continue
    lastY[side] = arrow.y1
    const dx = Math.cos(angle) * (toRight ? 1 : -1)
    const dy = Math.abs(Math.sin(angle))
    const x = arrow.x1 + dx * HEAD_OF_LABEL + Math.sin(angle) * 7
    const y = arrow.y1 + dy * HEAD_OF_LABEL - Math.cos(angle) * 7
    const length = Math.hypot(arrow.x2 - arrow.x1, arrow.y2 - arrow.y1)
    const room = important
      ? Number.POSITIVE_INFINITY
      : (length * (isFromMiddle(segment) ? 1 : LABEL_PART)) / (scene.labelSize * LETTER)
    painter.text(x, y, fitLabel(labelText(segment, scene), room), {
      colour: segment.again === null ? palette.kinds[segment.kind] : palette.again,
      font,
      align: toRight ? 'start' : 'end',
      angle,
      halo: palette.background,
      opacity: segment.sentAt > scene.cursorTime ? 0.4 : 1,
    })
  }
}

export function labelText(segment: SegmentRecord, { horizon }: Pick<LadderScene, 'horizon'>): string {
  const again = segment.again === null ? '' : `${CAUSE_NAMES[segment.again]}: `
  const forged = segment.from === 'forger' ? 'forged: ' : ''
  const marked = segment.marked ? ' CE' : ''
  const damaged = segment.damaged ? ' damaged' : ''
  const lost =
    segment.lost === null || segment.lost.at > horizon || segment.lost.why === 'loss'
      ? ''
      : ` (${segment.lost.why})`
  return `${forged}${again}${segment.label}${marked}${damaged}${lost}`
}

/** Times at the left edge, what the stacks decided beside their lifelines. */
function drawGutters(painter: Painter, scene: LadderScene, palette: Palette): void {
  const { left, right } = lifelines(scene.width)
  const font = `10.5px ${palette.sans}`
  const lastY = { A: Number.NEGATIVE_INFINITY, B: Number.NEGATIVE_INFINITY }
  for (const note of notesIn(scene)) {
    const y = note.y - scene.top + HEAD
    if (y < BAR + 4 || y > scene.height + 20) continue
    if (y - lastY[note.host] < 12) continue
    lastY[note.host] = y
    const atLeft = note.host === 'A'
    painter.rect(atLeft ? left - 4 : right, y - 1, 4, 2, note.warn ? palette.warn : palette.accent)
    painter.text(atLeft ? left - 8 : right + 8, y, note.text, {
      colour: note.warn ? palette.warn : palette.text,
      font,
      align: atLeft ? 'end' : 'start',
      halo: palette.background,
      opacity: note.time > scene.cursorTime ? 0.4 : 1,
    })
  }
}

interface Note {
  readonly time: number
  readonly y: number
  readonly host: 'A' | 'B'
  readonly text: string
  readonly warn: boolean
}

function notesIn(scene: LadderScene): Note[] {
  const { recording, layout, top, height, horizon } = scene
  const from = layout.timeOf(Math.max(0, top - HEAD - 20))
  const to = Math.min(horizon, layout.timeOf(top + height))
  const notes: Note[] = []
  const narrow = lifelines(scene.width).left < WIDE_GUTTER
  const { events } = recording
  for (let at = firstEventFrom(events, from); at < events.length && events[at].time <= to; at++) {
    const text = eventNote(events[at], narrow)
    if (text === null) continue
    notes.push({
      time: events[at].time,
      y: placeOf(events[at], scene),
      host: events[at].host,
      text: text.text,
      warn: text.warn,
    })
  }
  return notes
}

/** Beside the segment that it is about, where there is one; else at its time. */
function placeOf({ time, segment }: EventRecord, { recording, layout }: LadderScene): number {
  if (segment !== null && segment < layout.count) {
    const { sentAt, arrivedAt } = recording.segments[segment]
    if (sentAt === time) return layout.startY[segment]
    if (arrivedAt === time) return layout.endY[segment]
  }
  return layout.firstYOf(time)
}

function firstEventFrom(events: readonly EventRecord[], time: number): number {
  let low = 0
  let high = events.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (events[middle].time < time) low = middle + 1
    else high = middle
  }
  return low
}

function eventNote(
  { event }: EventRecord,
  narrow: boolean,
): { readonly text: string; readonly warn: boolean } | null {
  switch (event.kind) {
    case 'state':
      return { text: narrow ? (SHORT_STATES[event.to] ?? event.to) : event.to, warn: false }
    case 'timeout':
      return { text: 'RTO', warn: true }
    case 'tailProbe':
      return { text: 'TLP', warn: true }
    case 'recoveryEnter':
      return event.algorithm === 'timeout' ? null : { text: 'recovery', warn: true }
    case 'recoveryExit':
      return { text: 'recovered', warn: false }
    case 'undo':
      return { text: 'undo', warn: false }
    case 'zeroWindow':
      return event.whose === 'own' ? { text: 'window 0', warn: true } : null
    case 'keepaliveProbe':
      return { text: 'keepalive', warn: false }
    default:
      return null
  }
}

/** Names that fit into a narrow gutter. */
const SHORT_STATES: Readonly<Record<string, string>> = {
  'SYN-RECEIVED': 'SYN-RCVD',
  ESTABLISHED: 'ESTAB.',
  'FIN-WAIT-1': 'FIN-W-1',
  'FIN-WAIT-2': 'FIN-W-2',
  'CLOSE-WAIT': 'CLOSE-W',
  'TIME-WAIT': 'TIME-W',
}

function drawCursor(painter: Painter, scene: LadderScene, palette: Palette): void {
  const y = scene.layout.yOf(scene.cursorTime) - scene.top + HEAD
  if (y < BAR || y > scene.height + 2) return
  painter.line(0, y, scene.width, y, { colour: palette.accent, width: 1.2 })
  const { left, right } = lifelines(scene.width)
  const text = timeText(scene.cursorTime)
  const width = text.length * 6.4 + 14
  const x = (left + right) / 2
  painter.rect(x - width / 2, y - 9, width, 18, palette.accent)
  painter.text(x, y, text, { colour: palette.background, font: `600 11px ${palette.sans}`, align: 'center' })
}

function drawHead(painter: Painter, scene: LadderScene, palette: Palette): void {
  const { left, right } = lifelines(scene.width)
  painter.rect(0, 0, scene.width, BAR, palette.background)
  const font = `600 13px ${palette.sans}`
  painter.text(left, 11, 'A', { colour: palette.text, font, align: 'center' })
  painter.text(right, 11, 'B', { colour: palette.text, font, align: 'center' })
  for (const [x, host] of [
    [left - 12, 'A'],
    [right + 12, 'B'],
  ] as const) {
    const address = addressOf(scene.recording.ends, host)
    if (address === null || scene.width < 420) continue
    painter.text(x, 11, address, {
      colour: palette.quiet,
      font: `10.5px ${palette.sans}`,
      align: host === 'A' ? 'end' : 'start',
    })
  }
  if (scene.router) {
    painter.text((left + right) / 2, 11, 'router', {
      colour: palette.quiet,
      font: `11px ${palette.sans}`,
      align: 'center',
    })
  }
  painter.line(0, BAR, scene.width, BAR, { colour: palette.rule, width: 1 })
}

function addressOf(ends: readonly EndRecord[], host: string): string | null {
  const address = ends.find((end) => end.host === host)?.address
  return address === undefined ? null : address.split(/[\s,]/)[0].replace(/:\d+$/, '')
}

/** The segment whose arrow passes nearest to a point, or null. @param reach pixels */
export function segmentAt(scene: LadderScene, x: number, y: number, reach: number): number | null {
  const [first, last] = visibleRange(scene.layout, scene.top - HEAD, scene.height + HEAD)
  const arrow: Arrow = { x1: 0, y1: 0, x2: 0, y2: 0 }
  let nearest: number | null = null
  let least = reach
  for (let number = first; number < last; number++) {
    const distance = distanceTo(arrowOf(scene, number, arrow), x, y)
    if (distance <= least) {
      least = distance
      nearest = number
    }
  }
  return nearest
}

function distanceTo({ x1, y1, x2, y2 }: Arrow, x: number, y: number): number {
  const dx = x2 - x1
  const dy = y2 - y1
  const length = dx * dx + dy * dy
  const part = length === 0 ? 0 : Math.min(1, Math.max(0, ((x - x1) * dx + (y - y1) * dy) / length))
  return Math.hypot(x - x1 - dx * part, y - y1 - dy * part)
}
