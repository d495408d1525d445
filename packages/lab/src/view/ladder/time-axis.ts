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

interface End {
  readonly time: number
  readonly segment: number
  readonly start: boolean
  /** 0 is the left side. */
  readonly side: number
}

/** When it arrived, was lost, or may be thought to arrive. */
export function endTime(segment: SegmentRecord, flight: number): number {
  if (segment.arrivedAt !== null) return segment.arrivedAt
  // Drawn as if it had gone on, and broken off on the way.
  return segment.sentAt + flight
}

export function layOut(segments: readonly SegmentRecord[], options: AxisOptions): LadderLayout {
  const count = countShown(segments, options.horizon, options.limit)
  const ends = collectEnds(segments, count, options)
  const times: number[] = [0]
  const ys: number[] = [0]
  const folds: { y: number; from: number; to: number }[] = []
  const startY = new Float64Array(count)
  const endY = new Float64Array(count)
  const lastOfSide = [Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY]
  let onTheWay = 0
  let y = 0
  let time = 0
  for (let at = 0; at < ends.length; ) {
    const instant = ends[at].time
    let length = (instant - time) * options.scale
    if (!options.even && onTheWay === 0 && length > FOLD_ABOVE) {
      folds.push({ y: y + FOLDED / 2, from: time, to: instant })
      length = FOLDED
    }
    let base = y + length
    let next = at
    const used = [0, 0]
    while (next < ends.length && ends[next].time - instant < SAME_INSTANT) used[ends[next++].side]++
    if (!options.even) {
      for (const side of [0, 1]) if (used[side] > 0) base = Math.max(base, lastOfSide[side] + options.gap)
    }
    times.push(instant)
    ys.push(base)
    const placed = [0, 0]
    for (; at < next; at++) {
      const end = ends[at]
      const own = options.even ? base : base + placed[end.side]++ * options.gap
      lastOfSide[end.side] = own
      if (end.start) startY[end.segment] = own
      else endY[end.segment] = own
      onTheWay += end.start ? 1 : -1
      y = Math.max(y, own)
    }
    y = Math.max(y, base)
    if (y > base) {
      times.push(instant)
      ys.push(y)
    }
    time = instant
  }
  return {
    startY,
    endY,
    count,
    height: y,
    folds,
    firstYOf: (moment) => {
      const at = firstNotBefore(times, moment - SAME_INSTANT)
      if (at < times.length && times[at] - moment < SAME_INSTANT) return ys[at]
      return interpolate(times, ys, moment, options.scale, FOLDED)
    },
    yOf: (moment) =>
      interpolate(times, ys, moment, options.scale, options.even ? Number.POSITIVE_INFINITY : FOLDED),
    timeOf: (place) => interpolate(ys, times, place, 1 / options.scale, Number.POSITIVE_INFINITY),
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
    const { way, sentAt } = segments[number]
    ends.push({ time: sentAt, segment: number, start: true, side: way === 'A→B' ? 0 : 1 })
  }
  // Both halves are in order but for a few: sorting takes a step or two for each then.
  for (let number = 0; number < count; number++) {
    const segment = segments[number]
    const time = endTime(segment, options.flightOf(segment))
    ends.push({ time, segment: number, start: false, side: segment.way === 'A→B' ? 1 : 0 })
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
