import type { SegmentRecord } from '../../model/recording.ts'

/**
 * Where on the ladder each moment and each segment is. Time runs down the page, but not evenly, unless that is asked for:
 * what happens at the same instant is spread so that each label can be read, and a stretch in which nothing is on its way is
 * folded. Pixels from the top of the drawing.
 */
export interface LadderLayout {
  /** By segment number: where it leaves and where it ends. */
  readonly startY: Float64Array
  readonly endY: Float64Array
  readonly count: number
  readonly height: number
  /** Stretches of time that are drawn shorter than they were. */
  readonly folds: readonly { readonly y: number; readonly from: number; readonly to: number }[]
  /** An instant that is spread has several places: this is the last one. */
  yOf(time: number): number
  /** And this the first. */
  firstYOf(time: number): number
  timeOf(y: number): number
}

export interface AxisOptions {
  /** Pixels a millisecond. */
  readonly scale: number
  /** Least pixels between two ends on the same side. */
  readonly gap: number
  readonly even: boolean
  /** Segments sent after it are left out. */
  readonly horizon: number
  /** A lesson asks what comes then: what is sent at that very moment is not shown yet. */
  readonly limit: number
  /** Milliseconds that a segment which has not arrived is thought to need. */
  flightOf(segment: SegmentRecord): number
}

/** A quiet stretch longer than `FOLD_ABOVE` pixels is drawn `FOLDED` pixels long. */
const FOLD_ABOVE = 150
const FOLDED = 60
const SAME_INSTANT = 1e-6
/** What arrives at once falls by this part of the gap, so that one sees which way it goes. */
const AT_ONCE_SLOPE = 0.3

interface End {
  readonly time: number
  readonly segment: number
  readonly start: boolean
  /** 0 is the left side. */
  readonly side: number
  /** It arrives when it leaves: a live stack sees each segment once. */
  readonly atOnce: boolean
}

/** When it arrived, was lost, or may be thought to arrive. */
function endTime(segment: SegmentRecord, flight: number): number {
  if (segment.arrivedAt !== null) return segment.arrivedAt
  // Drawn as if it had gone on, and broken off on the way.
  return segment.sentAt + flight
}

export function layOut(segments: readonly SegmentRecord[], options: AxisOptions): LadderLayout {
  const count = countShown(segments, options.horizon, options.limit)
  const ends = collectEnds(segments, count, options)
  const drawing = new Drawing(count, options)
  for (let at = 0; at < ends.length; ) {
    let next = at + 1
    while (next < ends.length && ends[next].time - ends[at].time < SAME_INSTANT) next++
    drawing.addInstant(ends, at, next)
    at = next
  }
  const { startY, endY, folds, times, ys, y } = drawing
  const beyond = options.even ? Number.POSITIVE_INFINITY : FOLDED
  return {
    startY,
    endY,
    count,
    height: y,
    folds,
    firstYOf(moment) {
      const at = firstNotBefore(times, moment - SAME_INSTANT)
      if (at < times.length && times[at] - moment < SAME_INSTANT) return ys[at]
      return interpolate(times, ys, moment, options.scale, beyond)
    },
    yOf: (moment) => interpolate(times, ys, moment, options.scale, beyond),
    timeOf: (place) => interpolate(ys, times, place, 1 / options.scale, Number.POSITIVE_INFINITY),
  }
}

/** The drawing so far: it grows downwards, an instant at a time. */
class Drawing {
  readonly startY: Float64Array
  readonly endY: Float64Array
  /** Points of the axis: both rise. */
  readonly times: number[] = [0]
  readonly ys: number[] = [0]
  readonly folds: { y: number; from: number; to: number }[] = []
  y = 0
  private time = 0
  private onTheWay = 0
  /** The last end on each side. */
  private readonly last = [Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY]
  private readonly options: AxisOptions

  constructor(count: number, options: AxisOptions) {
    this.startY = new Float64Array(count)
    this.endY = new Float64Array(count)
    this.options = options
  }

