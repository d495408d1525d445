import type { Recording, SegmentRecord } from '../../model/recording.ts'
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
export const BAR = 24

/** Beside the lifelines there is room for the longest name of a state. */
export const WIDE_GUTTER = 98

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
export function visibleRange(layout: LadderLayout, top: number, height: number): readonly [number, number] {
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

export function isFromMiddle({ from }: SegmentRecord): boolean {
  return from === 'router' || from === 'forger'
}

export function arrowOf(scene: LadderScene, number: number, into: Arrow): Arrow {
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