  /** The ends from index `from` to before `to` are of one instant. */
  addInstant(ends: readonly End[], from: number, to: number): void {
    const { time } = ends[from]
    const base = this.firstPlace(ends, from, to)
    this.point(time, base)
    const { even, gap } = this.options
    // How many of this instant stand on each side already.
    const placed = [0, 0]
    for (let at = from; at < to; at++) {
      const end = ends[at]
      const row = end.atOnce ? Math.max(...placed) : placed[end.side]
      this.put(end, even ? base : base + row * gap)
      if (end.atOnce) placed.fill(row + 1)
      else placed[end.side]++
    }
    if (this.y > base) this.point(time, this.y)
    this.time = time
  }

  private firstPlace(ends: readonly End[], from: number, to: number): number {
    const { scale, gap, even } = this.options
    const { time } = ends[from]
    const length = (time - this.time) * scale
    if (even) return this.y + length
    const quiet = this.onTheWay === 0 && length > FOLD_ABOVE
    if (quiet) this.folds.push({ y: this.y + FOLDED / 2, from: this.time, to: time })
    let base = this.y + (quiet ? FOLDED : length)
    for (let at = from; at < to; at++) {
      const { side, atOnce } = ends[at]
      base = Math.max(base, this.last[side] + gap, atOnce ? this.last[1 - side] + gap : 0)
    }
    return base
  }

  private put({ segment, start, side, atOnce }: End, place: number): void {
    this.last[side] = place
    if (start) this.startY[segment] = place
    else this.endY[segment] = place
    if (atOnce) {
      this.last[1 - side] = place
      this.endY[segment] = place + this.options.gap * AT_ONCE_SLOPE
    } else {
      this.onTheWay += start ? 1 : -1
    }
    this.y = Math.max(this.y, place)
  }

  private point(time: number, y: number): void {
    this.times.push(time)
    this.ys.push(y)
    this.y = Math.max(this.y, y)
  }
}

function firstNotBefore(values: readonly number[], value: number): number {
  let low = 0
  let high = values.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (values[middle] < value) low = middle + 1
    else high = middle
  }
  return low
}

/** How many of the segments may be seen: all that were sent by `horizon`, but of those sent at `limit` only what was lost at once. */
export function countShown(segments: readonly SegmentRecord[], horizon: number, limit: number): number {
  let low = 0
  let high = segments.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (segments[middle].sentAt <= horizon) low = middle + 1
    else high = middle
  }
  while (low > 0 && segments[low - 1].sentAt >= limit - SAME_INSTANT) {
    const { lost } = segments[low - 1]
    if (lost !== null && lost.at <= limit) break
    low--
  }
  return low
}

function collectEnds(segments: readonly SegmentRecord[], count: number, options: AxisOptions): End[] {
  const ends: End[] = []
  for (let number = 0; number < count; number++) {
    const { way, sentAt, arrivedAt } = segments[number]
    const atOnce = arrivedAt === sentAt
    ends.push({ time: sentAt, segment: number, start: true, side: way === 'A→B' ? 0 : 1, atOnce })
  }
  // Both halves are in order but for a few: sorting takes a step or two for each then.
  for (let number = 0; number < count; number++) {
    const segment = segments[number]
    if (segment.arrivedAt === segment.sentAt) continue
    const time = endTime(segment, options.flightOf(segment))
    ends.push({ time, segment: number, start: false, side: segment.way === 'A→B' ? 1 : 0, atOnce: false })
  }
  // What arrives at an instant comes before what is sent at it: it is mostly the cause.
  return ends.sort((a, b) => a.time - b.time || Number(a.start) - Number(b.start) || a.segment - b.segment)
}

/** Both rows rise. Beyond the last point it goes on with `slope`, but not farther than `most`. */
function interpolate(
  from: readonly number[],
  to: readonly number[],
  value: number,
  slope: number,
  most: number,
): number {
  let low = 0
  let high = from.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (from[middle] <= value) low = middle + 1
    else high = middle
  }
  if (low === 0) return to[0]
  const index = low - 1
  const beyond = value - from[index]
  if (low === from.length) return to[index] + Math.min(beyond * slope, most)
  return to[index] + (beyond / (from[low] - from[index])) * (to[low] - to[index])
}
